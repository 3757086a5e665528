"""The CustomResourceDefinitions of both kinds, made from the pydantic models: plain dicts, nothing is read or written.

A CRD takes a structural schema, which is less than JSON schema: no `$ref`, no `anyOf` with null, no `const` or `title`.
Everything is bounded, because the API server refuses a CEL rule whose worst case it cannot compute. A model's `cel`
becomes `x-kubernetes-validations`. Source: Kubernetes, "Custom Resource Definitions", structural schemas.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import core_schema

from regsweep.api.columns import POLICY_COLUMNS, RUN_COLUMNS
from regsweep.api.described import Described
from regsweep.api.meta import GROUP, VERSION
from regsweep.api.policy import RegistryCleanupPolicy
from regsweep.api.run import RegistryCleanupRun

Schema = dict[str, Any]

_POLICY_NAMES = {
    "kind": "RegistryCleanupPolicy",
    "listKind": "RegistryCleanupPolicyList",
    "plural": "registrycleanuppolicies",
    "singular": "registrycleanuppolicy",
    "shortNames": ["rcp"],
    "categories": ["regsweep"],
}
_RUN_NAMES = {
    "kind": "RegistryCleanupRun",
    "listKind": "RegistryCleanupRunList",
    "plural": "registrycleanupruns",
    "singular": "registrycleanuprun",
    "shortNames": ["rcr"],
    "categories": ["regsweep"],
}


def crds() -> list[Schema]:
    """Both definitions, the policy's first. The same value at every call; the caller may change it."""
    return [
        _definition(RegistryCleanupPolicy, _POLICY_NAMES, POLICY_COLUMNS, [".spec.mode", ".spec.suspend"]),
        _definition(RegistryCleanupRun, _RUN_NAMES, RUN_COLUMNS, [".spec.policyRef.name"]),
    ]


def openapi(model: type[BaseModel]) -> Schema:
    """The structural schema of a kind: its spec and its status."""
    document = model.model_json_schema(by_alias=True, schema_generator=_WithRules)
    defs = document.get("$defs", {})
    properties = document["properties"]
    return {
        "description": document["description"],
        "type": "object",
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": _structural(properties["spec"], defs),
            "status": _without_defaults(_structural(properties["status"], defs)),
        },
        "required": ["spec"],
    }


def _definition(
    model: type[BaseModel], names: Mapping[str, Any], columns: tuple[Mapping[str, Any], ...], selectable: list[str]
) -> Schema:
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{names['plural']}.{GROUP}", "labels": {"app.kubernetes.io/name": "regsweep"}},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": dict(names),
            "versions": [
                {
                    "name": VERSION,
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": openapi(model)},
                    "subresources": {"status": {}},
                    "selectableFields": [{"jsonPath": path} for path in selectable],
                    "additionalPrinterColumns": [dict(column) for column in columns],
                }
            ],
        },
    }


class _WithRules(Described):
    """With the CEL rules that a model carries."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        result = super().model_schema(schema)
        if rules := getattr(schema["cls"], "cel", ()):
            result["x-kubernetes-validations"] = [{"rule": rule, "message": message} for rule, message in rules]
        return result


def _structural(node: Mapping[str, Any], defs: Mapping[str, Any]) -> Schema:
    """`node` with every reference put in place and everything left out that a structural schema may not hold."""
    node = _merged(node, defs)
    # `properties` maps names to schemas: a property may itself be called `title` or `default`.
    dropped = {"$defs", "title", "properties", "items", "additionalProperties", "const", "default", "enum"}
    out: Schema = {key: value for key, value in node.items() if key not in dropped}
    if "const" in node:
        out["enum"] = [node["const"]]
    if "enum" in node:
        out["enum"] = list(node["enum"])
    if node.get("type") == "integer":
        out["format"] = "int32" if _fits_32_bits(node) else "int64"
    if isinstance(node.get("additionalProperties"), Mapping):
        out["additionalProperties"] = _structural(node["additionalProperties"], defs)
    if "items" in node:
        out["items"] = _structural(node["items"], defs)
    if "properties" in node:
        out["properties"] = {name: _structural(value, defs) for name, value in node["properties"].items()}
    if (default := _default(node, out)) is not None:
        out["default"] = default
    return out


def _merged(node: Mapping[str, Any], defs: Mapping[str, Any]) -> Schema:
    """`node` without `$ref` and without the null of an optional field. What stands beside a reference wins over it."""
    merged = dict(node)
    while "$ref" in merged or "anyOf" in merged:
        if "$ref" in merged:
            inner = defs[merged.pop("$ref").removeprefix("#/$defs/")]
        else:
            alternatives = [choice for choice in merged.pop("anyOf") if choice != {"type": "null"}]
            if len(alternatives) != 1:
                raise TypeError(f"a structural schema has no alternatives: {alternatives}")
            inner = alternatives[0]
        merged = {**inner, **merged}
    return merged


def _fits_32_bits(node: Mapping[str, Any]) -> bool:
    return "maximum" in node and node["maximum"] < 2**31


def _default(node: Mapping[str, Any], out: Schema) -> Any:
    """What the API server writes where the field is absent; None for nothing.

    A scalar as it is. An object becomes `{}` where that makes a default inside it appear, so that an object in the
    cluster shows what applies to it. An empty list says no more than an absent one.
    """
    default = node.get("default")
    if out.get("type") == "object" and default is not None:
        inside = out.get("properties", {}).values()
        return {} if any("default" in field for field in inside) else None
    return None if default == [] else default


def _without_defaults(schema: Schema) -> Schema:
    """A status says what is known: nothing may appear in it that nobody wrote."""
    schema.pop("default", None)
    for inner in [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]:
        _without_defaults(inner)
    return schema
