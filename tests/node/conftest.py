"""What the tests in this folder run on: a node of this machine's own, or kind; and the product in pods of it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.controlplane.build import BuildFailed
from tests.controlplane.fixtures import kind_program
from tests.controlplane.golang import NoGo
from tests.node.images import ImageFailed
from tests.node.kind import Kind
from tests.node.machine import Unfit, prepare
from tests.node.node import Node
from tests.node.sources import current

Say = Callable[[str], None]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """What kind has put on the machine it removes itself."""
    return True if collection_path.name == "test_removal.py" and config.getoption("cluster") == "kind" else None


@pytest.fixture(scope="session")
def say(request: pytest.FixtureRequest) -> Say:
    """Prints what was measured, also when all is well."""
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def print_it(line: str) -> None:
        with capture.global_and_fixture_disabled():
            print(f"\n    {line}", flush=True)

    return print_it


@pytest.fixture(scope="session")
def node(request: pytest.FixtureRequest) -> Iterator[Node | Kind]:
    """A cluster that runs pods and has the product's image. Where there can be none, the run ends as a failure."""
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with ExitStack() as stack:
        with capture.global_and_fixture_disabled():  # what takes minutes is to be seen
            try:
                cluster = _kind(request) if request.config.getoption("cluster") == "kind" else _own(stack)
                cluster.load_product(current())
                cluster.load_tools(current())
            except (Unfit, NoGo, BuildFailed, ImageFailed) as refused:
                pytest.exit(f"no pod can run here: {refused}", returncode=1)
        yield cluster


def _own(stack: ExitStack) -> Node:
    prepare()
    return stack.enter_context(Node())


def _kind(request: pytest.FixtureRequest) -> Kind:
    program = kind_program()
    request.config.option.kind_bin = request.config.option.kind_bin or program
    cluster = request.getfixturevalue("kind_cluster")
    return Kind(Path(cluster.kubeconfig_path).absolute(), cluster.name, program)
