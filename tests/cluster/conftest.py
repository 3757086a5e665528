"""A real cluster: the node of this machine, started if it is not up, or with CLUSTER=existing the current kubeconfig's.

Tests that end programs of the node carry the mark `node`; on an existing cluster they are deselected, aloud.
"""

from __future__ import annotations

import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from regsweep.clients import kube
from tests.cluster import settings
from tests.cluster.access import EXISTING, Cluster, current_kubeconfig
from tests.cluster.killing.cases import ROW
from tests.cluster.outside import namespaces
from tests.cluster.registries import (
    PORT,
    DeployRegistry,
    RegistryOptions,
    RunningRegistry,
    deploy,
    wait_for_answer,
)
from tests.cluster.spreading import Spreading

HERE = Path(__file__).parent
DEFINITIONS = HERE.parents[1] / "deploy/crds.yaml"
STARTED = pytest.StashKey[bool]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "node: needs the node of this machine; not for a cluster that somebody else runs"
    )
    config.addinivalue_line("markers", "long: begins before the others, so that none of them waits for it in the end")
    config.addinivalue_line("markers", "alone: not beside other tests: serves or disturbs the whole cluster")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Spreading:
    return Spreading(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.cluster)
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
    if EXISTING:
        lost = [item for item in items if item.get_closest_marker("node")]
        for item in lost:
            print(f"deselected, for it needs the node of this machine: {item.nodeid}")
        config.hook.pytest_deselected(items=lost)
        items[:] = [item for item in items if item not in lost]


def pytest_collection_finish(session: pytest.Session) -> None:
    """The node comes up before the first test: that may take longer than a test may."""
    wanted = any(item.path.is_relative_to(HERE) for item in session.items)
    if not wanted or EXISTING or session.config.option.collectonly or namespaces.node_pid() is not None:
        return
    if _node("up"):
        pytest.exit("no cluster to test on", returncode=3)
    session.config.stash[STARTED] = True


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table of what was taken away, whatever processes played its rows."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    rows = [
        value for report in reports if report.when == "call" for name, value in report.user_properties if name == ROW
    ]
    if rows:
        terminalreporter.section("version, fault, step; seconds until the last refused push; how the run ended")
        for row in sorted(rows):
            terminalreporter.line(str(row))


def pytest_unconfigure(config: pytest.Config) -> None:
    if config.stash.get(STARTED, False):
        _node("down")


def _node(verb: str) -> int:
    """A process of its own, for what it starts must outlive it; it says itself what goes wrong."""
    command = [sys.executable, str(HERE / "node.py"), verb]
    return subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The cluster under test."""
    found = Cluster(current_kubeconfig() if EXISTING else settings.KUBECONFIG, existing=EXISTING)
    yield found
    found.api.close()


@pytest.fixture(scope="session")
def api(cluster: Cluster) -> kube.Cluster:
    """Its API, as the product speaks to it."""
    return cluster.api


@pytest.fixture(scope="session")
def definitions(cluster: Cluster) -> None:
    """Both kinds, as they are shipped. They stay: others may be at work with them."""
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(DEFINITIONS))
    cluster.kubectl("wait", "--for=condition=Established", "--timeout=60s", "-f", str(DEFINITIONS))


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """A new namespace, deleted after the test."""
    name = f"test-{secrets.token_hex(4)}"
    cluster.make_namespaces(name)
    yield name
    cluster.delete_namespaces(name)


@pytest.fixture
def registry(cluster: Cluster, namespace: str) -> Iterator[DeployRegistry]:
    """Deploys registries; their forwards end with the test."""
    with ExitStack() as forwards:

        def deploy_registry(version: str, **options: Any) -> RunningRegistry:
            chosen = RegistryOptions(version=version, **options)
            deploy(cluster, namespace, chosen)
            port = forwards.enter_context(cluster.forward(namespace, chosen.name, PORT))
            url = f"http://127.0.0.1:{port}"
            wait_for_answer(url)
            return RunningRegistry(chosen, cluster, namespace, url)

        yield deploy_registry
