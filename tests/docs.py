"""The commands of pages under docs/, run as they stand there."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def blocks(page: str, heading: str = "") -> list[str]:
    """The sh blocks of a page, or of one of its sections."""
    text = (DOCS / page).read_text()
    if heading:
        text = text.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return [textwrap.dedent(block) for block in re.findall(r"^ *```sh\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)]


def run(script: str, folder: Path, **environment: str) -> str:
    """What it prints; the first command that fails is an error of the test. ``deploytrail`` is ours."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("DEPLOYTRAIL_", "KUBE"))}
    path = os.pathsep.join([environment.pop("PATH", ""), str(Path(sys.executable).parent), os.environ["PATH"]])
    with (folder / "printed").open("w+") as printed, (folder / "complaints").open("w+") as complaints:
        process = subprocess.Popen(
            ["sh", "-euc", script],
            stdout=printed,
            stderr=complaints,
            cwd=folder,
            env=own | environment | {"PATH": path},
            start_new_session=True,
        )
        code = process.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # what it left in the background
        complaints.seek(0)
        assert code == 0, complaints.read()
        printed.seek(0)
        return printed.read()
