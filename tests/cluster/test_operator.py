"""The operator from source, a process of this machine in the node's network: its Lease, its end, what it leaves."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.cluster.access import Cluster
from tests.cluster.mainjob.builds import COLLECT, KEEP_TWO, fill
from tests.cluster.mainjob.site import Site, condition, eventually, reason_of
from tests.cluster.outside import namespaces
from tests.cluster.registries import DeployRegistry

pytestmark = [pytest.mark.node, pytest.mark.timeout(400), pytest.mark.usefixtures("definitions")]

MARGIN_SECONDS = 60
"""A pod is given 120 s to end."""


class Operator:
    """One process. `port` is that of its pages."""

    def __init__(self, site: Site, log: Path) -> None:
        self.port = _free_port()
        command = [sys.executable, "-m", "regsweep", "operator", "--namespace", site.namespace]
        command += ["--lease-namespace", site.namespace, "--health-port", str(self.port), "--log-format", "json"]
        command += ["--kubeconfig", str(site.cluster.kubeconfig)]
        with log.open("wb") as file:
            self.process = subprocess.Popen(namespaces.network_command(command), stderr=file)
        self.log = log

    def page(self, name: str) -> tuple[int, str]:
        """Status and text, asked in the node's network."""
        script = (
            f"import requests; r = requests.get('http://127.0.0.1:{self.port}{name}'); print(r.status_code, r.text)"
        )
        said = subprocess.run(
            namespaces.network_command([sys.executable, "-c", script]), capture_output=True, text=True, check=False
        )
        status, _, text = said.stdout.strip().partition(" ")
        return int(status or 0), text

    def end(self) -> int:
        """SIGTERM, and the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(MARGIN_SECONDS)

    def lines(self) -> list[str]:
        return [json.loads(line)["message"] for line in self.log.read_text().splitlines()]


@pytest.fixture
def site(cluster: Cluster, namespace: str, registry: DeployRegistry) -> Site:
    return Site(cluster, namespace, registry("3", volume="claim"))


class Operators:
    """Starts operators; each is killed with the test that started it."""

    def __init__(self, site: Site, folder: Path, stack: ExitStack) -> None:
        self._site, self._folder, self._stack = site, folder, stack
        self._count = 0

    def start(self) -> Operator:
        self._count += 1
        return self._stack.enter_context(_running(self._site, self._folder / f"operator-{self._count}.log"))


@pytest.fixture
def operators(site: Site, tmp_path: Path) -> Iterator[Operators]:
    with ExitStack() as stack:
        yield Operators(site, tmp_path, stack)


def test_it_ends_in_a_window_and_goes_on_in_it(site: Site, operators: Operators) -> None:
    builds = fill(site)
    site.apply(**KEEP_TWO, mode="Delete", garbageCollection=COLLECT)
    first = operators.start()
    eventually(lambda: first.page("/readyz")[0] == 200, 30)
    name = site.run()
    eventually(lambda: _window(site, name) in {"DryRunning", "Collecting"}, 120)

    assert first.end() == 0
    assert site.get("rcr", name)["status"]["step"] == "Collecting"
    assert condition(site.get("rcr", name), "Running")[0] == "True"
    assert not any(site.writable())
    assert site.get("rcp", "nightly")["metadata"]["finalizers"] == ["regsweep.dev/maintenance"]
    assert site.get("lease", "regsweep-operator")["spec"]["holderIdentity"] == ""

    second = operators.start()
    assert reason_of(site.wait(name), "Complete") == "Collected"
    assert all(site.writable())
    assert f"run {site.namespace}/{name} goes on from Collecting" in second.lines()
    builds.pull_kept()
    eventually(lambda: "finalizers" not in site.get("rcp", "nightly")["metadata"], 10)


def test_a_second_one_waits_for_the_lease_and_takes_it(site: Site, operators: Operators) -> None:
    first = operators.start()
    eventually(lambda: first.page("/readyz")[0] == 200, 30)
    second = operators.start()
    eventually(lambda: second.page("/healthz")[0] == 200, 30)
    eventually(lambda: any("waiting for it" in line for line in second.lines()), 10)
    assert second.page("/readyz")[0] == 503
    assert first.end() == 0
    eventually(lambda: second.page("/readyz")[0] == 200, 20)


def test_a_deleted_run_is_cancelled_in_its_window_first(site: Site, operators: Operators) -> None:
    fill(site)
    site.apply(**KEEP_TWO, mode="Delete", garbageCollection=COLLECT)
    operators.start()
    name = site.run()
    eventually(lambda: _window(site, name) in {"Entering", "DryRunning", "Collecting"}, 120)
    site.kubectl("delete", "rcr", name, "--timeout=120s")
    assert all(site.writable())
    eventually(lambda: "finalizers" not in site.get("rcp", "nightly")["metadata"], 10)


@pytest.mark.alone
def test_a_kubernetes_api_that_goes_away_does_not_end_a_run(site: Site, operators: Operators) -> None:
    builds = fill(site)
    site.apply(**KEEP_TWO, mode="Delete", garbageCollection=COLLECT)
    operator = operators.start()
    name = site.run()
    eventually(lambda: _window(site, name) in {"Entering", "DryRunning", "Collecting"}, 120)
    site.cluster.stop("apiserver")
    try:
        time.sleep(15)
    finally:
        site.cluster.start("apiserver")
        site.cluster.kill("proxy")  # which would look for it again after a minute: what that does, `killing` tells
    assert operator.process.poll() is None
    eventually(lambda: _answers(site), 60)
    assert reason_of(site.wait(name), "Complete") == "Collected"
    assert all(site.writable())
    assert operator.page("/healthz")[0] == 200
    builds.pull_kept()


def test_nothing_is_written_to_an_idle_policy_but_its_status(site: Site, operators: Operators) -> None:
    operator = operators.start()
    site.apply(**KEEP_TWO)
    name = site.run()
    site.wait(name)
    eventually(lambda: site.get("rcp", "nightly")["status"].get("lastRun"), 10)
    policy = site.get("rcp", "nightly")
    assert policy["metadata"]["generation"] == 1
    assert "finalizers" not in policy["metadata"]
    assert [key for key in policy["metadata"]["annotations"] if "kubectl" not in key] == []
    managers = {entry["manager"]: entry.get("subresource", "") for entry in policy["metadata"]["managedFields"]}
    assert managers == {"kubectl-client-side-apply": "", "regsweep": "status"}
    status, numbers = operator.page("/metrics")
    assert status == 200
    assert f'regsweep_runs_total{{namespace="{site.namespace}",policy="nightly",result="DryRun"}} 1.0' in numbers


def _window(site: Site, run: str) -> str:
    return str(site.get("rcr", run).get("status", {}).get("garbageCollection", {}).get("step", ""))


def _answers(site: Site) -> bool:
    try:
        site.kubectl("get", "rcp")
    except subprocess.CalledProcessError:
        return False
    return True


@contextmanager
def _running(site: Site, log: Path) -> Iterator[Operator]:
    operator = Operator(site, log)
    try:
        yield operator
    finally:
        operator.process.kill()
        operator.process.wait()
        print(log.read_text()[-20_000:])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
