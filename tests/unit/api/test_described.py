"""A schema says of a field what stands under it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from regsweep.api.described import Described


class Base(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    first_field: int
    """Of the base."""
    hidden: int = 0
    """Of the base, and said anew."""


class Inner(BaseModel):
    """Inside."""


class Whole(Base):
    hidden: int = 1
    """Said anew.

    In two parts.
    """
    inner: Inner
    """Points elsewhere."""
    own: Annotated[int, Field(description="Its own words.")]
    """Not these."""
    bare: int

    """Of nothing: a line lies between, which is still under it for Python."""


def schema(*, by_alias: bool = True) -> dict[str, dict[str, str]]:
    properties: dict[str, dict[str, str]] = Whole.model_json_schema(by_alias=by_alias, schema_generator=Described)[
        "properties"
    ]
    return properties


def test_a_field_is_described_by_the_docstring_under_it() -> None:
    assert {name: field.get("description") for name, field in schema().items()} == {
        "firstField": "Of the base.",
        "hidden": "Said anew.\n\nIn two parts.",
        "inner": "Points elsewhere.",
        "own": "Its own words.",
        "bare": "Of nothing: a line lies between, which is still under it for Python.",
    }
    assert schema()["inner"]["$ref"] == "#/$defs/Inner"


def test_by_the_names_in_python_too() -> None:
    assert schema(by_alias=False)["first_field"]["description"] == "Of the base."


def test_a_model_without_docstrings_is_as_pydantic_has_it() -> None:
    assert Inner.model_json_schema(schema_generator=Described) == Inner.model_json_schema()
