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
    items = error.errors(include_url=False)
    causes = {item["loc"] for item in items}
    return [(_path(item["loc"]), _sentence(item)) for item in items if not _follows(item, causes)]


def _follows(item: Mapping[str, Any], causes: set[tuple[int | str, ...]]) -> bool:
    """Whether a list is only called too short because faulty entries were taken out of it."""
    place = item["loc"]
    return item["type"] == "too_short" and any(other[: len(place)] == place != other for other in causes)


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
    """What is wrong and what to write instead. Repeats no text of the author's that could be a password."""
    if template := _SENTENCES.get(item["type"]):
        return template.format(given=_given(item), **item.get("ctx", {}))
    return str(item["msg"]).removeprefix("Value error, ")


def _given(item: Mapping[str, Any]) -> str:
    value = item["input"]
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float) or (isinstance(value, str) and item["type"] in ("enum", "literal_error")):
        return repr(value)
    return _KINDS.get(type(value), "not that")


_KINDS = {dict: "a mapping", list: "a list", str: "a text", type(None): "empty"}
_SENTENCES = {
    "extra_forbidden": "is not a field here: remove it, or check its spelling",
    "missing": "is required",
    "enum": "is {given}: write {expected}",
    "literal_error": "is {given}: write {expected}",
    "greater_than_equal": "is {given}: write {ge} or more",
    "less_than_equal": "is {given}: write {le} or less",
    "int_type": "is {given}: write a whole number, without quotes",
    "bool_type": "is {given}: write true or false, without quotes",
    "string_type": "is {given}: write a text; put a number or a date in quotes",
    "string_too_long": "is longer than {max_length} characters: shorten it",
    "too_short": "is empty: write at least {min_length}, or remove the field",
    "too_long": "has more than {max_length} entries: remove some",
    "tuple_type": "is {given}: write a list",
    "model_type": "is {given}: write a mapping of fields",
    "model_attributes_type": "is {given}: write a mapping of fields",
    "dict_type": "is {given}: write a mapping",
}
