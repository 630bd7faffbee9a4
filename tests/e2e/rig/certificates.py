# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The rig's certificate authority: one key pair per component, all signed by one CA."""

import datetime as dt
import ipaddress
import warnings
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from e2e.rig import places

LIFETIME = dt.timedelta(days=30)
Key = ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as PEM files."""

    cert: Path
    key: Path


def authority(folder: Path, *, name: str = "modelplane-rig") -> Pair:
    """Return the CA of a folder, made on the first call."""
    pair = Pair(folder / "ca.crt", folder / "ca.key")
    if pair.cert.exists():
        return pair
    folder.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(name, ())
    builder = _builder(subject, subject, key.public_key())
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    _write_key(pair.key, key)
    places.write(pair.cert, _pem(builder.sign(key, hashes.SHA256())))
    return pair


def issue(ca: Pair, stem: Path, name: str, *, groups: tuple[str, ...] = (), hosts: tuple[str, ...] = ()) -> Pair:
    """Return a key pair for a component, for both ends of a connection, made on the first call."""
    pair = Pair(stem.with_suffix(".crt"), stem.with_suffix(".key"))
    if pair.cert.exists():
        return pair
    stem.parent.mkdir(parents=True, exist_ok=True)
    issuer = _subject(ca)
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(_name(name, groups), issuer, key.public_key())
    usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    if hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName([_host(h) for h in hosts]), critical=False)
    signer = serialization.load_pem_private_key(ca.key.read_bytes(), password=None)
    if not isinstance(signer, Key | rsa.RSAPrivateKey):
        raise TypeError(f"{ca.key} holds no EC or RSA key")
    _write_key(pair.key, key)
    places.write(pair.cert, _pem(builder.sign(signer, hashes.SHA256())))
    return pair


def _subject(ca: Pair) -> x509.Name:
    """Return whom a CA says it is; Crossplane's says a country that is none, which is no concern of ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return x509.load_pem_x509_certificate(ca.cert.read_bytes()).subject


def _name(common: str, groups: tuple[str, ...]) -> x509.Name:
    rows = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    return x509.Name([*rows, x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + LIFETIME)
    )


def _host(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _pem(cert: x509.Certificate) -> bytes:
    return cert.public_bytes(serialization.Encoding.PEM)


def _write_key(path: Path, key: Key) -> None:
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    places.write(path, pem, mode=0o600)
