"""What every tier shares: which cluster the tests under tests/cluster run on."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--cluster",
        choices=("local", "kind"),
        default="local",
        help="where tests/cluster runs: local (etcd and kube-apiserver as plain processes) or kind (needs Docker)",
    )
