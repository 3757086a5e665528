"""One look by exec into the container that runs a registry: its program, its configuration, and the variables that
override it. Changes nothing, and keeps no variable that could be a secret.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from regsweep.clients.podexec import Command, ExecResult
from regsweep.errors import ClusterUnreachable

MAXIMUM_CONFIG_BYTES = 1 << 20
_SECONDS = 60.0

_VALUES = (
    "REGISTRY_STORAGE REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY REGISTRY_STORAGE_CACHE_BLOBDESCRIPTOR "
    "REGISTRY_STORAGE_CACHE REGISTRY_HTTP_ADDR REGISTRY_HTTP_PREFIX REGISTRY_HTTP_TLS_CERTIFICATE "
    "REGISTRY_REDIS_ADDR REGISTRY_REDIS_ADDRS REGISTRY_REDIS_DB REGISTRY_REDIS_USERNAME"
)
"""None of them is a secret. Other REGISTRY_* variables leave the pod as names alone."""

INSPECT = f"""
for tool in $1; do command -v "$tool" >/dev/null 2>&1 || echo "missing $tool"; done
shift
echo "binary $(command -v registry)"
env | sed -n 's/^\\(REGISTRY_[A-Z0-9_]*\\)=.*/name \\1/p'
for name in {_VALUES}; do eval "[ -n \\"\\${{$name+set}}\\" ] && echo \\"value $name=\\$$name\\""; done
registry --version 2>/dev/null | sed -n '1s/^/version /p'
found=
for file in "$@" "$REGISTRY_CONFIGURATION_PATH" $(tr '\\0' '\\n' </proc/1/cmdline | sed -n '/\\.ya*ml$/p') \\
    /etc/distribution/config.yml /etc/docker/registry/config.yml; do
  if [ -z "$found" ] && [ -f "$file" ]; then found=$file; fi
done
echo "config $found"
[ -z "$found" ] || {{ echo ---; cat "$found"; }}
"""
"""Arguments: tools that have to be there, in one word; paths of configuration files to try first. Prints facts, `---`,
and the configuration."""


@dataclass(frozen=True, slots=True)
class PodFacts:
    """`missing` are tools that the container lacks. `binary`, `config_path` and `config` (YAML) are "" where there is
    none. `env` are its REGISTRY_STORAGE_* and REGISTRY_REDIS* variables, and others that are no secret; "" where only
    the name is known."""

    missing: tuple[str, ...]
    binary: str
    version: str
    config_path: str
    config: str
    env: Mapping[str, str]


def look_into(execute: Callable[[Command], ExecResult], configs: Iterable[str], tools: Sequence[str]) -> PodFacts:
    """`configs` are paths of configuration files to try first. Raises NoSuchProgram where there is no shell,
    ClusterUnreachable where the end of the look is not known, and every other ClusterError of `execute`."""
    argv = ("sh", "-c", INSPECT, "sh", " ".join(tools), *configs)
    result = execute(Command(argv, timeout=_SECONDS, limit=MAXIMUM_CONFIG_BYTES))
    if not result.ok and result.exit_code is None:
        raise ClusterUnreachable(f"looking into the registry's pod failed: {result.words()}")
    facts, _, config = result.stdout.decode("utf-8", "replace").partition("---\n")
    said = [line.partition(" ")[::2] for line in facts.splitlines()]
    one = dict(said)
    return PodFacts(
        missing=tuple(value for key, value in said if key == "missing"),
        binary=one.get("binary", ""),
        version=one.get("version", "unknown"),
        config_path=one.get("config", ""),
        config=config,
        env=_env(said),
    )


def _env(said: list[tuple[str, str]]) -> dict[str, str]:
    needed = ("REGISTRY_STORAGE_", "REGISTRY_REDIS")
    names = {value: "" for key, value in said if key == "name" and value.startswith(needed)}
    unset = {"REGISTRY_STORAGE_CACHE_BLOBDESCRIPTOR"}
    values = dict(value.partition("=")[::2] for key, value in said if key == "value")
    return {name: value for name, value in names.items() if name not in unset} | values
