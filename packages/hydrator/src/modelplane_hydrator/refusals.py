# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What a source's refusal means: status and error headers become one of our errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelplane_hydrator import errors

if TYPE_CHECKING:
    from modelplane_hydrator.flags import Options
    from modelplane_hydrator.http1 import Head

UNAUTHORIZED, FORBIDDEN, NOT_FOUND, TOO_MANY = 401, 403, 404, 429
FAILED = 400


def refusal(head: Head, asking: Options, *, listing: bool) -> errors.HydrateError:
    """Return the error for a status of 400 or more from the endpoint itself."""
    coded = by_code(head.headers.get("x-error-code", ""), asking)
    if coded is not None:
        return coded
    if head.status == UNAUTHORIZED and not asking.token:
        return missing(asking)
    if head.status in {UNAUTHORIZED, FORBIDDEN}:
        return unauthorized(head, asking)
    if head.status == NOT_FOUND and listing:
        return missing(asking)
    if head.status == TOO_MANY:
        return errors.RateLimitedError(f"cannot read {asking.repo}: the source limits our rate; run again later")
    return errors.SourceUnavailableError(
        f"cannot read {asking.repo}: the source answers {head.status}; run again later"
    )


def by_code(code: str, asking: Options) -> errors.HydrateError | None:
    """Return the error that the Hub's own code names."""
    if code == "GatedRepo":
        terms = f"{asking.endpoint}/{asking.repo}"
        remedy = "this token's owner must accept" if asking.token else "set HF_TOKEN to a token whose owner accepted"
        return errors.GatedRepoError(f"cannot read {asking.repo}: it is gated; {remedy} its terms on {terms}")
    if code == "RevisionNotFound":
        wanted = asking.commit or asking.revision
        return errors.RevisionNotFoundError(
            f"cannot find revision {wanted!r} of {asking.repo}: name a branch, tag or commit of it"
        )
    return missing(asking) if code == "RepoNotFound" else None


def missing(asking: Options) -> errors.HydrateError:
    """Return the error for a repository that does not show itself."""
    hint = "this token cannot see it" if asking.token else "it is private and HF_TOKEN is not set"
    return errors.RepoNotFoundError(f"cannot find {asking.repo} on {asking.endpoint}: it does not exist, or {hint}")


def unauthorized(head: Head, asking: Options) -> errors.HydrateError:
    """Return the error for a token that the source refuses, or for none."""
    if not asking.token:
        return errors.UnauthorizedError(
            f"cannot read {asking.repo}: the source answers {head.status} without a token; set HF_TOKEN"
        )
    return errors.UnauthorizedError(
        f"cannot read {asking.repo}: the source refuses HF_TOKEN ({head.status}); give a valid token that may read it"
    )
