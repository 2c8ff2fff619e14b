"""deploytrail keys import on a terminal: the key is asked for, and not shown while it is typed."""

import os
import subprocess
import sys
from pathlib import Path

from deploytrail.keys.file import read_keys
from deploytrail.keys.model import digest

QUANTA = "78e64233e09d3d8ec7bf73c4d9ea8a8851badbd216"
OPERATOR = Path(__file__).parents[3] / "operator"


def test_a_key_that_is_typed_is_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    command = [sys.executable, "-m", "deploytrail", "keys", "import", "typed", "--scope=ingest", f"--keys-file={file}"]
    person, terminal = os.openpty()
    environment = os.environ | {"PYTHONPATH": str(OPERATOR)}

    with subprocess.Popen(
        command, stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True, env=environment
    ) as importing:
        os.close(terminal)
        shown = _until(person, b"Key: ")
        os.write(person, f"{QUANTA}\n".encode())
        shown += _until(person, None)
    os.close(person)

    assert importing.returncode == 0
    assert b"Imported the key typed." in shown
    assert QUANTA.encode() not in shown
    assert [key.digest for key in read_keys(file)] == [digest(QUANTA)]


def _until(terminal: int, text: bytes | None) -> bytes:
    """What is shown up to this text, or to the end."""
    shown = b""
    while text is None or text not in shown:
        try:
            chunk = os.read(terminal, 1024)
        except OSError:  # how a terminal says that the process has ended
            break
        if not chunk:
            break
        shown += chunk
    return shown
