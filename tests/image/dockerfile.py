"""A Dockerfile's build stage, done without Docker: its own COPY and RUN lines, in folders of a test's own."""

import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Instruction:
    """One instruction, its continued lines joined."""

    word: str
    rest: str


@dataclass(frozen=True)
class Stage:
    """What stands between one FROM and the next."""

    base: str
    instructions: tuple[Instruction, ...]

    def all(self, word: str) -> list[str]:
        """The arguments of every such instruction, in order."""
        return [instruction.rest for instruction in self.instructions if instruction.word == word]

    @property
    def environment(self) -> dict[str, str]:
        """What its ENV lines set."""
        pairs = (pair.partition("=") for rest in self.all("ENV") for pair in shlex.split(rest))
        return {name: value for name, _, value in pairs}


def read(text: str) -> list[Stage]:
    """The stages of a Dockerfile. Of its syntax, this knows what ours uses."""
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    found = [
        Instruction(*line.strip().split(maxsplit=1))
        for line in re.sub(r"\\\n", " ", lines).splitlines()
        if line.strip()
    ]
    starts = [index for index, instruction in enumerate(found) if instruction.word == "FROM"]
    ends = [*starts[1:], len(found)]
    return [Stage(found[start].rest, tuple(found[start + 1 : end])) for start, end in zip(starts, ends, strict=True)]


def build(stage: Stage, context: Path, folder: Path) -> dict[str, Path]:
    """Do what the stage says, with ``folder`` for the root of its file system.

    Returns where its ENV lines that name a folder point to now. CalledProcessError when a command fails.
    """
    moved = {name: folder / value.lstrip("/") for name, value in stage.environment.items() if value.startswith("/")}
    (work,) = stage.all("WORKDIR")
    source = folder / work.lstrip("/")
    source.mkdir(parents=True)
    # The cache of the machine spares the network; what is installed is the same, or its hash would be refused.
    others = {name: value for name, value in stage.environment.items() if name != "PIP_NO_CACHE_DIR"}
    environment = os.environ | others | {name: str(path) for name, path in moved.items()}
    for instruction in stage.instructions:
        if instruction.word == "COPY":
            _copy(context, source, *instruction.rest.split())
        elif instruction.word == "RUN":
            subprocess.run(["sh", "-euc", instruction.rest], cwd=source, env=environment, check=True)
    return moved


def _copy(context: Path, source: Path, *names: str) -> None:
    *what, to = names
    for name in what:
        if (context / name).is_dir():
            shutil.copytree(context / name, source / to, ignore=shutil.ignore_patterns("__pycache__", "vendor"))
        else:
            shutil.copy(context / name, source / to)
