"""A skipped test is a failure wherever everything that it needs is promised."""

import os

# Tests count small batches, over which threads wait for each other; libraries read this when they are imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if os.environ.get("CI") and skipped and session.exitstatus == pytest.ExitCode.OK:
        print(f"\n{len(skipped)} skipped test(s) count as failures here")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
