"""The report as JSON: whole, versioned, as its published schema says, and back again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from regsweep.core.outcome import RunRecord
from regsweep.core.report.document import from_json, report_schema, to_json, to_report
from regsweep.errors import InvalidInput
from tests.unit.core.records import action, evil, plan, record, undone, whole

SCHEMA = Path(__file__).parents[3] / "docs/report.schema.json"
RECORDS = [
    pytest.param(record(), id="dry run"),
    pytest.param(record(plan=None), id="without a plan"),
    pytest.param(whole(), id="whole"),
    pytest.param(undone(), id="undone"),
    pytest.param(evil(), id="evil"),
]


@pytest.mark.parametrize("made", RECORDS)
def test_what_was_written_is_read_again(made: RunRecord) -> None:
    assert from_json(to_json(to_report(made))) == to_report(made)


@pytest.mark.parametrize("made", RECORDS)
def test_it_is_as_the_schema_says(made: RunRecord) -> None:
    Draft202012Validator(json.loads(report_schema())).validate(json.loads(to_json(to_report(made))))


def test_the_published_schema_is_this_one() -> None:
    """Write it anew: python -c 'from regsweep.core.report.document import report_schema as s; print(s(), end="")'."""
    assert SCHEMA.read_text() == report_schema()


def test_names_are_those_of_the_api() -> None:
    document = json.loads(to_json(to_report(whole())))
    assert document["version"] == 1
    assert document["keptByReason"] == {"kept.latest": 12, "protected.tag": 6}
    assert document["plan"]["bytesAreUpperBound"] is False
    assert [entry["result"] for entry in document["actions"]] == ["deleted", "failed"]


def test_all_users_are_counted_and_the_first_are_named() -> None:
    many, other, gone = to_report(whole()).in_use
    assert (many.user_count, len(many.users), many.users[0].name) == (12, 10, "web-00")
    assert (other.users[0].cluster, gone.digest) == ("edge", "")


def test_a_report_of_an_earlier_version_has_none_in_use() -> None:
    document = json.loads(to_json(to_report(record())))
    del document["inUse"]
    assert from_json(json.dumps(document)).in_use == ()


def test_without_outcomes_actions_are_planned() -> None:
    report = to_report(record(plan=plan(action(1), action(2))))
    assert [entry.result for entry in report.actions] == ["planned", "planned"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("", "is not a report", id="empty"),
        pytest.param("{", "is not a report", id="cut"),
        pytest.param("[]", "its version is None", id="a list"),
        pytest.param('{"version": 2}', "its version is 2", id="another version"),
        pytest.param('{"version": 1}', "is not a report", id="fields are missing"),
        pytest.param(
            to_json(to_report(record())).replace('"policy"', '"pollicy"', 1), "is not a report", id="unknown field"
        ),
    ],
)
def test_anything_else_is_refused(text: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        from_json(text)
