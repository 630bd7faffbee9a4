# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

import builders
import pytest
from crossplane.function import logging
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from modelplane import runtime
from modelplane.composed import Composed
from modelplane.errors import InvalidSpec

LOCAL = "hf_secret_of_a_user"


def _raises(error: Exception) -> runtime.Compose:
    def compose(_req: fnv1.RunFunctionRequest) -> Composed:
        token = LOCAL  # noqa: F841  the log must not show it
        raise error

    return compose


@pytest.mark.parametrize(
    ("error", "want"),
    [
        pytest.param(InvalidSpec("cannot read spec.repo"), "cannot read spec.repo", id="our own error, as it is"),
        pytest.param(InvalidSpec("cannot read\n  a\nb"), "cannot read a b", id="several lines become one"),
        pytest.param(
            KeyError("x"), "cannot compose, this is a bug: KeyError: 'x'", id="a bug, named with its exception"
        ),
        pytest.param(ValueError(), "cannot compose, this is a bug: ValueError:", id="a bug without a message"),
        pytest.param(RecursionError("deep"), "cannot compose, this is a bug: RecursionError: deep", id="recursion"),
    ],
)
def test_any_error_becomes_one_fatal_line(error: Exception, want: str) -> None:
    """The server outlives every error, and says in one line what it was."""
    logging.configure(logging.Level.DISABLED)
    rsp = runtime.answer(_raises(error), builders.request(builders.cache()))
    assert [(r.severity, r.message) for r in rsp.results] == [(fnv1.SEVERITY_FATAL, want)]


def test_a_fatal_reply_changes_nothing() -> None:
    """What earlier steps desired, the tag and the context come back as they were, with an early next call."""
    req = builders.request(builders.cache())
    req.desired.resources["other"].resource["kind"] = "Other"
    req.context["key"] = "value"
    rsp = runtime.fatal(req, "cannot")
    assert (rsp.desired, rsp.meta.tag, rsp.context) == (req.desired, req.meta.tag, req.context)
    assert rsp.meta.ttl.seconds == 15


def test_a_fatal_line_is_bounded() -> None:
    """Kubernetes refuses events with longer messages."""
    rsp = runtime.fatal(builders.request(builders.cache()), "x" * 100_000)
    assert len(rsp.results[0].message) == 1024


@pytest.mark.parametrize("level", [logging.Level.INFO, logging.Level.DEBUG])
def test_the_log_of_a_bug_shows_no_local_variables(level: logging.Level, capsys: pytest.CaptureFixture[str]) -> None:
    """A traceback says where, never with which values: a token may be among them."""
    logging.configure(level)
    runtime.answer(_raises(KeyError("x")), builders.request(builders.cache()))
    logged = capsys.readouterr().out
    assert "test_runtime.py" in logged
    assert LOCAL not in logged
