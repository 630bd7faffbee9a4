# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Selectors in DRA's dialect: what they say of a device, and what is wrong with those that say nothing."""

import itertools

import pytest
from compose_model_deployment import cel, quantities, versions
from modelplane.pools import Device

GPU = 'device.attributes["gpu.nvidia.com"]'
MEMORY = 'device.capacity["gpu.nvidia.com"].memory'
H100 = Device(
    name="gpu",
    claim="DRA",
    driver="gpu.nvidia.com",
    device_class="gpu.nvidia.com",
    extended_resource="",
    count=8,
    attributes={"architecture": "Hopper", "generation": 4, "mig": False, "ecc": True, "dra.example.com/rack": "r1"},
    versions={"driverVersion": "570.86.07", "cudaComputeCapability": "9.0.0", "odd": "not a version"},
    capacity={"memory": "80Gi", "odd": "80 GB"},
)


@pytest.mark.parametrize(
    "source",
    [
        pytest.param('device.driver == "gpu.nvidia.com"', id="driver"),
        pytest.param(f'{GPU}.architecture == "Hopper"', id="string attribute"),
        pytest.param(f"{GPU}.generation >= 4 && {GPU}.generation % 2 == 0", id="int attribute is an int"),
        pytest.param(f"{GPU}.ecc", id="bool attribute alone"),
        pytest.param(f"!{GPU}.mig", id="false attribute"),
        pytest.param('device.attributes["dra.example.com"].rack == "r1"', id="an attribute of a domain of its own"),
        pytest.param(f'{GPU}["architecture"] == "Hopper"', id="index instead of field"),
        pytest.param(f'{GPU}.driverVersion.isGreaterThan(semver("570.9.0"))', id="versions are no strings"),
        pytest.param(f'{GPU}.driverVersion == semver("570.86.7")', id="a driver's leading zero is no other version"),
        pytest.param(f'{GPU}.cudaComputeCapability.compareTo(semver("9.0.0")) == 0', id="compareTo versions"),
        pytest.param(f'{GPU}.driverVersion.isLessThan(semver("v571", true))', id="normalised version"),
        pytest.param(f'semver("1.2.3-rc.2").isLessThan(semver("1.2.3-rc.10")) && {GPU}.ecc', id="pre-releases"),
        pytest.param('semver("1.2.3").major() + semver("1.2.3").minor() + semver("1.2.3").patch() == 6', id="parts"),
        pytest.param(f'{MEMORY}.compareTo(quantity("80Gi")) == 0', id="compareTo quantities"),
        pytest.param(f'{MEMORY}.isGreaterThan(quantity("80G"))', id="binary is more than decimal"),
        pytest.param(f'{MEMORY} == quantity("81920Mi")', id="equal quantities, written otherwise"),
        pytest.param(f'{MEMORY}.sub(quantity("40Gi")).add(1).asInteger() == 42949672961', id="sums"),
        pytest.param('quantity("1500m").asApproximateFloat() == 1.5 && !quantity("1500m").isInteger()', id="fractions"),
        pytest.param('quantity("-1").sign() == -1 && quantity("0").sign() == 0', id="sign"),
        pytest.param('isQuantity("80Gi") && !isQuantity("80 GB")', id="isQuantity"),
        pytest.param('isSemver("1.2.3") && !isSemver("1.2") && isSemver("v1.2", true)', id="isSemver"),
        pytest.param(f"has({GPU}.ecc) && !has({GPU}.nothing)", id="has"),
        pytest.param('!has(device.attributes["nobody.example.com"].x)', id="an unknown domain has no entries"),
        pytest.param('"gpu.nvidia.com" in device.attributes && !("x" in device.attributes)', id="membership"),
        pytest.param(f'{GPU}.architecture.lowerAscii() == "hopper"', id="strings extension"),
        pytest.param(f"cel.bind(gpu, {GPU}, gpu.ecc && gpu.generation == 4)", id="bindings extension"),
        pytest.param(f'{GPU}.?nothing.orValue("x") == "x"', id="optionals"),
        pytest.param('device.driver in ["gpu.nvidia.com", "gpu.amd.com"]', id="list"),
        pytest.param('device.driver.matches("^gpu[.]")', id="regular expression"),
        pytest.param(f"{GPU}.nothing == 1 || true", id="an error that does not matter"),
    ],
)
def test_holds(source: str) -> None:
    """A selector that is true of a device matches it."""
    assert cel.program(source).error == ""
    assert cel.holds(source, H100)


@pytest.mark.parametrize(
    "source",
    [
        pytest.param('device.driver == "gpu.amd.com"', id="false"),
        pytest.param(f"{GPU}.nothing == 1", id="an attribute that is not there"),
        pytest.param('device.attributes["nobody.example.com"].x == 1', id="a domain that is not there"),
        pytest.param(f'{GPU}.architecture.isGreaterThan(semver("1.0.0"))', id="a string as a version"),
        pytest.param(f'{GPU}.driverVersion.isGreaterThan(quantity("1"))', id="a version against a quantity"),
        pytest.param(f"{GPU}.generation", id="not a boolean"),
        pytest.param(f'{GPU}.odd.isGreaterThan(semver("0.0.1"))', id="a version that is none"),
        pytest.param('device.capacity["gpu.nvidia.com"].odd.sign() == 1', id="a quantity that is none"),
        pytest.param("quantity(device.driver).sign() == 1", id="a quantity of something else"),
        pytest.param(f"{GPU}.generation / 0 == 1", id="division by zero"),
        pytest.param('device.driver.matches("[")', id="a bad regular expression"),
        pytest.param("[1, 2, 3].all(a, [1, 2, 3].all(b, a / (b - b) == 1))", id="an error deep inside"),
        pytest.param('quantity("0.5").asInteger() == 0', id="no whole number"),
    ],
)
def test_an_evaluation_error_is_no_match(source: str) -> None:
    """A selector that compiles and cannot be decided of a device matches nothing, and raises nothing."""
    assert cel.program(source).error == ""
    assert not cel.holds(source, H100)


def test_a_selector_has_a_budget() -> None:
    """An expression that would run for hours ends at once, without a match."""
    source = "true"
    for variable in "abcdefgh":
        source = f"[1, 2, 3, 4, 5, 6, 7, 8, 9, 10].all({variable}, {source})"
    assert not cel.holds(source, H100)


@pytest.mark.parametrize(
    ("source", "error"),
    [
        pytest.param("device.drvier == 'x'", "undefined field 'drvier'", id="misspelt field"),
        pytest.param("devize.driver == 'x'", "undeclared reference to 'devize", id="misspelt variable"),
        pytest.param("device.driver == 5", "no matching overload for '_==_'", id="type error"),
        pytest.param(f'{MEMORY} >= "80Gi"', "no matching overload for '_>=_'", id="a quantity against a string"),
        pytest.param(f'{MEMORY}.isGreaterThan(semver("1.0.0"))', "no matching overload", id="against a version"),
        pytest.param(f"{MEMORY}.isBigger(quantity('1'))", "undeclared reference to 'isBigger'", id="no such function"),
        pytest.param("device.driver ==", "Syntax error", id="syntax"),
        pytest.param("device.driver", "it must be true or false of a device", id="not a condition"),
        pytest.param("1 + 1", "it must be true or false of a device", id="a number"),
        pytest.param(f'{MEMORY}.isGreaterThan(quantity("80 GB"))', "'80 GB' is no quantity", id="bad quantity"),
        pytest.param(
            f"{GPU}.cudaComputeCapability.isLessThan(semver('9'))", "'9' is no semantic version", id="bad version"
        ),
        pytest.param(f"device.{'x' * 9000}", "undefined field 'xxx", id="a long one"),
        pytest.param("(" * 200 + "true" + ")" * 200, "", id="too deep"),
    ],
)
def test_a_bad_selector_says_why(source: str, error: str) -> None:
    """A selector that does not compile, or whose types do not fit, has one line that says what is wrong."""
    found = cel.program(source).error
    assert found
    assert error in found
    assert "\n" not in found
    assert len(found) < 400
    assert not cel.holds(source, H100)


@pytest.mark.parametrize(
    ("text", "billionths"),
    [
        pytest.param("80Gi", 80 * 2**30 * 10**9, id="binary"),
        pytest.param("1.5Ki", 1536 * 10**9, id="binary fraction"),
        pytest.param("500m", 5 * 10**8, id="milli"),
        pytest.param("1e3", 10**12, id="exponent"),
        pytest.param("1E", 10**27, id="exa is no exponent"),
        pytest.param("1E-2", 10**7, id="negative exponent"),
        pytest.param(".5", 5 * 10**8, id="no whole part"),
        pytest.param("5.", 5 * 10**9, id="no fraction"),
        pytest.param("-2k", -2000 * 10**9, id="negative"),
        pytest.param("0.1n", 1, id="rounded away from zero"),
        pytest.param("1e-999999999", 1, id="tiny"),
        pytest.param("1e999999999", quantities.LARGEST, id="huge"),
        pytest.param("100E", quantities.LARGEST, id="capped"),
        pytest.param("0e999999999", 0, id="zero"),
    ],
)
def test_a_quantity_is_exact(text: str, billionths: int) -> None:
    """Quantities are read as Kubernetes reads them, in bounded time."""
    assert quantities.billionths(text) == billionths


@pytest.mark.parametrize("text", ["", "Gi", "80 GB", "80gi", "1.2.3", "--1", "1e", "0x10", "1" * 65, "٣", "1\n"])
def test_no_quantity(text: str) -> None:
    """What Kubernetes refuses is refused, naming what was given."""
    with pytest.raises(ValueError, match="is no quantity"):
        quantities.billionths(text)


def test_versions_are_ordered_as_semver_says() -> None:
    """The order of semver.org's own example, and build metadata decides nothing."""
    ordered = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11"]
    ordered += ["1.0.0-rc.1", "1.0.0", "1.0.1", "1.10.0", "2.0.0"]
    orders = [versions.parse(text).order for text in ordered]
    assert all(less < more for less, more in itertools.pairwise(orders))
    assert versions.parse("1.0.0+a") == versions.parse("1.0.0+b")


@pytest.mark.parametrize(
    "text", ["", "1", "1.2", "v1.2.3", "01.2.3", "1.2.3-", "1.2.3-01", "1.2.3-a..b", "1.2.99999999999999999999"]
)
def test_no_version(text: str) -> None:
    """What semver.org refuses is refused."""
    with pytest.raises(ValueError, match="version"):
        versions.parse(text)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        pytest.param("580.82.07", (580, 82, 7), id="a leading zero"),
        pytest.param("v12", (12, 0, 0), id="a leading v, one number"),
        pytest.param("1.2", (1, 2, 0), id="two numbers"),
    ],
)
def test_a_loose_version_is_normalized(text: str, version: tuple[int, int, int]) -> None:
    """Drivers publish versions that are not quite semantic ones."""
    found = versions.normalized(text)
    assert (found.major, found.minor, found.patch) == version
