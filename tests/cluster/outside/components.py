"""Failures on demand: ends a program of the node, or keeps it down."""

from tests.cluster import settings
from tests.cluster.outside import namespaces
from tests.cluster.outside.errors import NodeFailed

_SCRIPT = """
case $1 in stop) touch "$2";; start) rm -f "$2";; esac
case $1 in kill|stop) kill -9 "$(cat "$3")" 2> /dev/null || true;; esac
"""


_SLOW = ("controllers", "scheduler", "kubelet")


def control(verb: str, name: str) -> None:
    """`kill`: kill -9, its supervisor starts it again at once. `stop`: the same and it stays down until `start`.

    With an API server that was stopped, those begin anew that would look for it again after up to a minute. Raises
    NodeFailed for a component that does not exist.
    """
    names = namespaces.in_node(["ls", str(settings.PIDS)]).split()
    if name not in names:
        raise NodeFailed(f"there is no component {name!r}; there are {', '.join(names)}")
    files = (str(settings.STOPPED / name), str(settings.PIDS / name))
    namespaces.in_node(["sh", "-c", _SCRIPT, "sh", verb, *files])
    if (verb, name) == ("start", "apiserver"):
        for slow in _SLOW:
            control("kill", slow)


def state() -> str:
    """One line for each component and object of interest."""
    if namespaces.node_pid() is None:
        return "down"
    script = 'cd "$0"; for n in *; do kill -0 $(cat $n) 2> /dev/null && echo "$n: up" || echo "$n: down"; done'
    lines = [
        f"up, process {namespaces.need_node()}, logs in {settings.LOGS}",
        f"export KUBECONFIG={settings.KUBECONFIG}",
        namespaces.in_node(["sh", "-c", script, str(settings.PIDS)]),
    ]
    if "apiserver: up" in lines[-1]:
        lines.append(namespaces.in_node(["kubectl", "get", "nodes,pods", "-A", "--request-timeout", "5s"]))
    return "\n".join(lines).rstrip()
