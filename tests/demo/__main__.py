"""The demo: ``make demo``. A cluster of its own, the chart installed, Argo CD played, CI and kubectl reporting."""

import argparse
import sys

from tests.demo.checks import promised
from tests.demo.scenes import play_all
from tests.demo.screen import Screen
from tests.demo.stage import Stage


def main() -> int:
    """Show everything; with ``--once`` check it and end, else stay until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m tests.demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="check what was promised and end")
    once = parser.parse_args().once
    screen = Screen()
    try:
        with Stage(screen, port=0 if once else 8080) as stage:
            play_all(stage, screen)
            broken = promised(stage)
            if once:
                return screen.verdict(broken)
            screen.farewell(stage)
            stage.wait()
    except KeyboardInterrupt:
        screen.say("\nStopped; nothing is left behind.")
    return 0


sys.exit(main())
