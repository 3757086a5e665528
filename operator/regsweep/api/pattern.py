"""Patterns for repositories and tags: globs, or RE2 expressions between slashes. Both run in linear time.

A glob matches the whole name: `*` and `?` do not cross a slash, `**` does, `{a,b}` is either, `[a-z]` and `[!a-z]` are classes.
An expression matches anywhere in the name, as Kubernetes users expect of RE2: anchor it with `^` and `$`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import re2


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
        """The group `group` if the expression names one, else the first; None without a match, "" for a group that took no part."""
        found = self.expression.search(name)
        if found is None:
            return None
        named = "group" in self.expression.groupindex
        return found.group("group" if named else 1) or ""


def compile_pattern(text: str) -> Matcher:
    """Raises ValueError that names the pattern and says what is wrong with it."""
    source = text[1:-1] if is_expression(text) else glob_to_expression(text)
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
    """The anchored RE2 source of a glob. Raises ValueError for an unclosed class or brace."""
    out, position, depth = [r"\A"], 0, 0
    while position < len(glob):
        char = glob[position]
        if glob.startswith("**/", position):
            out.append("(?:.*/)?")  # `**/app` finds `app` at the top too
            position += 3
            continue
        if glob.startswith("**", position):
            out.append(".*")
            position += 2
            continue
        if char == "[":
            piece, position = _character_class(glob, position)
            out.append(piece)
            continue
        if char in "{}":
            depth += 1 if char == "{" else -1
            if depth < 0:
                break
        out.append(_translate(char, depth))
        position += 1
    if depth:
        raise ValueError(f"{glob!r} is a glob with an unpaired brace")
    return "".join([*out, r"\z"])


def _translate(char: str, depth: int) -> str:
    special = {"*": "[^/]*", "?": "[^/]", "{": "(?:", "}": ")"}
    if char == "," and depth:
        return "|"
    return special.get(char) or re.escape(char)


def _character_class(glob: str, start: int) -> tuple[str, int]:
    """The class that begins at `start`, as RE2 source, and the position behind it."""
    end = glob.find("]", start + 2 + (glob[start + 1 : start + 2] == "!"))
    if end < 0:
        raise ValueError(f"{glob!r} is a glob with an unclosed [")
    inside = glob[start + 1 : end]
    negated = inside.startswith("!")
    content = inside.removeprefix("!").replace("\\", r"\\").replace("[", r"\[").replace("]", r"\]").replace("^", r"\^")
    return f"[{'^/' if negated else ''}{content}]", end + 1
