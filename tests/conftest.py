"""What holds for every test: a run that leaves tests out fails when asked to; how hard properties are tried; where
files go.

A test that cannot run here is not skipped: what needs a registry or a cluster is run by naming its folder.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

EXAMPLES = int(os.environ.get("EXAMPLES") or 2000)
"""How often a promise is tried (tests/property/test_promises.py). Other properties: no more than 2,000 times."""

settings.register_profile("fast", max_examples=30, deadline=None)
settings.register_profile(
    "ci",
    max_examples=min(EXAMPLES, 2000),
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],  # two busy cores are no property of the code
)
settings.load_profile("fast")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--fail-on-skip",
        action="store_true",
        help="end with status 1 if any test was skipped or expected to fail, or if none ran",
    )


MEMORY = Path("/dev/shm")
MEMORY_NEEDED = 2 * 1024**3


def pytest_configure(config: pytest.Config) -> None:
    # A registry and a SQLite file on a disk wait for the disk alone. Said to child processes too.
    if "TMPDIR" not in os.environ and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > MEMORY_NEEDED:
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)
    if config.getoption("--fail-on-skip"):
        config.pluginmanager.register(NothingLeftOut(), "nothing-left-out")


class NothingLeftOut:
    """Counts what ran and names what did not. Works in the process that reports, also under xdist."""

    def __init__(self) -> None:
        self.ran = 0
        self.left_out: list[str] = []

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self.left_out.append(f"{report.nodeid} (skipped as a whole)")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if hasattr(report, "wasxfail"):
            self.left_out.append(f"{report.nodeid} (expected to fail)")
        elif report.skipped:
            self.left_out.append(f"{report.nodeid} (skipped)")
        elif report.when == "call":
            self.ran += 1

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        # A worker of xdist sees only its share: the process that reports decides.
        if hasattr(session.config, "workerinput") or session.config.option.collectonly:
            return
        if self.left_out or not self.ran:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.left_out:
            terminalreporter.section("left out, so this run does not count", red=True)
            for line in sorted(set(self.left_out)):
                terminalreporter.line(line)
        elif not self.ran:
            terminalreporter.section("no test ran, so this run does not count", red=True)
