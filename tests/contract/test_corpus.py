"""The models and the CRD's schema give every policy of the corpus the same answer, and the models say what to do."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from regsweep.api.crd import crds
from regsweep.api.load import load_policy
from regsweep.errors import PolicyInvalid
from tests.policy_corpus import Case, cases


def as_a_client_sends_it(value: Any) -> Any:
    """Without nulls in mappings: the API server drops them before it validates."""
    if isinstance(value, dict):
        return {key: as_a_client_sends_it(inner) for key, inner in value.items() if inner is not None}
    return [as_a_client_sends_it(inner) for inner in value] if isinstance(value, list) else value


def strict(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema as the API server reads it with strict field validation: no unknown fields."""
    out = dict(schema)
    if "properties" in schema:
        out["properties"] = {name: strict(inner) for name, inner in schema["properties"].items()}
        out["additionalProperties"] = False
    if "items" in schema:
        out["items"] = strict(schema["items"])
    return out


_DEFINITION = crds()[0]["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
SCHEMA = Draft202012Validator(strict(_DEFINITION["properties"]["spec"]))


def schema_refuses(case: Case) -> bool:
    return not SCHEMA.is_valid(as_a_client_sends_it(case.document["spec"]))


def problems(case: Case) -> list[tuple[str, str]]:
    with pytest.raises(PolicyInvalid) as refused:
        load_policy(case.document)
    return refused.value.problems


@pytest.mark.parametrize("case", cases("valid"), ids=lambda case: case.name)
def test_a_valid_policy_is_accepted_by_both(case: Case):
    assert (load_policy(case.document).metadata.name, schema_refuses(case)) == (case.name, False)


@pytest.mark.parametrize("case", cases("invalid"), ids=lambda case: case.name)
def test_an_invalid_policy_is_refused_by_both(case: Case):
    assert case.by in {"schema", "rule"}
    assert schema_refuses(case) == (case.by == "schema")
    [(field, message)] = problems(case)
    assert (field, case.says in message) == (case.field, True), message


@pytest.mark.parametrize("case", cases("invalid-operator"), ids=lambda case: case.name)
def test_what_only_the_models_know_is_refused_by_them(case: Case):
    assert not schema_refuses(case)
    [(field, message)] = problems(case)
    assert (field, case.says in message) == (case.field, True), message


@pytest.mark.parametrize("case", [*cases("invalid"), *cases("invalid-operator")], ids=lambda case: case.name)
def test_a_refusal_is_a_sentence_of_ours(case: Case):
    for _, message in problems(case):
        assert not message.startswith(("String", "Input", "Value", "Tuple", "List")), message


def test_a_password_in_the_url_is_not_repeated():
    case = next(case for case in cases("invalid") if case.name == "url-with-password")
    assert "secret" not in str(problems(case))


def test_the_corpus_is_whole():
    counts = {folder: len(cases(folder)) for folder in ("valid", "invalid", "invalid-operator")}
    assert {folder: count >= 10 for folder, count in counts.items()} == dict.fromkeys(counts, True)
