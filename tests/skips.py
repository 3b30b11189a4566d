"""Hooks of pytest: what a run leaves out is said at its end, and with CI=true fails it.

Only reasons in `needs.MAY_BE_LEFT_OUT` are accepted there.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest

from tests import needs


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    why = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return why.removeprefix("Skipped: ")


def _left_out(config: pytest.Config) -> Counter[str]:
    """How many tests, or files of tests, were left out for each reason."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    return Counter(_reason(report) for report in skipped)


def _not_accepted(config: pytest.Config) -> Counter[str]:
    if os.environ.get("CI") != "true":
        return Counter()
    left_out = _left_out(config)
    return Counter({why: left_out[why] for why in left_out if why not in needs.MAY_BE_LEFT_OUT})


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    in_worker = hasattr(session.config, "workerinput")
    if not in_worker and session.exitstatus == 0 and _not_accepted(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if not (left_out := _left_out(config)):
        return
    refused = _not_accepted(config)
    terminalreporter.section("LEFT OUT OF THIS RUN", sep="*", yellow=True, bold=True)
    for why, count in sorted(left_out.items()):
        verdict = "; with CI=true this fails the run" if why in refused else ""
        terminalreporter.write_line(f"{count} x {why}{verdict}")
    missing = [need for need in needs.NEEDS.values() if not need.path]
    if missing:
        packages = " ".join(package for need in missing for package in need.packages)
        terminalreporter.write_line(f"To have all tested (Debian): apt install {packages}")
