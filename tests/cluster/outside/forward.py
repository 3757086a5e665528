"""Brings a Service or an address of the cluster to a port of this machine's loopback, without the API server."""

import subprocess
import sys
from dataclasses import dataclass

from tests.cluster import settings
from tests.cluster.outside import namespaces
from tests.cluster.outside.errors import NodeFailed


@dataclass(frozen=True, slots=True)
class Forward:
    """A running forwarder: it ends with the node, or when it is closed."""

    port: int
    process: subprocess.Popen[str]

    def close(self) -> None:
        """Ends it and waits for that."""
        self.process.terminate()
        self.process.communicate()


def start(target: str, port: int = 0) -> Forward:
    """Forwards 127.0.0.1:`port` (0: any free one) to `HOST:PORT` or `NAMESPACE/SERVICE:PORT`. Raises NodeFailed.

    A Service is held by its address, so that the forward survives its pods; and it works without the API server.
    """
    host, _, target_port = target.rpartition(":")
    if "/" in host:
        namespace, service = host.split("/")
        asked = ["get", "service", service, "--namespace", namespace, "--output", "jsonpath={.spec.clusterIP}"]
        host = namespaces.in_node(["kubectl", *asked])
    command = [sys.executable, "-m", "tests.cluster.outside.forwarder", str(namespaces.need_node())]
    log = settings.LOGS / "forward.log"
    with log.open("a") as errors:
        process = subprocess.Popen(
            [*command, str(port), host, target_port],
            cwd=settings.TESTS.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        process.communicate()
        raise NodeFailed(f"cannot forward port {port} to {target}: {log.read_text().splitlines()[-1]}")
    return Forward(int(line), process)
