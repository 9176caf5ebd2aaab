"""Commands inside of a machine."""

import pytest

from svclab.cluster.netns.execute import roots_path


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/usr/bin:/bin", "/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"),
        ("/sbin:/own", "/sbin:/own:/usr/local/sbin:/usr/sbin"),
        ("/usr/local/sbin:/usr/sbin:/sbin", "/usr/local/sbin:/usr/sbin:/sbin"),
    ],
)
def test_programs_of_root_are_found_last(path: str, expected: str) -> None:
    assert roots_path(path) == expected
