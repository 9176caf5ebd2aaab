"""What all tests share: on a machine that must be able to run everything, a skipped test is a failed one."""

import os
from collections.abc import Generator

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)  # a busy machine is no fault
settings.load_profile("untimed")


def pytest_configure(config: pytest.Config) -> None:
    os.environ["SVCLAB_CACHE_MUTATION_DETECTOR"] = "true"  # for the processes that tests start as well
    config.addinivalue_line("markers", "optional(reason): may be skipped even where SVCLAB_REQUIRE_ALL is set")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    must_run = os.environ.get("SVCLAB_REQUIRE_ALL") and not item.get_closest_marker("optional")
    if report.skipped and must_run and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, but SVCLAB_REQUIRE_ALL is set: {report.longrepr}"
    return report
