"""What is made of pip-audit's report, and of none."""

import pytest

from tools.audit import LOCK, Found, first_requirement, read, verdict

REPORT = {
    "dependencies": [
        {"name": "fine", "version": "1.0", "vulns": []},
        {"name": "old", "version": "2.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1"]}]},
        {"name": "private", "skip_reason": "not found"},
    ]
}


def test_a_report_is_read() -> None:
    assert read(REPORT) == Found(("old 2.0: PYSEC-1, fixed in 2.1",), ("private: not found",))


@pytest.mark.parametrize(
    ("found", "code", "said"),
    [
        (Found((), ()), 0, "vulnerabilities: none known"),
        (Found(("old 2.0: PYSEC-1",), ()), 1, "vulnerabilities:\nold 2.0: PYSEC-1"),
        (Found((), ("private: not found",)), 1, "vulnerabilities:\nprivate: not found"),
        (None, 0, "vulnerabilities: NOT CHECKED, because the database cannot be reached from here (no route)"),
    ],
)
def test_what_could_not_be_learned_of_one_package_fails_and_of_none_is_said(
    found: Found | None, code: int, said: str
) -> None:
    assert verdict(found, "no route") == (code, said)


def test_the_first_package_of_the_lock_comes_with_its_hashes() -> None:
    first = first_requirement(LOCK.read_text())

    assert first.count("==") == 1
    assert "--hash=sha256:" in first.splitlines()[-1]
