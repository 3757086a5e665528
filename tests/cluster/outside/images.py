"""Builds container images with buildah on the node's files, keeps them as archives and loads them into the node."""

import hashlib
import resource
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.cluster import settings
from tests.cluster.outside import downloads, namespaces, tree
from tests.parts.build import build, one_at_a_time

PYTHON_PACKAGES = ("ca-certificates", "python3", "python3-venv")
SOURCES = settings.TESTS / "cluster" / "images"


def make_image(tag: str, context: Path, arguments: Sequence[str] = ()) -> None:
    """Builds the Dockerfile of a context, archives the image and loads it if the node is up. Raises NodeFailed."""
    settings.IMAGES.mkdir(parents=True, exist_ok=True)
    with one_at_a_time(settings.IMAGES):
        _make_image(tag, context, arguments)


def _make_image(tag: str, context: Path, arguments: Sequence[str]) -> None:
    image = _build(tag, context, arguments)
    archive = settings.IMAGES / f"{tag.replace('/', '_').replace(':', '_')}.tar"
    made = archive.with_suffix(".id")
    if not archive.exists() or not made.exists() or made.read_text() != image:
        unfinished = archive.with_suffix(".unfinished")
        unfinished.unlink(missing_ok=True)
        destination = f"docker-archive:{namespaces.inside(unfinished)}:{tag}"
        namespaces.in_tree(["buildah", "push", "--quiet", tag, destination])
        unfinished.rename(archive)
        made.write_text(image)
    if namespaces.node_pid() is not None:
        namespaces.in_node(["python3", "-m", "tests.cluster.inside.archives"])


def make_registry_images() -> None:
    """The registries as their public images are, with and without a shell, and the pause image. Raises NodeFailed."""
    context = settings.RUN / "registry-context"
    shutil.rmtree(context, ignore_errors=True)
    shutil.copytree(SOURCES, context)
    for name in ("registry2", "registry3"):
        shutil.copy2(build(name), context / name)
    shutil.copy2(settings.TREE / "etc/ssl/certs/ca-certificates.crt", context)
    shutil.copy2(settings.TREE / "usr/bin/tini-static", context / "tini")
    root = context / "root"
    for folder in ("bin", "sbin", "usr/bin", "usr/sbin", "tmp"):
        (root / folder).mkdir(parents=True)
    (root / "tmp").chmod(0o1777)
    shutil.copy2(settings.TREE / "bin/busybox", root / "bin")
    subprocess.run(["chroot", root, "/bin/busybox", "--install", "-s"], check=True)
    make_image(settings.PAUSE_IMAGE, context, ["--target", "pause"])
    for version, tag in settings.REGISTRY_IMAGES.items():
        make_image(tag, context, ["--target", f"registry-{version}"])
    shutil.rmtree(context)


def make_python_image() -> None:
    """A stand-in for the public python:3.13-slim: `python` and `pip` in /usr/local/bin. Raises NodeFailed."""
    root = settings.RUN / "python"
    tree.make_tree(root, PYTHON_PACKAGES)
    for copied in ("hosts", "resolv.conf"):
        (root / "etc" / copied).unlink()  # this machine's
    (root / "etc/pip.conf").touch()  # where a build mounts ours; else every image would get an empty one
    path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin"
    subprocess.run(["chroot", root, "env", "-i", path, "python3", "-m", "venv", "/usr/local"], check=True)
    _build(settings.PYTHON_IMAGE, root, ["--file", namespaces.inside(_copy(SOURCES / "python.Dockerfile"))])
    shutil.rmtree(root)


def registry_digest() -> str:
    """Changes when an image of the node's own would come out differently."""
    programs = [build(name).parent.name for name in ("registry2", "registry3")]
    files = ("Dockerfile", "config.yml", "entrypoint.sh")
    return _digest(*programs, *((SOURCES / name).read_text() for name in files))


def python_digest() -> str:
    """Changes when the image with Python would come out differently."""
    return _digest(tree.SUITE, *PYTHON_PACKAGES, (SOURCES / "python.Dockerfile").read_text())


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def _build(tag: str, context: Path, arguments: Sequence[str]) -> str:
    """The id of the image."""
    # Isolation by chroot needs no nested container. The limits are ours because buildah's own need CAP_SYS_RESOURCE.
    command = ["buildah", "build", "--quiet", "--pull-never", "--isolation", "chroot", "--network", "host"]
    command += ["--format", "docker", "--layers", "--build-arg", f"PYTHON_IMAGE={settings.PYTHON_IMAGE}"]
    for name, limit in (("nofile", resource.RLIMIT_NOFILE), ("nproc", resource.RLIMIT_NPROC)):
        hard = resource.getrlimit(limit)[1]
        command += ["--ulimit", f"{name}={hard}:{hard}"]
    for target in downloads.build_files():
        command += ["--volume", f"{target}:{target}:ro"]
    binds = [f"{context.resolve()}:/context", *downloads.machine_files()]
    return namespaces.in_tree([*command, *arguments, "--tag", tag, "/context"], binds)


def _copy(path: Path) -> Path:
    return Path(shutil.copy2(path, settings.RUN))
