# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The short form of the fuzz test, over real gRPC; `run.py` has the long one."""

from collections.abc import Iterator

import builders
import builders_fuzz
import builders_healthy
import builders_judge as judge
import builders_servers as servers
import builders_worlds as worlds
import laws
import pytest
from builders_servers import Server
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from modelplane.paths import Manifest

COUNT = 400
MIB = 1 << 20


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Serve every function in one process."""
    with servers.serving(servers.ALL_FUNCTIONS) as found:
        yield found


def test_fuzzed_requests_are_answered_by_the_contract(server: Server) -> None:
    """No request crashes or hangs the server, deletes what nobody released, or claims what is not so."""
    states = [*worlds.states(1), *worlds.states(2, 3)]
    assert judge.fuzzed(server, builders_fuzz.cases(states, count=COUNT, seed=7)) == COUNT
    assert judge.mangled(server, builders_fuzz.mangled(states, count=20, seed=7)) == 20
    judge.healthy(server, states)


def test_a_function_serves_alone() -> None:
    """`python -m compose_model_cache` answers as the server of all functions does."""
    states = [state for state in worlds.states(1) if state.function == "compose-model-cache"]
    with servers.serving(servers.one_function("compose-model-cache")) as alone:
        judge.healthy(alone, states)


def test_a_request_of_30_mib_is_served(server: Server) -> None:
    """A fleet with its managed fields is larger than gRPC's default of 4 MiB."""
    fleet = worlds.fleet(300)
    for cluster in fleet:
        cluster["metadata"]["annotations"] = {"padding": "x" * 110_000}
    state = next(state for state in worlds.states(1) if state.function == "compose-model-cache")
    fresh = fnv1.RunFunctionRequest(observed=fnv1.State(composite=state.req.observed.composite))
    req = builders_healthy.resolved(state.compose, fresh, [*fleet, builders.secret()])
    assert req.ByteSize() > 30 * MIB
    rsp = server.call(req)
    assert not list(laws.breaches(req, rsp))
    assert len(rsp.desired.resources) >= 300
    assert rsp.ByteSize() < 4 * MIB


@pytest.mark.parametrize(
    ("xr", "line"),
    [
        pytest.param({}, "kind", id="nothing at all"),
        pytest.param({**builders.cache(), "spec": {}}, "spec.source", id="an empty spec"),
        pytest.param({**builders.cache(), "spec": "x"}, "spec", id="a spec of another type"),
        pytest.param(
            builders.cache(source={"sizeGiB": "10Gi"}), "spec.huggingFace.sizeGiB", id="a size that is no number"
        ),
        pytest.param({**builders.replica(), "spec": {"clusterName": "a"}}, "spec", id="a replica of neither shape"),
        pytest.param({**builders.replica(), "metadata": {}}, "metadata.name", id="no name"),
        pytest.param({**builders.deployment(), "spec": {"replicas": 1}}, "spec", id="a deployment of neither shape"),
        pytest.param({**builders.deployment(), "kind": "ModelDreams"}, "ModelCache", id="a kind that nobody serves"),
    ],
)
def test_a_malformed_xr_gets_one_clear_line(server: Server, xr: Manifest, line: str) -> None:
    """What an API server would have refused is a Fatal result that names the field."""
    req = builders.request(xr)
    rsp = server.call(req)
    assert line in laws.fatal(rsp)
    assert laws.fatal(rsp).startswith("cannot")
    assert not list(laws.breaches(req, rsp))
