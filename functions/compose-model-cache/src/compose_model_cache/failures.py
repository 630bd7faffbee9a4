# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Every reason that the hydrator ends with, its exit code, and what a person does about it."""

from dataclasses import dataclass

from modelplane import labels

AGAIN = f"then set the annotation {labels.RETRY} to a new value"


@dataclass(frozen=True, slots=True)
class Failure:
    """A way that a hydration ends."""

    code: int
    reason: str
    remedy: str


PERMANENT = (
    Failure(2, "InvalidArguments", "this is a bug of Modelplane: report it with the Job's log"),
    Failure(10, "GatedRepo", f"accept the repository's terms on the Hub with the account of the token, {AGAIN}"),
    Failure(
        11, "Unauthorized", "put a token that may read the repository into the Secret of spec.huggingFace.authSecret"
    ),
    Failure(12, "RepoNotFound", "correct spec.huggingFace.repo, or give authSecret a token that may see it"),
    Failure(
        13,
        "RevisionNotFound",
        f"correct spec.huggingFace.revision, or set the annotation {labels.REFRESH} where its commit was deleted",
    ),
    Failure(14, "NoFilesSelected", "correct spec.huggingFace.include and exclude: they leave no file"),
    Failure(15, "UnsafePath", "the repository names a file outside of its folder: exclude it, or do not trust it"),
    Failure(16, "DiskFull", f"raise spec.huggingFace.sizeGiB, {AGAIN}"),
    Failure(17, "VolumeNotWritable", f"let the StorageClass give gid 1000 the right to write to the volume, {AGAIN}"),
    Failure(18, "Offline", f"unset HF_HUB_OFFLINE in the hydrator's image, {AGAIN}"),
    Failure(19, "SourceUntrusted", f"use an endpoint whose certificate the hydrator's image trusts, {AGAIN}"),
)
"""A Job that ends so fails at once: trying again changes nothing."""

TRANSIENT = (
    Failure(1, "InternalError", f"report it with the Job's log, {AGAIN}"),
    Failure(30, "RateLimited", f"give spec.huggingFace.authSecret a token of your own, or wait, {AGAIN}"),
    Failure(31, "SourceUnavailable", f"check that the cluster reaches spec.huggingFace.endpoint, {AGAIN}"),
    Failure(32, "ChecksumMismatch", f"check the mirror, it sends wrong bytes, {AGAIN}"),
    Failure(33, "Stalled", f"check the cluster's way to the source, {AGAIN}"),
    Failure(34, "VolumeBusy", f"find the other Job that writes to this volume, {AGAIN}"),
    Failure(35, "VolumeFault", f"check the cluster's storage backend, {AGAIN}"),
    Failure(36, "ReportRejected", f"let the Job's pod reach its API server, {AGAIN}"),
    Failure(37, "Interrupted", f"find what keeps stopping the Job's pods, {AGAIN}"),
)
"""A Job that ends so tries again, for about 12 hours."""

BY_CODE = {failure.code: failure for failure in PERMANENT + TRANSIENT}
BY_REASON = {failure.reason: failure for failure in PERMANENT + TRANSIENT}
