# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Every way that a hydration ends badly: one class, one reason, one exit code each.

HydrateError
├── PermanentError: trying again changes nothing, a person must act
│   ├── InvalidArgumentsError, NoFilesSelectedError, OfflineError
│   ├── GatedRepoError, UnauthorizedError, RepoNotFoundError, RevisionNotFoundError
│   ├── UnsafePathError, SourceUntrustedError
│   └── DiskFullError, VolumeNotWritableError
└── TransientError: the same command may succeed later
    ├── InternalError, InterruptedRunError, ReportRejectedError
    ├── RateLimitedError, SourceUnavailableError, ChecksumMismatchError, StalledError
    └── VolumeBusyError, VolumeFaultError
"""

from __future__ import annotations

from typing import ClassVar


class HydrateError(Exception):
    """A hydration that ended without what it was asked for; the message says what to do."""

    reason: ClassVar[str] = ""
    exit_code: ClassVar[int] = 0
    permanent: ClassVar[bool] = False


class PermanentError(HydrateError):
    """Trying again changes nothing: a person must act first."""

    permanent = True


class TransientError(HydrateError):
    """The same command may succeed later, and goes on where this one stopped."""


class InternalError(TransientError):
    """The hydrator itself is at fault."""

    reason, exit_code = "InternalError", 1


class InvalidArgumentsError(PermanentError):
    """The flags or the environment contradict themselves."""

    reason, exit_code = "InvalidArguments", 2


class GatedRepoError(PermanentError):
    """The repository asks its readers to accept terms, and this token's owner has not."""

    reason, exit_code = "GatedRepo", 10


class UnauthorizedError(PermanentError):
    """The source refuses the token, or refuses to answer without one."""

    reason, exit_code = "Unauthorized", 11


class RepoNotFoundError(PermanentError):
    """The repository does not exist, or is private and hidden from this token."""

    reason, exit_code = "RepoNotFound", 12


class RevisionNotFoundError(PermanentError):
    """The repository has no such branch, tag or commit."""

    reason, exit_code = "RevisionNotFound", 13


class NoFilesSelectedError(PermanentError):
    """Include and exclude leave no file of the commit."""

    reason, exit_code = "NoFilesSelected", 14


class UnsafePathError(PermanentError):
    """The source names a file that would leave the tree or hide our marker."""

    reason, exit_code = "UnsafePath", 15


class DiskFullError(PermanentError):
    """The volume has no room for the commit."""

    reason, exit_code = "DiskFull", 16


class VolumeNotWritableError(PermanentError):
    """The volume, or the directory, refuses our writes."""

    reason, exit_code = "VolumeNotWritable", 17


class OfflineError(PermanentError):
    """HF_HUB_OFFLINE forbids the network and the tree is not complete without it."""

    reason, exit_code = "Offline", 18


class SourceUntrustedError(PermanentError):
    """The source's certificate is signed by nobody that we trust."""

    reason, exit_code = "SourceUntrusted", 19


class RateLimitedError(TransientError):
    """The source asks for fewer requests for longer than this attempt may wait."""

    reason, exit_code = "RateLimited", 30


class SourceUnavailableError(TransientError):
    """The source does not answer, or answers with errors."""

    reason, exit_code = "SourceUnavailable", 31


class ChecksumMismatchError(TransientError):
    """The source keeps sending bytes that are not the commit's."""

    reason, exit_code = "ChecksumMismatch", 32


class StalledError(TransientError):
    """The source answers and then sends nothing, or next to nothing."""

    reason, exit_code = "Stalled", 33


class VolumeBusyError(TransientError):
    """Another Job holds this tree's lease, or has taken ours."""

    reason, exit_code = "VolumeBusy", 34


class VolumeFaultError(TransientError):
    """The volume answers with input/output errors."""

    reason, exit_code = "VolumeFault", 35


class ReportRejectedError(TransientError):
    """The tree is published and the Job's last progress report was not accepted."""

    reason, exit_code = "ReportRejected", 36


class InterruptedRunError(TransientError):
    """The process was told to stop."""

    reason, exit_code = "Interrupted", 37


REASONS: tuple[type[HydrateError], ...] = (
    InternalError,
    InvalidArgumentsError,
    GatedRepoError,
    UnauthorizedError,
    RepoNotFoundError,
    RevisionNotFoundError,
    NoFilesSelectedError,
    UnsafePathError,
    DiskFullError,
    VolumeNotWritableError,
    OfflineError,
    SourceUntrustedError,
    RateLimitedError,
    SourceUnavailableError,
    ChecksumMismatchError,
    StalledError,
    VolumeBusyError,
    VolumeFaultError,
    ReportRejectedError,
    InterruptedRunError,
)
EXIT_CODES: dict[str, int] = {kind.reason: kind.exit_code for kind in REASONS}
PERMANENT: frozenset[str] = frozenset(kind.reason for kind in REASONS if kind.permanent)
