"""Builds what is missing, starts the node, stops it and leaves nothing behind."""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.cluster import settings
from tests.cluster.outside import forward, images, namespaces, requirements, tree
from tests.cluster.outside.errors import NodeFailed, RequirementMissing
from tests.parts.build import build

MACHINE_LOCK = Path(f"/run/lock/{settings.NAME}-cluster")  # held by the node: its cgroup has one name on a machine
UNSHARE_PID = settings.RUN / "unshare.pid"
NODE_LOG = settings.LOGS / "node.log"
START_SECONDS = 180


def bootstrap() -> None:
    """Builds what is missing or older than its sources, unless a node is up, which uses it. Raises NodeFailed."""
    requirements.check_machine()
    for folder in (settings.RUN, settings.IMAGES, settings.LOGS, settings.CONTAINERD):
        folder.mkdir(parents=True, exist_ok=True)
    with (settings.FOLDER / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if namespaces.any_node():
            return
        build("kubernetes")
        _once("node tree", f"{tree.SUITE} {' '.join(tree.NODE_PACKAGES)}", tree.make_node_tree)
        _once("registry images", images.registry_digest(), images.make_registry_images)
        _once("python image", images.python_digest(), images.make_python_image)


def _once(title: str, source: str, make: Callable[[], None]) -> None:
    """Makes something unless it was made from the same source before; what is made later is made anew with it."""
    mark = settings.TREE / "etc/regsweep" / title.replace(" ", "-")
    if mark.exists() and mark.read_text() == source:
        return
    started = time.monotonic()
    print(f"{title} ...", file=sys.stderr, flush=True)
    make()
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.write_text(source)
    print(f"{title}: {time.monotonic() - started:.0f} s, done", file=sys.stderr, flush=True)


def up() -> None:
    """Starts the node and returns when it is ready; does nothing if it is up. Raises NodeFailed."""
    if namespaces.node_pid() is not None:
        return
    bootstrap()
    requirements.check_port()
    with MACHINE_LOCK.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RequirementMissing("another node of this project is up on this machine: stop it first") from None
        _clean()
        process = _start(lock.fileno())
    _wait_until_ready(process)
    forward.start(f"127.0.0.1:{settings.API_PORT}", settings.API_PORT)  # one URL, one kubeconfig on both sides


def down() -> None:
    """Stops the node and removes what it leaves: mounts and namespaces end with it, cgroups do not."""
    if namespaces.node_pid() is not None:
        os.kill(namespaces.need_node(), signal.SIGKILL)  # the init of its pid namespace: all of it goes
        while _runs(int(UNSHARE_PID.read_text())):
            time.sleep(0.05)
    with MACHINE_LOCK.open("w") as lock, contextlib.suppress(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # else the cgroups are another node's
        _clean()


def _start(lock: int) -> subprocess.Popen[bytes]:
    for old in settings.LOGS.glob("*.log"):
        old.unlink()
    spaces = ["--mount", "--net", "--pid", "--uts", "--ipc", "--fork", "--kill-child", "--propagation", "private"]
    init = ["tini", "-g", "--", "python3", "-m", namespaces.INIT]
    command = namespaces.root_command([f"{settings.TESTS}:/project/tests"], [*namespaces.node_environment(), *init])
    with NODE_LOG.open("w") as log:
        process = subprocess.Popen(
            ["unshare", *spaces, *command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[lock],
            start_new_session=True,
        )
    UNSHARE_PID.write_text(str(process.pid))
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while process.poll() is None and not (child := children.read_text().strip()):
        time.sleep(0.02)
    if process.poll() is None:
        namespaces.NODE_PID.write_text(child)
    return process


def _wait_until_ready(process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while settings.READY_LINE not in NODE_LOG.read_text():
        if process.poll() is not None:
            tail = "\n".join(NODE_LOG.read_text().splitlines()[-5:])
            raise NodeFailed(f"the node ended while it started, see {settings.LOGS}\n{tail}")
        if time.monotonic() > deadline:
            raise NodeFailed(f"the node is not ready after {START_SECONDS} s, see {settings.LOGS}")
        time.sleep(0.1)


def _runs(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def _clean() -> None:
    """Removes what a node leaves that ended: its cgroups. The images that it loaded stay."""
    deadline = time.monotonic() + 10
    while left := list(_cgroups()):
        for cgroup in left:
            with contextlib.suppress(OSError):  # busy until the kernel has reaped its last process
                cgroup.rmdir()
        if time.monotonic() > deadline:
            raise NodeFailed(f"the cgroup {left[0]} cannot be removed")
        time.sleep(0.05)
    namespaces.NODE_PID.unlink(missing_ok=True)
    UNSHARE_PID.unlink(missing_ok=True)


def _cgroups() -> Iterator[Path]:
    """The cgroups of the node in every hierarchy, children first."""
    for top in requirements.CGROUPS.glob(f"*/{settings.NAME}"):
        for folder, _, _ in os.walk(top, topdown=False):
            yield Path(folder)
