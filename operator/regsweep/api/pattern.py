"""Patterns for repositories and tags: globs, or RE2 expressions between slashes. Both run in linear time.

A glob matches the whole name. `*` and `?` do not cross a slash, `**` does: `a/**` is everything below `a` (not `a`
itself), `**/b` is every `b` at any depth, the top too. `{a,b}` is either, and nests; `[a-z]` is a class, `[!a-z]` its
opposite; neither matches a slash. A character that no name can hold is refused: most often it is an expression whose
slashes were forgotten.

An expression matches anywhere in the name, as Kubernetes users expect of RE2: anchor it with `^` and `$`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import re2

_NAME = re.compile(r"[A-Za-z0-9._/-]+")
"""What repositories and tags are made of (OCI distribution spec, names and tags)."""

_CLASS = re.compile(r"\[([!^]?)([A-Za-z0-9._-]+)\]")
_ACROSS_SLASH = re.compile(r"[.-]-[0-9A-Za-z_]")
_PIECE = re.compile(r"\*+/?|\?|\{|\}|,|\[|" + _NAME.pattern)


_PLAIN = re.compile(r"(?P<before>\*{0,2})(?P<text>[A-Za-z0-9._/-]*)(?P<after>\*{0,2})")


@dataclass(frozen=True, slots=True)
class Matcher:
    """A compiled pattern. Stateless; may be shared between threads.

    `matches` tells whether a name does. Most globs are a text with a star before or after it: for these it compares
    strings, which says the same ten times as fast.
    """

    expression: Any  # re2 ships no types
    matches: Callable[[str], bool]

    @property
    def has_group(self) -> bool:
        return bool(self.expression.groups >= 1)

    def group(self, name: str) -> str | None:
        """The group called `group`, else the first; None without a match, "" for a group that took no part."""
        found = self.expression.search(name)
        if found is None:
            return None
        named = "group" in self.expression.groupindex
        return found.group("group" if named else 1) or ""


def compile_pattern(text: str) -> Matcher:
    """Raises ValueError that names the pattern and says what is wrong with it."""
    source = text[1:-1] if is_expression(text) else glob_to_expression(text)
    if not source:
        raise ValueError(f"{text!r} is an empty regular expression, which matches every name: write ** for all of them")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 4 << 20
    try:
        expression = re2.compile(source, options)
    except re2.error as error:
        detail = error.args[0] if error.args else "cannot be compiled"
        detail = detail.decode(errors="replace") if isinstance(detail, bytes) else detail
        raise ValueError(f"{text!r} is not a regular expression that RE2 understands: {detail}") from None
    plain = None if is_expression(text) else _plain(text)
    return Matcher(expression, plain or (lambda name: expression.search(name.encode()) is not None))


def is_expression(text: str) -> bool:
    return len(text) > 1 and text.startswith("/") and text.endswith("/")


def glob_to_expression(glob: str) -> str:
    """The anchored RE2 source of a glob. Raises ValueError for what is no glob, with the fix."""
    out, position, depth = [r"\A(?:"], 0, 0
    while position < len(glob):
        piece = _piece(glob, position)
        position += len(piece)
        depth += (piece == "{") - (piece == "}")
        if depth < 0 or (piece == "," and not depth):
            raise ValueError(f"{glob!r} is a glob with a {piece} outside of braces: write {{a,b}} for either of two")
        out.append(_translate(piece, begins_part=glob[: position - len(piece)][-1:] in {"", "/", "{", ","}))
    if depth:
        raise ValueError(f"{glob!r} is a glob with an unpaired brace: close it with }}")
    return "".join([*out, r")\z"])


def _plain(glob: str) -> Callable[[str], bool] | None:
    """What a glob of one text and stars around it says, by comparing strings; None for any other glob."""
    found = _PLAIN.fullmatch(glob)
    if found is None or (found["before"] and found["after"]) or glob.startswith("**/"):
        return None
    text, stars = found["text"], found["before"] or found["after"]
    if not stars:
        return lambda name: name == text
    if found["before"]:
        return lambda name: name.endswith(text) and (stars == "**" or "/" not in name[: len(name) - len(text)])
    return lambda name: name.startswith(text) and (stars == "**" or "/" not in name[len(text) :])


def _piece(glob: str, position: int) -> str:
    if glob[position] == "[":
        found = _CLASS.match(glob, position)
        if not found or _ACROSS_SLASH.search(found[2]):
            raise ValueError(
                f"{glob!r} is a glob with an unclosed [ or a class that is none: "
                "write [abc], [a-z] or [!a-z], of letters, digits, dot, underscore and hyphen"
            )
        return found.group()
    piece = _PIECE.match(glob, position)
    if not piece:
        raise ValueError(
            f"{glob!r} is a glob with {glob[position]!r}, which no name holds: "
            "put a regular expression between slashes, as /^v[0-9]+$/"
        )
    return piece.group()


def _translate(piece: str, *, begins_part: bool) -> str:
    simple = {"?": "[^/]", "{": "(?:", "}": ")", ",": "|", "*": "[^/]*", "*/": "[^/]*/"}
    if piece in simple:
        return simple[piece]
    if piece.startswith("*"):
        below = piece.endswith("/")
        return "(?:.*/)?" if below and begins_part else ".*/" if below else ".*"
    if piece.startswith("["):
        negated = piece[1] in "!^"
        content = re.sub(r"^-|-$", r"\-", piece[2 if negated else 1 : -1])
        return f"[^/{content}]" if negated else f"[{content}]"
    return re.escape(piece)
