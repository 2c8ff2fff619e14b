"""docs/conformance.md: every check of the four APIs' contract, and the tests that hold us to it.

A test says which checks it is for in its name (``test_c085_c086_and_c087_...``, ``test_c045_to_c066_...``) or in the
name of a case (``"c120_jenkins"``). What has no test stands in tests/untested.txt with the reason.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

CONTRACT, UNTESTED = Path("tests/contract.txt"), Path("tests/untested.txt")

_HEAD = """\
# Conformance

Made by `make generate` from the names of the tests. Do not edit.

What the documents of Versioner, Hivel, Vibe Monitor and Quanta promise their clients, check by check, and our decisions
where they are silent. {tested} checks have tests; {untested} cannot have one yet, and say why.
"""

_NUMBER = re.compile(r"c(\d{3})([a-z]?)(?![a-z0-9])")
_RANGE = re.compile(r"c(\d{3})_to_c(\d{3})")


def conformance(root: Path) -> str:
    """The page. ValueError when a check has neither a test nor a reason, or both, or is in no contract."""
    tests, reasons = _tests(root), _numbered((root / UNTESTED).read_text())
    lines = (root / CONTRACT).read_text().splitlines()
    known = {line.partition(" ")[0] for line in lines if line.startswith("C")}
    _check(known, tests, reasons)
    page = [_HEAD.format(tested=len(known) - len(reasons), untested=len(reasons))]
    for line in lines:
        if line.startswith("# "):
            page.append(f"\n## {line[2:]}\n\n| | check | tests |\n|---|---|---|\n")
            continue
        number, _, text = line.partition(" ")
        shown = "<br>".join(sorted(tests[number])) if number in tests else reasons[number]
        page.append(f"| {number} | {_cell(text)} | {_cell(shown)} |\n")
    return "".join(page)


def _check(known: set[str], tests: Mapping[str, set[str]], reasons: Mapping[str, str]) -> None:
    neither, both = sorted(known - tests.keys() - reasons.keys()), sorted(tests.keys() & reasons.keys())
    stray = sorted((tests.keys() | reasons.keys()) - known)
    for wrong, sentence in ((neither, "no test and no reason"), (both, "a test and a reason"), (stray, "no contract")):
        if wrong:
            raise ValueError(f"{', '.join(wrong)}: {sentence}")


def _tests(root: Path) -> dict[str, set[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for path in sorted((root / "tests").rglob("test_*.py")):
        for name in _names(path.read_text()):
            for number in _checks(name):
                found[number].add(f"`{path.relative_to(root / 'tests')}` {name}")
    return dict(found)


def _names(source: str) -> Iterator[str]:
    """Names of tests, and of cases that start with a check's number."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.FunctionDef(name=name) if name.startswith("test_"):
                yield name
            case ast.Constant(value=str(text)) if re.match(r"c\d{3}(_[a-z_]+)?$", text):
                yield text


def _checks(name: str) -> set[str]:
    spans = {f"C{n:03}" for low, high in _RANGE.findall(name) for n in range(int(low), int(high) + 1)}
    return spans | {f"C{number}{letter}" for number, letter in _NUMBER.findall(name.replace("_", " "))}


def _numbered(text: str) -> dict[str, str]:
    return {number: told for number, _, told in (line.partition(" ") for line in text.splitlines())}


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
