"""A CI job: a process with the variables of its system and nothing else of ours."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


def environment(variables: Mapping[str, str], **more: str) -> dict[str, str]:
    """The variables, and what any process needs."""
    own = {name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPATH") if name in os.environ}
    return own | dict(variables) | more


def report(
    variables: Mapping[str, str], *arguments: str, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """``deploytrail report`` with these arguments, run to its end."""
    command = [sys.executable, "-m", "deploytrail", "report", *arguments]
    return subprocess.run(command, env=variables, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
