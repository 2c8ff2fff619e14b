"""Ready-made plays for the demo and the tests: each begins with an Application that runs version 1 since yesterday."""

from collections.abc import Callable
from dataclasses import replace

from tests.argocd.applications import Applications
from tests.argocd.controller import BREAKS, ROLLS_OUT, UNFINISHED, Player
from tests.argocd.pace import Pace
from tests.argocd.shapes import Setup, commit

Scenario = Callable[[Applications, Setup, Pace], None]


def image(setup: Setup, version: int) -> str:
    """The image of that version of the Application."""
    return f"registry.example.com/{setup.environment}/{setup.name}:{version}.0.0"


def revision(setup: Setup, version: int) -> str:
    """The commit of that version of the Application."""
    return commit(f"{setup.name} {version}")


def healthy_rollout(applications: Applications, setup: Setup, pace: Pace) -> None:
    """An automated sync that rolls out: one success."""
    player = _begin(applications, setup, pace)
    player.sync(revision(setup, 2), images=[image(setup, 2)])


def failed_sync(applications: Applications, setup: Setup, pace: Pace) -> None:
    """Alice syncs manifests that the API server refuses: one failure, and version 1 is still what runs."""
    player = _begin(applications, replace(setup, automated=False), pace)
    refused = f'Deployment.apps "{setup.name}" is invalid: spec.replicas: Invalid value: -1'
    player.sync(revision(setup, 2), by="alice", images=[image(setup, 2)], fails=refused)


def degraded_rollout(applications: Applications, setup: Setup, pace: Pace) -> None:
    """An automated sync succeeds, and what it brought never becomes ready: one failure."""
    player = _begin(applications, setup, pace)
    player.sync(revision(setup, 2), images=[image(setup, 2)], health=BREAKS)


def superseded(applications: Applications, setup: Setup, pace: Pace) -> None:
    """Version 3 comes while version 2 still rolls out: one without a verdict, then one success."""
    player = _begin(applications, setup, pace)
    player.sync(revision(setup, 2), images=[image(setup, 2)], health=UNFINISHED)
    pace.wait(4)
    player.sync(revision(setup, 3), images=[image(setup, 3)], health=ROLLS_OUT)


def dry_run(applications: Applications, setup: Setup, pace: Pace) -> None:
    """Alice rehearses version 2: no deployment at all."""
    player = _begin(applications, replace(setup, automated=False), pace)
    player.dry_run(revision(setup, 2), by="alice")
    pace.wait(10)
    player.refresh()


def self_heal_after_sync(applications: Applications, setup: Setup, pace: Pace) -> None:
    """An automated sync, then at once Argo CD's own partial sync of the same commit: one success that counts."""
    player = _begin(applications, setup, pace)
    player.sync(revision(setup, 2), images=[image(setup, 2)], heals=True)


def rollback(applications: Applications, setup: Setup, pace: Pace) -> None:
    """Alice brings version 2, does not like it and goes back to version 1: two successes, the second a rollback."""
    player = _begin(applications, replace(setup, automated=False), pace)
    player.sync(revision(setup, 2), by="alice", images=[image(setup, 2)])
    pace.wait(10)
    player.rollback(revision(setup, 1), by="alice", images=[image(setup, 1)])


SCENARIOS: dict[str, Scenario] = {
    play.__name__: play
    for play in (healthy_rollout, failed_sync, degraded_rollout, superseded, dry_run, self_heal_after_sync, rollback)
}


def _begin(applications: Applications, setup: Setup, pace: Pace) -> Player:
    player = Player(applications, setup, pace)
    player.create(revision(setup, 1), [image(setup, 1)])
    pace.wait(2)
    return player
