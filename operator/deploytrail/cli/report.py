"""deploytrail report."""

import sys
from typing import Any

import click

from deploytrail.cli.report_options import event_options, given, say, variables
from deploytrail.errors import DeploytrailError, Unavailable
from deploytrail.reporting.body import Kind
from deploytrail.reporting.execution import execute
from deploytrail.reporting.reporter import Reporter, prepare
from deploytrail.reporting.statuses import parse_status

UNREACHABLE = 3

_KINDS = [kind.value for kind in Kind]

_status = click.option(
    "--status",
    required=True,
    metavar="WORD",
    help="pending, started, completed, failed or aborted, or the word that your CI system has for it.",
)
_fail_open = click.option(
    "--fail-open", is_flag=True, help="End with 0 and a warning, whatever goes wrong with reporting."
)


class _Group(click.Group):
    """Says by its exit code that nobody answered: whoever runs the job may want to go on then."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except Unavailable as error:
            say(str(error))
            sys.exit(UNREACHABLE)


@click.group(cls=_Group)
def report() -> None:
    """Report deployments and builds from a CI job.

    What is not said by flags is found in the variables of GitHub Actions, GitLab CI, Jenkins, Azure Pipelines,
    CircleCI and Bitbucket Pipelines, and in those that docs/ci shows how to set for Tekton, Argo Workflows and
    hooks of Argo CD. A flag wins over its DEPLOYTRAIL_... variable, that over the system's; a flag given empty leaves
    its field out. DEPLOYTRAIL_URL says where to report to, DEPLOYTRAIL_KEY holds the key.

    \b
    Exit codes:
      0  reported
      1  refused: it will not be taken as it is
      2  used or configured wrongly
      3  not reached: nobody took it within --timeout
    """


@report.command()
@_status
@event_options(Kind.DEPLOYMENT)
@_fail_open
def deployment(status: str, fail_open: bool, **flags: Any) -> None:
    """Report a state of a deployment; prints the id of its record.

    Exit codes are those of deploytrail report.
    """
    _tell(Kind.DEPLOYMENT, status, fail_open=fail_open, flags=flags)


@report.command()
@_status
@event_options(Kind.BUILD)
@_fail_open
def build(status: str, fail_open: bool, **flags: Any) -> None:
    """Report a state of a build; prints the id of its record.

    Exit codes are those of deploytrail report.
    """
    _tell(Kind.BUILD, status, fail_open=fail_open, flags=flags)


@report.command("exec", context_settings={"allow_interspersed_args": False})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND...")
@click.option("--kind", type=click.Choice(_KINDS), default=_KINDS[0], show_default=True, help="What it does.")
@event_options(*Kind)
@click.option("--strict", is_flag=True, help="Do not run what cannot be reported, and fail when its end cannot be.")
def exec_(command: tuple[str, ...], kind: str, strict: bool, **flags: Any) -> None:
    """Run COMMAND between its reports: started before, completed, failed or aborted after.

    Its output and its exit code are its own, 128 and the signal's number when a signal ended it; signals are passed on
    to it. It is aborted when it was cancelled. When reporting fails, the command runs all the same, with a warning.

    With --strict it is not run then, and when its end cannot be reported and it succeeded, the exit code is that of
    deploytrail report.
    """
    sys.exit(execute(command, _reporter(Kind(kind), flags, strict=strict), strict=strict, warn=_warn))


def _tell(kind: Kind, status: str, *, fail_open: bool, flags: dict[str, Any]) -> None:
    try:
        prepare(kind, given(flags), variables(), say=say, answer=click.echo).tell(parse_status(status))
    except DeploytrailError as error:
        if not fail_open:
            raise
        _warn(f"nothing was reported: {error}")


def _reporter(kind: Kind, flags: dict[str, Any], *, strict: bool) -> Reporter | None:
    try:
        # Standard output is the command's.
        found = prepare(kind, given(flags), variables(), say=say, answer=lambda text: click.echo(text, err=True))
    except DeploytrailError as error:
        if strict:
            raise
        _warn(f"nothing will be reported: {error}")
        return None
    return found.with_invocation()


def _warn(text: str) -> None:
    say(f"warning: {text}")
