"""What is done to the cluster, and how it is given back. What an operator does to itself: `dying`."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from tests.cluster.killing.cases import Fault
from tests.cluster.killing.stage import PASSWORD, USER, Stage
from tests.cluster.mainjob.site import eventually
from tests.cluster.registries import htpasswd

AWAY_SECONDS = {Fault.RIGHTS: 60, Fault.API: 150 if os.environ.get("KILLS") else 60}
"""A minute is as long as an operator's Lease; the table that is asked for by name takes the API for longer."""
_FORCED = ("--grace-period=0", "--force", "--wait=false")


def strike(fault: Fault, stage: Stage, run: str) -> None:
    site = stage.site
    match fault:
        case Fault.POD:
            site.kubectl("delete", "pod", "-l", "app=registry", *_FORCED)
        case Fault.RUN:
            site.kubectl("delete", "rcr", run, "--wait=false")
        case Fault.POLICY:
            site.kubectl("delete", "rcp", "nightly", "--wait=false")
        case Fault.GITOPS:
            eventually(lambda: _replaced(stage), 10)
        case Fault.RIGHTS:
            site.kubectl("delete", "rolebinding", "--all")
        case Fault.PASSWORD:
            _set_password(stage, "another")
        case Fault.NAMESPACE:
            site.cluster.delete_namespaces(stage.namespace)
        case Fault.API:
            site.cluster.stop("apiserver")


def give_back(stage: Stage) -> None:
    """Whatever of it was taken."""
    if stage.who is not None:
        bindings = [role for role in stage.who.roles if role["kind"] == "RoleBinding"]
        listing = {"apiVersion": "v1", "kind": "List", "items": bindings}
        stage.site.kubectl("apply", "-f", "-", stdin=json.dumps(listing))
    elif stage.registry:
        _set_password(stage, PASSWORD)
        stage.site.kubectl("rollout", "restart", stage.site.registry.workload)
        stage.site.kubectl("rollout", "status", stage.site.registry.workload, "--timeout=90s")
    else:
        stage.site.cluster.start("apiserver")


def _replaced(stage: Stage) -> bool:
    """False where somebody else's write came between."""
    try:
        stage.site.kubectl("replace", "-f", "-", stdin=json.dumps(stage.manifest))
    except subprocess.CalledProcessError as error:
        if "Conflict" not in error.stderr:
            raise
        return False
    return True


def frozen(process: subprocess.Popen[bytes]) -> bool:
    """Stopped by SIGSTOP; of its /proc/PID/stat the third word, behind a name that may hold anything."""
    assert process.poll() is None, f"the operator ended with {process.returncode}"
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def _set_password(stage: Stage, password: str) -> None:
    """The registry's. Its pods know it once they start anew, and others a minute or so later."""
    data = {"data": {"htpasswd": htpasswd(USER, password)}}
    stage.site.kubectl("patch", "secret", stage.site.registry.options.name, "-p", json.dumps(data))
