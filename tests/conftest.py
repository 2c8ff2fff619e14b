"""What every tier shares: an API server or a database for those that ask for one, and which one it is."""

import signal

import pytest

pytest_plugins = ["tests.controlplane.fixtures", "tests.postgresql.fixtures"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--cluster",
        choices=("local", "kind"),
        default="local",
        help="where tests/cluster runs: local (etcd and kube-apiserver as plain processes) or kind (needs Docker)",
    )
    parser.addoption(
        "--durability",
        choices=("short", "long"),
        default="short",
        help="tests/durability: a few kills and power cuts, or at least 200 and 50",
    )
    parser.addoption("--seed", type=int, help="tests/durability: what chance does, as an earlier run said")


def pytest_configure() -> None:
    """Signals mean what they usually mean, though whoever started us may have had them ignored (nohup, ``&``)."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
