"""Ways into the node: its files alone (to build images), or the running node with all its namespaces."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.cluster import settings
from tests.cluster.outside.errors import NodeFailed

HERE = Path(__file__).resolve().parent
INIT = "tests.cluster.inside.init"  # as it stands in the command line of the node's first process
NODE_PID = settings.RUN / "node.pid"
_PROXY = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}


def root_command(binds: Sequence[str], command: Sequence[str]) -> list[str]:
    """A command for a private mount namespace that runs another one with the node's files as its root."""
    return [str(HERE / "root.sh"), str(settings.TREE), f"{settings.CACHE}:/regsweep", *binds, "--", *command]


def environment(**more: str) -> list[str]:
    """`env` with nothing of the machine's environment: the node's files are not the machine's."""
    values = {"PATH": node_path(), "HOME": "/root", "TMPDIR": "/var/tmp", "REGSWEEP_CACHE": "/regsweep"} | more
    return ["env", "-i", *(f"{name}={value}" for name, value in values.items())]


def node_environment(**more: str) -> list[str]:
    """The same for what runs inside a node: it finds the project, and knows which node it is in."""
    node = {"REGSWEEP_NODE": str(settings.NUMBER), "REGSWEEP_API_PORT": str(settings.FIRST_API_PORT)}
    project = {"PYTHONPATH": "/project", "PYTHONDONTWRITEBYTECODE": "1"}
    return environment(TMPDIR="/tmp", **node, **project, **more)


def node_path() -> str:
    return settings.PATH.replace(str(settings.CACHE), "/regsweep")


def inside(path: Path) -> str:
    """The name inside the node of a file in the cache folder."""
    return f"/regsweep/{path.relative_to(settings.CACHE)}"


def in_tree(command: Sequence[str], binds: Sequence[str] = ()) -> str:
    """Runs a command on the node's files in the machine's network; its output. Raises NodeFailed."""
    private = ["unshare", "--mount", "--propagation", "private"]
    return _output([*private, *root_command(binds, [*environment(**_PROXY), *command])])


def any_node() -> bool:
    """Whether a node of any number is up."""
    return any(node_pid(file) is not None for file in settings.FOLDER.glob("node*/run/node.pid"))


def node_pid(file: Path = NODE_PID) -> int | None:
    """The first process of the node, None if the node is not up."""
    try:
        pid = int(file.read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return None
    return pid if INIT.encode() in command else None  # not just any process with that number


def need_node() -> int:
    """The first process of the node. Raises NodeFailed if the node is not up."""
    pid = node_pid()
    if pid is None:
        raise NodeFailed("the node is not up: python3 tests/cluster/node.py up")
    return pid


def node_command(command: Sequence[str]) -> list[str]:
    """A command that runs another one inside the node. Raises NodeFailed if the node is not up."""
    spaces = ["--mount", "--net", "--pid", "--uts", "--ipc", "--root", "--wd"]
    kubeconfig = inside(settings.KUBECONFIG)
    terminal = os.environ.get("TERM", "dumb")
    enter = ["nsenter", "--target", str(need_node()), *spaces]
    return [*enter, *node_environment(KUBECONFIG=kubeconfig, TERM=terminal), *command]


def in_node(command: Sequence[str]) -> str:
    """Runs a command inside the node; its output. Raises NodeFailed."""
    return _output(node_command(command))


def network_command(command: Sequence[str]) -> list[str]:
    """A command that runs a program of this machine in the node's network, where Services have names."""
    resolver = settings.RUN / "resolv.conf"
    domain = settings.CLUSTER_DOMAIN
    resolver.write_text(f"nameserver {settings.NODE_IP}\nsearch svc.{domain} {domain}\n")
    script = 'mount --bind "$0" /etc/resolv.conf; exec "$@"'
    enter = ["nsenter", "--target", str(need_node()), "--net", "unshare", "--mount", "--propagation", "private"]
    return [*enter, "sh", "-c", script, str(resolver), *command]


def _output(command: Sequence[str]) -> str:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        tail = "\n".join((result.stderr or result.stdout).strip().splitlines()[-15:])
        raise NodeFailed(f"exit code {result.returncode} of {' '.join(command[-6:])}\n{tail}")
    return result.stdout
