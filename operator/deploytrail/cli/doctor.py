"""deploytrail doctor."""

import asyncio
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Literal

import click
import orjson

from deploytrail.cli.options import settings_options, tree
from deploytrail.doctor.checks import NAMES
from deploytrail.doctor.examination import examine
from deploytrail.doctor.finding import Finding, Level, exit_code
from deploytrail.settings import Settings, load
from deploytrail.telemetry import configure_logging

_SETTINGS = frozenset(
    {"store", "listen", "sources", "namespace", "kubeconfig", "keys_file", "watch_namespaces", "argocd"}
)
_COLOURS = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "red", Level.SKIP: "bright_black"}
_NAME_WIDTH = 12
_INDENT = " " * 6


@click.command()
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="YAML file with settings.")
@click.option("--url", envvar="DEPLOYTRAIL_URL", default="", metavar="URL", help="Where the endpoint is, if not there.")
@click.option(
    "--timeout", "seconds", type=click.FloatRange(0.1, 60), default=5.0, show_default=True, help="Seconds for a check."
)
@click.option("--check", "only", type=click.Choice(NAMES), multiple=True, help="Only this check; may be repeated.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="How to print.")
@settings_options(Settings, only=_SETTINGS)
def doctor(
    config: Path | None,
    url: str,
    seconds: float,
    only: tuple[str, ...],
    output: Literal["text", "json"],
    **flags: str | None,
) -> None:
    """Say what is wrong with an installation, and what to do about it.

    Run it in the pod, anywhere with a kubeconfig, or where the database is. Where a Deployment of Deploytrail can be
    seen in the namespace, its settings and its ServiceAccount's rights are examined; else what you would run yourself.
    Nothing is changed. All checks run at once: the whole takes three times the --timeout at most.

    Exit code: 0 when nothing fails (warnings are fine), 1 when something does, 2 when the command itself is wrong.
    """
    configure_logging(level="error", style="json")
    given = tree(flags)
    settings = load(given, config)
    findings = asyncio.run(examine(given, config, settings, url=url, only=only or NAMES, seconds=seconds))
    click.echo(orjson.dumps([asdict(each) for each in findings]) if output == "json" else _text(findings))
    sys.exit(exit_code(findings))


def _text(findings: Iterable[Finding]) -> str:
    return "\n".join(_line(finding) for finding in findings)


def _line(finding: Finding) -> str:
    level = click.style(f"{finding.level:<4}", fg=_COLOURS[finding.level])
    advice = "".join(f"\n{_INDENT}{'→ ' if not n else '  '}{line}" for n, line in enumerate(_lines(finding.advice)))
    return f"{level}  {finding.check:<{_NAME_WIDTH}}  {finding.message}{advice}"


def _lines(text: str) -> list[str]:
    return text.splitlines()
