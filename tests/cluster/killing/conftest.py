"""Prints the table once all rows are played, in whatever process."""

from __future__ import annotations

import pytest

ROW = "kill"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    rows = [
        value for report in reports if report.when == "call" for name, value in report.user_properties if name == ROW
    ]
    if rows:
        terminalreporter.section("version, fault, step; seconds until the last refused push; how the run ended")
        for row in sorted(rows):
            terminalreporter.line(str(row))
