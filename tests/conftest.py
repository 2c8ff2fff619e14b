"""What every tier shares: an API server or a database for those that ask for one, and which one it is."""

import pytest

pytest_plugins = ["tests.controlplane.fixtures", "tests.postgresql.fixtures"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--cluster",
        choices=("local", "kind"),
        default="local",
        help="where tests/cluster runs: local (etcd and kube-apiserver as plain processes) or kind (needs Docker)",
    )
