"""Patterns for repositories and tags: globs, or RE2 expressions between slashes. Both run in linear time.

A glob matches the whole name. `*` and `?` do not cross a slash, `**` does: `a/**` is everything below `a` (not `a`
itself), `**/b` is every `b` at any depth, the top too. `{a,b}` is either, and nests; `[a-z]` is a class, `[!a-z]` its
opposite; neither matches a slash. A character that no name can hold is refused: most often it is an expression whose
slashes were forgotten.

An expression matches anywhere in the name, as Kubernetes users expect of RE2: anchor it with `^` and `$`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import re2

_NAME = re.compile(r"[A-Za-z0-9._/-]+")
"""What repositories and tags are made of (OCI distribution spec, names and tags)."""

_CLASS = re.compile(r"\[([!^]?)([A-Za-z0-9._-]+)\]")
_ACROSS_SLASH = re.compile(r"[.-]-[0-9A-Za-z_]")
_PIECE = re.compile(r"\*+/?|\?|\{|\}|,|\[|" + _NAME.pattern)


@dataclass(frozen=True, slots=True)
class Matcher:
    """A compiled pattern. Stateless; may be shared between threads."""

    expression: Any  # re2 ships no types

    def matches(self, name: str) -> bool:
        return self.expression.search(name) is not None

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
        return Matcher(re2.compile(source, options))
    except re2.error as error:
        detail = error.args[0] if error.args else "cannot be compiled"
        detail = detail.decode(errors="replace") if isinstance(detail, bytes) else detail
        raise ValueError(f"{text!r} is not a regular expression that RE2 understands: {detail}") from None


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
