"""Lines of the log as JSON."""

from __future__ import annotations

import json
import logging
import sys

from regsweep.controller.logs import JsonFormatter


def test_a_line_is_one_json_object() -> None:
    record = logging.LogRecord("regsweep.x", logging.INFO, __file__, 1, 'run %s\n"quoted"', ("now",), None)
    record.created = 0.25
    line = JsonFormatter().format(record)
    assert "\n" not in line
    assert json.loads(line) == {
        "time": "1970-01-01T00:00:00.250+00:00",
        "level": "info",
        "logger": "regsweep.x",
        "message": 'run now\n"quoted"',
    }


def test_an_exception_is_in_the_line() -> None:
    try:
        raise ZeroDivisionError
    except ZeroDivisionError:
        record = logging.LogRecord("regsweep.x", logging.ERROR, __file__, 1, "failed", (), sys.exc_info())
    assert "ZeroDivisionError" in json.loads(JsonFormatter().format(record))["exception"]
