# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What users and bad luck do to a tenant's own cache and deployment ends in the right state, with nothing lost."""

import contextlib
import os
import signal
from pathlib import Path

import pytest
from e2e.rig import cgroups, hub, kube, storage
from e2e.rig.kube import ApiError
from e2e.scenes import Tenant, condition, entry, phase
from modelplane.backends.base import cache_pvc_name


@pytest.mark.minutes(7)
def test_a_killed_hydration_goes_on(tenant: Tenant) -> None:
    """The hydrator killed in mid file: the Job's next pod goes on with what is there, and the cache turns Ready."""
    tenant.cache(repo="rig/slow")
    tenant.hydrating()
    (killed,) = [pid for pid in cgroups.members() if _hydrates(pid, tenant.volume())]
    os.kill(killed, signal.SIGKILL)
    found = tenant.ready("ModelCache", "model")
    assert tenant.trees() == [entry(found)["tree"]]


@pytest.mark.minutes(3)
def test_a_missing_token_then_there(tenant: Tenant) -> None:
    """Without the token's Secret the volume is made and the Job waits; with it the cache stages, and no copy stays."""
    tenant.private_cache("rig/private")
    missing = tenant.says("ModelCache", "model", "ArtifactReady", "AuthSecretMissing")
    assert "hub" in missing["message"]
    assert "token" in missing["message"]
    kube.eventually("the claim is made all the same", lambda: tenant.remote("v1", "PersistentVolumeClaim"))
    assert not tenant.objects("Job")
    secret = tenant.give_token()
    tenant.ready("ModelCache", "model")
    kube.eventually("the token's copy is gone", lambda: not tenant.remote("v1", "Secret"))
    tenant.control.api.delete(secret)


@pytest.mark.minutes(2)
def test_a_wrong_revision_then_fixed(tenant: Tenant) -> None:
    """A revision that does not exist is Failed with its reason; a right one stages at once, in a new Job."""
    tenant.cache(revision="no-such-branch")
    failed = tenant.until("ModelCache", "model", lambda row: phase(row) == "Failed")
    assert entry(failed)["reason"] == "RevisionNotFound"
    tenant.says("ModelCache", "model", "ArtifactReady", "Failed")
    tenant.cache(revision="main")
    tenant.ready("ModelCache", "model")


@pytest.mark.minutes(8)
def test_a_changed_revision_serves_the_old_until_the_new_is_there(tenant: Tenant) -> None:
    """A revision changed after Ready: the old commit answers until the new tree is verified, then the new one."""
    old, new = hub.commits("rig/moving")
    tenant.cache(repo="rig/moving", revision=old)
    tenant.deployment()
    tenant.ready("ModelDeployment", "serve")
    tenant.cache(repo="rig/moving", revision=new)
    tenant.until("ModelCache", "model", lambda row: phase(row) == "Hydrating")
    tenant.hydrating()
    assert old in str(tenant.ask())
    tenant.ready("ModelCache", "model")
    kube.eventually("the new commit answers", lambda: new in str(tenant.ask()))
    tenant.ready("ModelDeployment", "serve")


@pytest.mark.minutes(4)
def test_a_cluster_removed_from_the_selector(tenant: Tenant) -> None:
    """A narrowed selector removes the cache from a cluster, but only once no replica uses it there."""
    tenant.cache()
    tenant.deployment()
    tenant.ready("ModelDeployment", "serve")
    claim = tenant.claim()
    tenant.cache(selector={"rig": "nowhere"})
    tenant.says("ModelCache", "model", "ClustersMatched", "NoClusters")
    assert tenant.claim() == claim
    assert "rig/tiny" in str(tenant.ask())
    tenant.delete("ModelDeployment", "serve")
    gone = "the claim is released once nothing uses it"
    kube.eventually(gone, lambda: not tenant.remote("v1", "PersistentVolumeClaim"))


@pytest.mark.minutes(2)
def test_a_cache_in_use_is_not_deleted(tenant: Tenant) -> None:
    """Crossplane's usage webhook refuses to delete a cache that a replica uses, and says who uses it."""
    tenant.cache()
    tenant.deployment()
    tenant.ready("ModelCache", "model")
    tenant.replica()
    assert tenant.replica() in tenant.refusal("ModelCache", "model")
    assert "deletionTimestamp" not in tenant.get("ModelCache", "model")["metadata"]


@pytest.mark.minutes(4)
def test_a_replica_scaled_down_while_the_cache_is_guarded(tenant: Tenant) -> None:
    """Scaling down removes one replica and its guard; the cache stays Ready and guarded by the other."""
    tenant.cache()
    tenant.deployment(replicas=2)
    tenant.ready("ModelDeployment", "serve")
    tenant.control.kubectl("scale", "modeldeployment", "serve", "-n", tenant.namespace, "--replicas=1")
    kube.eventually("one replica is left", lambda: len(tenant.ours("ModelReplica")) == 1)
    tenant.ready("ModelDeployment", "serve")
    assert tenant.replica() in tenant.refusal("ModelCache", "model")
    assert condition(tenant.get("ModelCache", "model"), "Ready")["status"] == "True"


def test_a_cache_deleted_in_mid_hydration(tenant: Tenant) -> None:
    """Job, pod, claim and token all go when a cache is deleted while it stages."""
    tenant.give_token()
    tenant.private_cache("rig/slow")
    tenant.hydrating()
    assert len(tenant.remote("v1", "Secret")) == 1
    tenant.clear()


@pytest.mark.minutes(4)
@pytest.mark.parametrize("propagation", ["Background", "Foreground"])
def test_both_deleted_together(tenant: Tenant, propagation: str) -> None:
    """The deployment and its cache deleted at once: no finalizer is stuck, and the retained volume keeps the model."""
    tenant.cache()
    tenant.deployment()
    tenant.ready("ModelDeployment", "serve")
    volume, trees = tenant.volume(), tenant.trees()
    tenant.delete("ModelDeployment", "serve", propagation=propagation)
    with contextlib.suppress(ApiError):  # no answer while Crossplane's webhook is away: it goes on the next try
        tenant.try_delete("ModelCache", "model", propagation=propagation)
    tenant.clear()
    assert [path.name for path in sorted((volume / "trees").iterdir())] == trees


@pytest.mark.minutes(3)
def test_a_volume_that_nobody_may_write(tenant: Tenant) -> None:
    """A volume that belongs to root alone is Failed with the reason, and nothing is published."""
    with storage.unwritable(tenant.workload, tenant.namespace, cache_pvc_name(tenant.namespace, "model")):
        tenant.cache()
        found = tenant.until("ModelCache", "model", lambda row: phase(row) == "Failed")
        assert entry(found)["reason"] == "VolumeNotWritable"
        tenant.clear()


def _hydrates(pid: int, volume: Path) -> bool:
    """Return whether a process is the hydrator that writes to a volume."""
    process = Path(f"/proc/{pid}")
    try:
        mounts = (process / "mountinfo").read_text()
        return str(volume) in mounts and b"modelplane_hydrator" in (process / "cmdline").read_bytes()
    except OSError:  # it ended meanwhile
        return False
