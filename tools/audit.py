"""Whether a vulnerability is known of anything that is locked: ``python -m tools.audit``, with pip-audit.

Where its database cannot be reached, that is said, and nothing is found fault with.
"""

import json
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LOCK = Path(__file__).parent.parent / "requirements.lock"


@dataclass(frozen=True)
class Found:
    """What pip-audit says of some packages."""

    vulnerable: tuple[str, ...]
    unknown: tuple[str, ...]
    """Of which nothing could be learned, and why."""


def read(report: dict[str, Any]) -> Found:
    """pip-audit's JSON."""
    packages = report["dependencies"]
    vulnerable = [
        f"{each['name']} {each['version']}: {flaw['id']}, fixed in {', '.join(flaw['fix_versions']) or 'none yet'}"
        for each in packages
        for flaw in each.get("vulns", [])
    ]
    unknown = [f"{each['name']}: {each['skip_reason']}" for each in packages if "skip_reason" in each]
    return Found(tuple(vulnerable), tuple(unknown))


def first_requirement(lock: str) -> str:
    """The first package of a lock, with its hashes."""
    found = re.search(r"^\S+==.*?(?<!\\)$", lock, re.MULTILINE | re.DOTALL)
    if found is None:
        raise ValueError("the lock holds no package")
    return found.group(0) + "\n"


def verdict(found: Found | None, reason: str = "") -> tuple[int, str]:
    """The exit code, and what to say; None when the database did not answer."""
    if found is None:
        return 0, f"vulnerabilities: NOT CHECKED, because the database cannot be reached from here ({reason})"
    if found.vulnerable or found.unknown:
        return 1, "\n".join(["vulnerabilities:", *found.vulnerable, *found.unknown])
    return 0, "vulnerabilities: none known"


def _audit(requirements: Path) -> tuple[Found | None, str]:
    asked = [sys.executable, "-m", "pip_audit", f"--requirement={requirements}", "--require-hashes", "--disable-pip"]
    done = subprocess.run([*asked, "--format=json", "--progress-spinner=off"], capture_output=True, text=True)
    try:
        return read(json.loads(done.stdout)), ""
    except ValueError:
        return None, (done.stderr.strip().splitlines() or ["pip-audit said nothing"])[-1][:200]


def _audit_all() -> tuple[Found | None, str]:
    """Asks of one package first: where that is not answered, the others would not be either."""
    with tempfile.TemporaryDirectory() as folder:
        one = Path(folder) / "requirements.txt"
        one.write_text(first_requirement(LOCK.read_text()))
        first, reason = _audit(one)
    if first is None:
        return None, reason
    return (None, first.unknown[0]) if first.unknown else _audit(LOCK)


def main() -> int:
    """Audit what is locked; 1 when something is wrong with it."""
    code, said = verdict(*_audit_all())
    print(said)
    return code


if __name__ == "__main__":
    sys.exit(main())
