"""What a node needs of the machine, looked at before anything is built. Changes nothing."""

import os
import platform
import shutil
import socket
import subprocess
from pathlib import Path

from tests.cluster import settings
from tests.cluster.outside.errors import RequirementMissing

# debootstrap fetches with wget and checks signatures with gpgv.
PROGRAMS = ("apt-get", "dpkg", "gpgv", "mount", "nsenter", "unshare", "wget")
CGROUPS = Path("/sys/fs/cgroup")


def check_machine() -> None:
    """Raises RequirementMissing for the first thing that is missing."""
    if platform.system() != "Linux":
        raise RequirementMissing("a node needs Linux")
    if os.geteuid() != 0:
        raise RequirementMissing("a node needs root: it mounts file systems and makes namespaces")
    absent = [program for program in PROGRAMS if shutil.which(program) is None]
    if absent:
        raise RequirementMissing(f"a node needs {', '.join(absent)} on this machine")
    if platform.freedesktop_os_release().get("ID") != "debian":
        raise RequirementMissing("a node is made of Debian packages from this machine's mirror: Debian 12 or newer")
    if not (CGROUPS / "cpuset").is_dir():
        raise RequirementMissing("a node was only tried on cgroup v1, and this machine has none mounted")
    _check_overlay()


def check_port() -> None:
    """Raises RequirementMissing if something else listens where the API server is to be."""
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", settings.API_PORT)) == 0:
            raise RequirementMissing(f"port {settings.API_PORT} is taken: set REGSWEEP_API_PORT to another one")


def _check_overlay() -> None:
    """Containers are overlays; a folder that is an overlay itself, as in most containers, cannot hold one."""
    trial = settings.OWN / "overlay"
    for name in ("lower", "upper", "work", "merged"):
        (trial / name).mkdir(parents=True, exist_ok=True)
    options = f"lowerdir={trial}/lower,upperdir={trial}/upper,workdir={trial}/work"
    mount = ["unshare", "--mount", "mount", "-t", "overlay", "overlay", "-o", options, f"{trial}/merged"]
    result = subprocess.run(mount, capture_output=True, text=True, check=False)
    shutil.rmtree(trial)
    if result.returncode:
        raise RequirementMissing(
            f"no overlay can be mounted in {settings.FOLDER} ({result.stderr.strip()}): "
            "set REGSWEEP_CACHE to a folder on a disk"
        )
