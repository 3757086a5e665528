"""A mapping (a YAML document, a custom resource) becomes a policy, or a `PolicyInvalid` that names each field and
the fix.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from regsweep.api.meta import API_VERSION
from regsweep.api.policy import PolicySpec, RegistryCleanupPolicy
from regsweep.errors import PolicyInvalid


def load_policy(document: Mapping[str, Any], source: str = "") -> RegistryCleanupPolicy:
    """Raises PolicyInvalid. `source` is said in its message: a file's name, or namespace/name."""
    if not isinstance(document, Mapping):
        raise PolicyInvalid(
            [("", "is not a YAML mapping: a RegistryCleanupPolicy begins with apiVersion and kind")], source
        )
    for field, expected in (("apiVersion", API_VERSION), ("kind", "RegistryCleanupPolicy")):
        if document.get(field) != expected:
            raise PolicyInvalid([(field, f"is {document.get(field)!r}, expected {expected!r}")], source)
    if unknown := sorted(set(document) - {"apiVersion", "kind", "metadata", "spec", "status"}):
        raise PolicyInvalid(
            [(unknown[0], "is not a field of a RegistryCleanupPolicy: remove it, or check its spelling")], source
        )
    try:
        return RegistryCleanupPolicy.model_validate(document)
    except ValidationError as error:
        raise PolicyInvalid(problems(error), source) from None


def problems(error: ValidationError) -> list[tuple[str, str]]:
    """(path of the field as in YAML, one sentence with the fix) for each fault, in the order of the document."""
    return [(_path(item["loc"]), _sentence(item)) for item in error.errors(include_url=False, include_context=False)]


def policy_digest(spec: PolicySpec) -> str:
    """`sha256:<hex>` of what decides: the spec without schedule, suspend, mode, approval and history."""
    aside = {"schedule", "time_zone", "suspend", "starting_deadline_seconds", "mode", "approval"}
    aside |= {"successful_runs_history_limit", "failed_runs_history_limit"}
    text = json.dumps(spec.model_dump(mode="json", by_alias=True, exclude=aside), sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _path(location: tuple[int | str, ...]) -> str:
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


def _sentence(item: Mapping[str, Any]) -> str:
    kind, message = item["type"], str(item["msg"])
    if kind == "extra_forbidden":
        return "is not a field here: remove it, or check its spelling"
    if kind == "missing":
        return "is required"
    return message.removeprefix("Value error, ")
