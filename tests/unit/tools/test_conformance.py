"""The page of checks: every check has its tests or its reason, and nothing is claimed that is in no contract."""

from pathlib import Path

import pytest

from tools.conformance import conformance


def tree(root: Path, *, contract: str, untested: str = "", test: str = "") -> Path:
    (root / "tests").mkdir()
    (root / "tests/contract.txt").write_text(contract)
    (root / "tests/untested.txt").write_text(untested)
    (root / "tests/test_it.py").write_text(test)
    return root


def test_names_ranges_and_cases_are_all_found(tmp_path: Path) -> None:
    test = 'CASES = {"c005_jenkins": 1}\ndef test_c001_and_c091b_hold(): ...\ndef test_c002_to_c004_are_read(): ...\n'
    numbers = ("C001", "C002", "C003", "C004", "C005", "C091b")

    page = conformance(
        tree(tmp_path, contract="# Part\n" + "".join(f"{n} Something | or other.\n" for n in numbers), test=test)
    )

    assert "## Part" in page
    assert "| C001 | Something \\| or other. | `test_it.py` test_c001_and_c091b_hold |" in page
    assert "| C003 | Something \\| or other. | `test_it.py` test_c002_to_c004_are_read |" in page
    assert "| C005 | Something \\| or other. | `test_it.py` c005_jenkins |" in page
    assert "6 checks have tests; 0 cannot" in page


def test_a_reason_stands_in_the_place_of_a_test(tmp_path: Path) -> None:
    page = conformance(tree(tmp_path, contract="C001 Something.\n", untested="C001 Not built.\n"))

    assert "| C001 | Something. | Not built. |" in page


@pytest.mark.parametrize(
    ("contract", "untested", "test", "wrong"),
    [
        ("C001 Something.\n", "", "", "C001: no test and no reason"),
        ("C001 Something.\n", "C001 Why.\n", "def test_c001_x(): ...\n", "C001: a test and a reason"),
        ("", "", "def test_c009_x(): ...\n", "C009: no contract"),
    ],
)
def test_gaps_and_contradictions_are_errors(
    tmp_path: Path, contract: str, untested: str, test: str, wrong: str
) -> None:
    with pytest.raises(ValueError, match=wrong):
        conformance(tree(tmp_path, contract=contract, untested=untested, test=test))
