"""What every ``deploytrail report`` command takes, and where it reads the CI system's variables."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from deploytrail.remote.variables import PREFIX
from deploytrail.reporting.body import Kind
from deploytrail.reporting.reporter import Given
from deploytrail.reporting.sending import Patience
from deploytrail.reporting.systems import FIELDS

F = TypeVar("F", bound=Callable[..., Any])

_HELP = {
    "product": "What it is a deployment or build of; else the repository's name.",
    "version": "Its version; else the tag that was built, or the commit.",
    "environment": "Where it is deployed to.",
    "commit": "The commit it was made from.",
    "committed_at": "When that commit was made, as in 2026-11-21T07:25:16Z: lead times begin there.",
    "branch": "The branch.",
    "repository": "The repository, in any spelling; credentials in it are taken out.",
    "build_number": "The number of the CI run.",
    "build_url": "The page of the CI run.",
    "actor": "Who started it.",
    "source_system": "What the CI system is called.",
    "invoke_id": "The id of this attempt: reports that share it are one deployment.",
}


def event_options(*kinds: Kind) -> Callable[[F], F]:
    """Decorate a command with what it takes for an event of those kinds; ``given`` reads it back."""
    fields = [field for field in FIELDS if field != "environment" or Kind.DEPLOYMENT in kinds]

    def decorate(command: F) -> F:
        for option in reversed([*map(_field_option, fields), *_OTHERS]):
            command = option(command)
        return command

    return decorate


def given(flags: Mapping[str, Any]) -> Given:
    """What was said."""
    return Given(
        fields={field: flags.get(field) for field in FIELDS},
        metadata=dict(flags["metadata"]),
        metadata_file=flags["metadata_file"],
        url=flags["url"],
        key_file=flags["key_file"],
        patience=Patience(seconds=flags["timeout"]),
        dry_run=flags["dry_run"],
    )


def variables() -> Mapping[str, str]:
    """The variables of the CI job. The one place besides settings.py that looks at the environment: it is not our
    configuration that is read here, but the subject of the report, which the job's system says in this way alone."""
    return os.environ


def say(text: str) -> None:
    """For a person: standard error, so that scripts can use what stands on standard output."""
    click.echo(f"deploytrail: {text}", err=True)


def _pair(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> list[tuple[str, str]]:
    pairs = [text.partition("=") for text in texts]
    if not all(key and equals for key, equals, _ in pairs):
        raise click.BadParameter("write it as KEY=VALUE")
    return [(key, value) for key, _, value in pairs]


def _field_option(field: str) -> Callable[[F], F]:
    help_text = f"{_HELP[field]}  [env: {PREFIX}{field.upper()}]"
    return click.option(f"--{field.replace('_', '-')}", field, metavar="TEXT", help=help_text)


_OTHERS = (
    click.option(
        "--metadata", multiple=True, callback=_pair, metavar="KEY=VALUE", help="More to keep; may be repeated."
    ),
    click.option(
        "--metadata-file", type=click.Path(path_type=Path), metavar="FILE", help="More to keep, as a JSON object."
    ),
    click.option("--url", metavar="URL", help=f"Where Deploytrail is.  [env: {PREFIX}URL]"),
    click.option(
        "--key-file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help=f"File with the key; else {PREFIX}KEY holds it. The key itself is no flag: others could read it.",
    ),
    click.option(
        "--timeout",
        type=click.FloatRange(min=0.1),
        default=30.0,
        show_default=True,
        metavar="SECONDS",
        help="How long to go on trying to report one state.",
    ),
    click.option("--dry-run", is_flag=True, help="Print what would be sent, and send nothing; needs no key."),
)
