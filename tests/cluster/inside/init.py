"""The first program of the node: prepares the ground, starts everything, says when it is ready, then serves names.

Runs with the Python of the node's own tree, in namespaces of its own; whatever ends it ends the whole node.
"""

import os
import string
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.cluster import settings
from tests.cluster.inside import machine, names, pki
from tests.cluster.inside.archives import load_images
from tests.cluster.inside.programs import CONFIG, KUBELET, PROGRAMS
from tests.cluster.inside.supervisor import keep_running

TEMPLATES = Path(__file__).resolve().parent / "config"


def main() -> None:
    started = time.monotonic()
    os.environ["KUBECONFIG"] = str(settings.KUBECONFIG)
    os.environ["GOGC"] = "400"  # processors are scarcer than memory on the machine of a test
    machine.prepare()
    pki.make_certificates()
    write_configuration()
    for name, command in PROGRAMS.items():
        keep_running(name, command)
    wait_until(lambda: says("ctr", "version"))
    keep_running("kubelet", KUBELET)
    load_images()
    wait_until(lambda: says("kubectl", "get", "--raw", "/readyz"))
    print(f"API server ready after {time.monotonic() - started:.1f} s", flush=True)
    wait_until(lambda: says("kubectl", "apply", "--filename", f"{CONFIG}/storage-class.yaml"))
    wait_until(lambda: " Ready" in says("kubectl", "get", "node", settings.NODE))
    wait_until(lambda: says("kubectl", "get", "serviceaccount", "default", "--namespace", "default"))
    print(f"{settings.READY_LINE} after {time.monotonic() - started:.1f} s", flush=True)
    names.follow_services()


def write_configuration() -> None:
    """Fills this project's settings into the programs' configuration files."""
    values = {name: str(value) for name, value in vars(settings).items() if name.isupper()}
    for template in TEMPLATES.rglob("*.*"):
        target = Path(CONFIG) / template.relative_to(TEMPLATES)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(string.Template(template.read_text()).substitute(values))
    (Path(CONFIG) / "resolv.conf").touch()


def says(*command: str) -> str:
    """The output of a command, nothing if it failed."""
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    return "" if result.returncode else result.stdout


def wait_until(condition: Callable[[], object]) -> None:
    """Whoever started the node has the deadline."""
    while not condition():
        time.sleep(0.1)


if __name__ == "__main__":
    main()
