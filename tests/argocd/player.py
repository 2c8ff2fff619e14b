"""Play Argo CD against an API server: ``python -m tests.argocd.player --help``."""

import argparse
import os
from pathlib import Path

from tests.argocd.applications import ClusterApplications
from tests.argocd.controller import Player
from tests.argocd.pace import Pace
from tests.argocd.scenarios import SCENARIOS
from tests.argocd.shapes import Setup
from tests.argocd.stream import play_stream

__all__ = ["SCENARIOS", "ClusterApplications", "Pace", "Player", "Setup", "main", "play_stream"]


def main(arguments: list[str] | None = None) -> None:
    """Play one scenario or one stream, then end."""
    asked = _parser().parse_args(arguments)
    pace = Pace(speed=asked.speed)
    with ClusterApplications(asked.kubeconfig, asked.namespace) as applications:
        if asked.stream:
            shift = asked.shift_to_now
            play_stream(asked.stream, applications, namespace=asked.namespace, pace=pace, shift_to_now=shift)
        else:
            setup = Setup(name=asked.name, namespace=asked.namespace, environment=asked.environment)
            SCENARIOS[asked.scenario](applications, setup, pace)


def _parser() -> argparse.ArgumentParser:
    here = os.environ.get("KUBECONFIG")
    parser = argparse.ArgumentParser(prog="python -m tests.argocd.player", description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, default=here, required=here is None, help="default: $KUBECONFIG")
    parser.add_argument("--namespace", default="argocd", help="where Applications live (argocd)")
    parser.add_argument("--speed", type=float, default=1.0, help="2 is twice as fast, inf does not wait at all")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--scenario", choices=SCENARIOS)
    what.add_argument("--stream", type=Path, help="a recorded NN-name.watch.jsonl")
    parser.add_argument("--name", default="web", help="of a scenario's Application (web)")
    parser.add_argument("--environment", default="production", help="the namespace a scenario deploys to (production)")
    parser.add_argument("--shift-to-now", choices=("start", "end"), help="which end of a stream is the present moment")
    return parser


if __name__ == "__main__":
    main()
