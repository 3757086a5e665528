"""JSONPath (RFC 9535) for policies: no path takes longer than its object is large, and none can hang a run.

`match` and `search` use RE2. What multiplies the size of an object with itself is refused.
"""

from __future__ import annotations

import re2
from jsonpath_rfc9535 import JSONPathEnvironment, JSONPathQuery
from jsonpath_rfc9535.function_extensions import ExpressionType, FilterFunction

_MAXIMUM_MEMORY = 1 << 20


class _Expression(FilterFunction):
    """I-Regexp (RFC 9485) is a part of RE2's syntax. What is no expression matches nothing, as the RFC says."""

    arg_types: list[ExpressionType] = [ExpressionType.VALUE, ExpressionType.VALUE]  # noqa: RUF012
    return_type = ExpressionType.LOGICAL

    def __init__(self, frame: str) -> None:
        self._frame = frame

    def __call__(self, string: object, pattern: object) -> bool:
        if not isinstance(string, str) or not isinstance(pattern, str):
            return False
        options = re2.Options()
        options.log_errors = False
        options.max_mem = _MAXIMUM_MEMORY
        try:
            return re2.compile(self._frame.format(pattern), options).search(string) is not None
        except re2.error:
            return False


class _Environment(JSONPathEnvironment):
    def setup_function_extensions(self) -> None:
        super().setup_function_extensions()
        self.function_extensions["match"] = _Expression(r"\A(?:{})\z")
        self.function_extensions["search"] = _Expression("(?:{})")


_ENVIRONMENT = _Environment()
_DESCENTS = 2
_COMMAS = 8


def compile_path(path: str) -> JSONPathQuery:
    """Raises JSONPathError, whose first argument says what is wrong."""
    return _ENVIRONMENT.compile(path)


def check_cost(path: str) -> None:
    """Raises ValueError for a path that visits the same parts of an object again and again."""
    _, is_filtered, rest = path.partition("?")
    if is_filtered and ("$" in rest or ".." in rest):
        raise ValueError("has '$' or '..' in or after a filter, which costs too much: look from @, step by step")
    if path.count("..") > _DESCENTS:
        raise ValueError(f"has more than {_DESCENTS} times '..', which costs too much: name the steps")
    if path.count(",") > _COMMAS:
        raise ValueError(f"has more than {_COMMAS} times ',', which costs too much: make it several entries")
