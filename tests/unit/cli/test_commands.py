"""Commands are read when they are asked for."""

import subprocess
import sys

import click
import pytest

from deploytrail.cli import main
from deploytrail.cli.main import COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_found_under_its_name(name: str) -> None:
    command = main.get_command(click.Context(main), name)

    assert command is not None
    assert command.name == name


def test_another_word_is_no_command() -> None:
    assert main.get_command(click.Context(main), "sys") is None


@pytest.mark.parametrize("heavy", ["kopf", "kubernetes", "fastapi", "sqlalchemy", "pydantic"])
def test_a_ci_job_does_not_wait_for_what_only_the_operator_needs(heavy: str) -> None:
    assert not loads("report", heavy)


@pytest.mark.parametrize("heavy", ["kopf", "kubernetes", "fastapi", "sqlalchemy", "pydantic", "yaml"])
@pytest.mark.parametrize("command", ["get", "watch"])
def test_nobody_who_looks_waits_for_what_only_the_operator_needs(command: str, heavy: str) -> None:
    assert not loads(command, heavy)


def loads(command: str, module: str) -> bool:
    look = f"import sys, deploytrail.cli.main, deploytrail.cli.{command}; sys.exit({module!r} in sys.modules)"
    return subprocess.run([sys.executable, "-c", look], check=False).returncode != 0
