"""What a power cut must not take."""

import os
from pathlib import Path


def sync_folder(path: Path) -> None:
    """Have the disk know which files a folder holds: fsync of a file does not say that it is there. OSError."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
