"""The CRDs are what the models say, hold nothing that a structural schema may not, and are bounded everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from regsweep.api.crd import crds
from regsweep.cli.crd import crd, rendered
from regsweep.errors import InvalidInput

ROOT = Path(__file__).resolve().parents[2]
FORBIDDEN = {
    "$ref",
    "$defs",
    "title",
    "const",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "prefixItems",
    "anyOf",
    "nullable",
}


def schemas(kind: str) -> list[tuple[str, dict[str, Any]]]:
    """(path, schema) for every field below spec and status of a kind."""
    definition = next(each for each in crds() if each["spec"]["names"]["kind"] == kind)
    root = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
    return [field for part in ("spec", "status") for field in walk(part, root[part])]


def walk(path: str, schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, schema
    for name, inner in schema.get("properties", {}).items():
        yield from walk(f"{path}.{name}", inner)
    if "items" in schema:
        yield from walk(f"{path}[]", schema["items"])


FIELDS = [*schemas("RegistryCleanupPolicy"), *schemas("RegistryCleanupRun")]


@pytest.mark.parametrize("path", [str(path) for path in rendered()])
def test_the_committed_file_is_what_the_models_say(path: str):
    assert (ROOT / path).read_text() == rendered()[Path(path)], "run `regsweep crd --write`"


def test_the_manifest_reads_back_as_the_definitions():
    assert list(yaml.safe_load_all((ROOT / "deploy/crds.yaml").read_text())) == crds()


def test_no_field_uses_a_keyword_that_is_not_structural():
    assert {path: found for path, schema in FIELDS if (found := FORBIDDEN & schema.keys())} == {}


def test_no_default_is_null():
    assert [path for path, schema in FIELDS if "default" in schema and schema["default"] is None] == []


def test_every_field_has_a_type():
    assert [path for path, schema in FIELDS if "type" not in schema] == []


@pytest.mark.parametrize(
    ("kind", "bounds"),
    [
        ("array", {"maxItems"}),
        ("integer", {"maximum", "minimum", "format"}),
        ("string", {"maxLength", "enum", "format"}),
    ],
    ids=["array", "integer", "string"],
)
def test_every_field_is_bounded(kind: str, bounds: set[str]):
    need_all = kind == "integer"
    fields = [(path, schema.keys()) for path, schema in FIELDS if schema["type"] == kind]
    unbounded = [path for path, keys in fields if not (bounds <= keys if need_all else bounds & keys)]
    assert (unbounded, bool(fields)) == ([], True)


def test_every_map_is_bounded():
    assert [p for p, s in FIELDS if "additionalProperties" in s and "maxProperties" not in s] == []


def test_a_default_that_is_empty_breaks_no_rule():
    """The API server tries the rules of an object on its default, in which no field is filled in yet."""
    rules = [
        rule["rule"]
        for _, schema in FIELDS
        if schema.get("default") == {}
        for rule in schema.get("x-kubernetes-validations", ())
    ]
    assert [rule for rule in rules if not rule.startswith("!has(self.")] == []
    assert len(rules) >= 3


def test_lists_of_named_things_are_maps():
    keys = {path: schema.get("x-kubernetes-list-map-keys") for path, schema in FIELDS if schema["type"] == "array"}
    assert {path: key for path, key in keys.items() if key} == {
        "spec.protect.inUse.clusters": ["name"],
        "spec.rules": ["name"],
        "status.conditions": ["type"],
    }


def test_counters_of_bytes_have_64_bits():
    narrow = [path for path, schema in FIELDS if "ytes" in path and schema.get("format") == "int32"]
    assert narrow == []


def test_a_status_has_no_defaults():
    assert [path for path, schema in FIELDS if path.startswith("status") and "default" in schema] == []


def test_nothing_is_deleted_by_default():
    defaults = {path: schema.get("default") for path, schema in schemas("RegistryCleanupPolicy")}
    destructive = ("spec.mode", "spec.garbageCollection.mode", "spec.registry.enableDelete", "spec.untagged")
    assert [defaults[path] for path in destructive] == ["DryRun", "Disabled", False, None]


def test_a_field_whose_presence_a_rule_asks_for_has_no_default():
    defaulted = [path for path, schema in FIELDS if path.startswith("spec.rules[].keep.") and "default" in schema]
    assert defaulted == []


def test_every_rule_of_a_model_is_in_the_definition():
    messages = [r["message"] for _, schema in FIELDS for r in schema.get("x-kubernetes-validations", ())]
    assert len([m for m in messages if "keep.latest: 0 alone" in m]) == 1
    assert len([m for m in messages if "needs registry.workloadRef" in m]) == 1


def test_every_definition_is_described_for_kubectl_explain():
    undescribed = [path for path, schema in FIELDS if path.startswith("spec") and "description" not in schema]
    assert [path for path in undescribed if not path.endswith("[]")] == []


@pytest.mark.parametrize("definition", crds(), ids=lambda each: each["spec"]["names"]["kind"])
def test_columns_read_fields_that_exist(definition: dict[str, Any]):
    version = definition["spec"]["versions"][0]
    known = {"." + path for path, _ in schemas(definition["spec"]["names"]["kind"])} | {".metadata.creationTimestamp"}
    plain = [c["jsonPath"] for c in version["additionalPrinterColumns"] if ".conditions[" not in c["jsonPath"]]
    assert [path for path in plain if path not in known] == []


def test_a_date_column_never_shows_the_future():
    columns = [c for each in crds() for c in each["spec"]["versions"][0]["additionalPrinterColumns"]]
    assert [c["name"] for c in columns if c["type"] == "date" and "next" in c["jsonPath"].lower()] == []


def test_check_says_which_file_is_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    for path in rendered():
        path.parent.mkdir(parents=True, exist_ok=True)
    crd(write=True)
    crd(check=True)
    Path("deploy/crds.yaml").write_text("---\n")
    with pytest.raises(typer.Exit) as left:
        crd(check=True)
    assert (left.value.exit_code, capsys.readouterr().err.splitlines()[-1].split(":")[0]) == (1, "deploy/crds.yaml")


def test_it_does_not_write_outside_a_source_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInput, match="in the source tree"):
        crd(write=True)
    assert list(tmp_path.iterdir()) == []
