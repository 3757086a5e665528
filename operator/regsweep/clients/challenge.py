"""The WWW-Authenticate header, read: which schemes a server asks for, and their parameters. Pure.

Source: RFC 9110 section 11.6.1 (several challenges in one header, quoted strings with escapes, a token68 instead of
parameters). What cannot be read is left out, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

MAXIMUM_HEADER = 8 << 10

_WORD = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_PART = re.compile(
    rf"""[\s,]*(?:
        (?P<name>{_WORD})\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<value>{_WORD}))(?=\s*(?:,|$))
      | (?P<scheme>{_WORD})(?:[ ]+(?P<token68>[A-Za-z0-9\-._~+/]+=*)(?=\s*(?:,|$)))?(?=[\s,]|$)
    )""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Challenge:
    """One scheme in lower case, with its parameters; their names are in lower case too."""

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=dict)


def parse_challenges(header: str) -> tuple[Challenge, ...]:
    """All challenges of one header, in its order. Reading ends at the first thing that is not of the grammar."""
    found: list[tuple[str, dict[str, str]]] = []
    for part in _parts(header[:MAXIMUM_HEADER]):
        if part["scheme"]:
            found.append((part["scheme"].lower(), {}))
        elif found:
            quoted = part["quoted"]
            value = part["value"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)
            found[-1][1].setdefault(part["name"].lower(), value)
    return tuple(Challenge(scheme, parameters) for scheme, parameters in found)


def _parts(header: str) -> Iterator[re.Match[str]]:
    place = 0
    while (part := _PART.match(header, place)) is not None:
        yield part
        place = part.end()
