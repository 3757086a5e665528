"""Makes minimal Debian file systems: the node's own, and the one under images with Python.

The mirror is the one that apt uses on this machine, with package lists of our own: the machine's are not touched.
"""

import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from tests.cluster import settings
from tests.cluster.outside.errors import NodeFailed

SUITE = "trixie"  # Debian 12's etcd is too old for the API server
NODE_PACKAGES = (
    "buildah",
    "busybox-static",
    "ca-certificates",
    "conntrack",
    "containerd",
    "containernetworking-plugins",
    "curl",
    "dnsmasq-base",
    "etcd-server",
    "iproute2",
    "iptables",
    "netavark",  # buildah wants it even when it makes no network
    "openssl",
    "procps",
    "python3",
    "runc",  # crun refuses a machine that has cgroup v1 and v2
    "skopeo",
    "tini",
)
STORAGE = '[storage]\ndriver = "overlay"\nrunroot = "/var/tmp/containers"\ngraphroot = "/var/lib/containers/storage"\n'
POLICY = '{"default": [{"type": "insecureAcceptAnything"}]}\n'
_NOT_NEEDED = (
    "usr/share/doc",
    "usr/share/locale",
    "usr/share/man",
    "var/cache/apt/archives/*.deb",
    "var/lib/apt/lists/*",
)
_APT = settings.FOLDER / "apt"


def make_node_tree() -> None:
    """Raises NodeFailed."""
    make_tree(settings.TREE, NODE_PACKAGES)
    containers = settings.TREE / "etc/containers"
    (containers / "storage.conf").write_text(STORAGE)
    (containers / "policy.json").write_text(POLICY)


def make_tree(folder: Path, packages: Iterable[str]) -> None:
    """A minimal Debian with some packages, in place of whatever was in the folder. Raises NodeFailed."""
    debootstrap = _debootstrap()
    shutil.rmtree(folder, ignore_errors=True)
    packages_cache = settings.FOLDER / "debs"
    packages_cache.mkdir(parents=True, exist_ok=True)
    options = ["--variant=minbase", f"--cache-dir={packages_cache}", f"--include={','.join(packages)}"]
    log = settings.LOGS / "debootstrap.log"
    with log.open("w") as output:
        result = subprocess.run(
            [debootstrap / "usr/sbin/debootstrap", *options, SUITE, folder, _mirror()],
            env={"DEBOOTSTRAP_DIR": str(debootstrap / "usr/share/debootstrap"), "PATH": settings.PATH},
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if result.returncode:
        raise NodeFailed(f"debootstrap failed, see {log}: {' '.join(log.read_text().splitlines()[-3:])}")
    for pattern in _NOT_NEEDED:
        for path in folder.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _debootstrap() -> Path:
    """The folder of an unpacked debootstrap: nothing is installed on the machine."""
    folder = settings.FOLDER / "debootstrap"
    if not folder.exists():
        _apt_get("update")
        unpacked = settings.RUN / "debootstrap"
        _apt_get("download", "debootstrap")
        (package,) = settings.RUN.glob("debootstrap_*.deb")
        subprocess.run(["dpkg", "-x", package, unpacked], check=True)
        package.unlink()
        unpacked.rename(folder)
    return folder


def _mirror() -> str:
    asked = ("indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Component: main")
    mirrors = [line for line in _apt_get(*asked).splitlines() if not re.search("security|backports", line)]
    if not mirrors:
        raise NodeFailed("apt knows no Debian mirror on this machine")
    return mirrors[0]


def _apt_get(*arguments: str) -> str:
    for folder in ("lists/partial", "cache/archives/partial"):
        (_APT / folder).mkdir(parents=True, exist_ok=True)
    options = [f"Dir::State::lists={_APT / 'lists'}", f"Dir::Cache={_APT / 'cache'}", "APT::Sandbox::User=root"]
    command = ["apt-get", "-q", *(part for option in options for part in ("-o", option)), *arguments]
    result = subprocess.run(command, cwd=settings.RUN, capture_output=True, text=True, check=False)
    if result.returncode:
        raise NodeFailed(f"apt-get {arguments[0]} failed: {' '.join(result.stderr.strip().splitlines()[-3:])}")
    return result.stdout
