"""The strings of the API that mean something: durations (`14d`), byte counts (`1Gi`), patterns (globs and `/RE2/`).

Each is a `str` that keeps its text, checks itself and gives the value behind it, so that models, CRD and code share
one meaning.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from regsweep.api.pattern import Matcher, compile_pattern


class CheckedString(str):  # noqa: SLOT000 - cached_property needs a __dict__
    """A string with a grammar. Subclasses set `grammar`, `max_length` and `expected`, and may check more in `check`."""

    grammar: ClassVar[str]
    """An expression that Python, RE2 and the API server read alike; the CRD holds it between `^` and `$`."""
    max_length: ClassVar[int]
    expected: ClassVar[str]

    @classmethod
    def parse(cls, text: str) -> Self:
        """The checked value. Raises ValueError with a message that says what is expected."""
        if len(text) > cls.max_length:
            raise ValueError(f"is longer than {cls.max_length} characters: write {cls.expected}")
        if not text:
            raise ValueError(f"is empty: write {cls.expected}")
        if not re.fullmatch(cls.grammar, text):
            raise ValueError(cls.refusal(text))
        value = cls(text)
        value.check()
        return value

    @classmethod
    def _validated(cls, value: Any) -> Self:
        if not isinstance(value, str):
            shown = f"is {value}" if isinstance(value, int | float) else "is no text"
            raise ValueError(f"{shown}: write {cls.expected}, in quotes")
        return cls.parse(value)

    @classmethod
    def refusal(cls, text: str) -> str:
        """What is said of a text that does not follow the grammar."""
        return f"{text!r} is not {cls.expected}"

    def check(self) -> None:
        """Raise ValueError for what the grammar cannot say."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls._validated, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{cls.grammar}$", "maxLength": cls.max_length, "minLength": 1}


class Duration(CheckedString):
    """A length of time: whole numbers with s, m, h, d or w, as in `90m`, `14d`, `1d12h`."""

    grammar = r"([0-9]{1,6}(s|m|h|d|w))+"
    max_length = 32
    expected = "a duration such as 90m, 24h or 14d"
    _units: ClassVar[dict[str, str]] = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}

    def check(self) -> None:
        if self.timedelta > _LONGEST:
            raise ValueError(f"{str(self)!r} is longer than 100 years: write a shorter duration")

    @cached_property
    def timedelta(self) -> timedelta:
        parts = re.findall(r"([0-9]+)([smhdw])", self)
        return sum((timedelta(**{self._units[unit]: int(number)}) for number, unit in parts), timedelta())


def _positive(value: Duration) -> Duration:
    if not value.timedelta:
        raise ValueError(_NOT_POSITIVE)
    return value


_LONGEST = timedelta(days=36_500)  # further back there is no date to compare with
_NOT_POSITIVE = "must be longer than 0s: write a duration such as 90m, 24h or 14d"
PositiveDuration = Annotated[
    Duration,
    AfterValidator(_positive),
    Field(
        json_schema_extra={"x-kubernetes-validations": [{"rule": "self.matches('[1-9]')", "message": _NOT_POSITIVE}]}
    ),
]


class Quantity(CheckedString):
    """A number of bytes as Kubernetes writes it: `500Mi`, `1Gi`, `2G`, `1048576`."""

    grammar = r"[0-9]{1,15}(\.[0-9]{1,3})?(k|M|G|T|Ki|Mi|Gi|Ti)?"
    max_length = 24
    expected = "a number of bytes such as 500Mi or 1Gi"
    _factor: ClassVar[dict[str, int]] = {
        "": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40,
    }  # fmt: skip

    @cached_property
    def bytes(self) -> int:
        number = self.rstrip("kMGTi")
        return int(Decimal(number) * self._factor[self[len(number) :]])


class Pattern(CheckedString):
    """A glob, or an RE2 regular expression between slashes. See `api.pattern`."""

    grammar = r"[^\s]+"
    max_length = 256
    expected = "a pattern without spaces: a glob, or an expression between slashes"

    def check(self) -> None:
        compile_pattern(self)

    @cached_property
    def matches(self) -> Callable[[str], bool]:
        return self._compiled.matches

    @cached_property
    def _compiled(self) -> Matcher:
        return compile_pattern(self)


class GroupPattern(Pattern):
    """An RE2 regular expression between slashes whose group named `group`, else its first group, names the group of
    a tag.
    """

    grammar = r"/[^\s]+/"
    expected = "a regular expression between slashes, such as /^(.*?)-[0-9a-f]{7,}$/"

    def check(self) -> None:
        if not self._compiled.has_group:
            raise ValueError(f"{str(self)!r} has no group: put the part that tags share in parentheses")

    def group(self, text: str) -> str | None:
        """The group that `text` belongs to; None where the expression does not match."""
        return self._compiled.group(text)


Patterns = Annotated[tuple[Pattern, ...], Field(min_length=1, max_length=100)]
OptionalPatterns = Annotated[tuple[Pattern, ...], Field(max_length=100)]
