"""Files that people name: policies, plans, passwords. Every read has a limit, every fault names the file and the
fix.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from regsweep.api.load import load_policy
from regsweep.api.policy import RegistryCleanupPolicy
from regsweep.errors import InvalidInput, PolicyInvalid

MAXIMUM_POLICY_BYTES = 1 << 20
MAXIMUM_PLAN_BYTES = 1 << 30
MAXIMUM_SECRET_BYTES = 64 << 10


def read_text(path: Path, limit: int) -> str:
    """The file as text; `-` is standard input. Raises InvalidInput."""
    try:
        if str(path) == "-":
            data = sys.stdin.buffer.read(limit + 1)
        else:
            with path.open("rb") as file:
                data = file.read(limit + 1)
        if len(data) > limit:
            raise InvalidInput(f"{path} is larger than {limit} bytes: is it the right file?")
        return data.decode()
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InvalidInput(f"{path} is not a text file in UTF-8") from None


def write_text(path: Path, text: str) -> None:
    """Raises InvalidInput where it cannot be written. Readable by its owner alone: a report names what is in a
    registry.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(text)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written: {error.strerror}") from None


def replace_text(path: Path, text: str) -> None:
    """As `write_text`, and on the disk before it returns: after a crash there is the whole file, or none."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write_text(fresh, text)
        with fresh.open("rb") as file:
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written: {error.strerror}") from None


def check_writable(*paths: Path | None) -> None:
    """Raises InvalidInput where a result could not be written: to be known before the work, not after it."""
    for path in paths:
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("a"):
                    pass
        except OSError as error:
            raise InvalidInput(f"{path} cannot be written: {error.strerror}") from None


def documents(path: Path) -> Iterator[Any]:
    """The YAML documents of a file, empty ones left out. Raises InvalidInput with line and column."""
    try:
        yield from (item for item in yaml.safe_load_all(read_text(path, MAXIMUM_POLICY_BYTES)) if item is not None)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = " ".join(str(getattr(error, "problem", None) or error).split())
        raise InvalidInput(f"{path} is not YAML{where}: {problem}") from None
    except RecursionError:
        raise InvalidInput(f"{path} is not YAML that anybody wrote: it is nested too deeply") from None


def policies(path: Path) -> list[RegistryCleanupPolicy]:
    """All policies of a file; documents of other kinds are passed over. Raises InvalidInput."""
    return [load_policy(item, str(path)) for item in documents(path) if _is_policy(item)]


def _is_policy(document: Any) -> bool:
    return not isinstance(document, dict) or document.get("kind") in (None, "RegistryCleanupPolicy")


def one_policy(path: Path) -> RegistryCleanupPolicy:
    """The one policy of a file. Raises InvalidInput for none or several."""
    found = policies(path)
    if len(found) != 1:
        fix = "write one RegistryCleanupPolicy into it" if not found else "name a file with one of them"
        raise PolicyInvalid([("", f"holds {len(found)} policies: {fix}")], str(path))
    return found[0]
