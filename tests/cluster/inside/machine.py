"""The ground under the programs: network, machine-wide settings that must not leak out, cgroups."""

import subprocess
from pathlib import Path

from tests.cluster import settings

# The kubelet writes these for the whole machine; inside the node each is a file of the node's own.
_SYSCTLS = {
    "kernel/keys/root_maxbytes": "25000000",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
}

_OWN = ("/run", "/tmp", "/var/lib", "/var/log", "/var/tmp")  # what a node writes is in memory, and ends with it


def prepare() -> None:
    """Once, before any program starts. Raises CalledProcessError, OSError."""
    for own in _OWN:
        _mount("-t", "tmpfs", "tmpfs", own)
    _mount("-o", "remount,bind,ro", "/")  # it is that of all nodes
    for folder in (settings.PIDS, settings.STOPPED, settings.HOSTS, Path("/run/lock"), Path("/var/lib/kubelet")):
        folder.mkdir(parents=True, exist_ok=True)
    _network()
    _sysctls()
    _cgroups()
    _mount("--bind", "/var/lib/kubelet", "/var/lib/kubelet")
    _mount("--make-shared", "/var/lib/kubelet")  # volumes that the kubelet mounts show up in the pods


def _network() -> None:
    """A network of its own without any link to the machine's: no pod can reach out, no address can collide."""
    Path("/proc/sys/kernel/hostname").write_text(settings.NODE)
    for command in (
        "link set lo up",
        "link add node0 type bridge",  # only holds the node's address; some kernels have no `dummy` device
        f"addr add {settings.NODE_IP}/24 dev node0",
        "link set node0 up",
        f"route add {settings.SERVICES} dev node0 src {settings.NODE_IP}",  # else the node cannot send to a Service
    ):
        subprocess.run(["ip", *command.split()], check=True)
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")


def _sysctls() -> None:
    for name, value in _SYSCTLS.items():
        stand_in = Path("/run/regsweep/sysctl") / name.replace("/", ".")
        stand_in.parent.mkdir(exist_ok=True)
        stand_in.write_text(f"{value}\n")
        _mount("--bind", str(stand_in), f"/proc/sys/{name}")


def _cgroups() -> None:
    """One cgroup in every hierarchy (v1); cpuset refuses processes until its two values are set."""
    for hierarchy in Path("/sys/fs/cgroup").iterdir():
        if hierarchy.is_dir() and not hierarchy.is_symlink():
            (hierarchy / settings.NAME).mkdir(exist_ok=True)
    cpuset = Path("/sys/fs/cgroup/cpuset")
    for name in ("cpuset.cpus", "cpuset.mems"):
        (cpuset / settings.NAME / name).write_text((cpuset / name).read_text())


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)
