"""A node to try things on by hand, with the product's image: ``python -m tests.node``, as root, until Ctrl-C."""

import signal
import sys

from tests.controlplane.build import BuildFailed, program
from tests.controlplane.golang import NoGo
from tests.node.images import ImageFailed
from tests.node.machine import Unfit, prepare
from tests.node.node import Node
from tests.node.sources import current


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        prepare()
        with Node() as node:
            node.load_product(current())
            print(
                f"export KUBECONFIG={node.kubeconfig} PATH={program('kubectl').parent}:{program('helm').parent}:$PATH"
            )
            print("helm install deploytrail charts/deploytrail -n deploytrail --create-namespace", flush=True)
            signal.pause()
    except KeyboardInterrupt:
        return 0
    except (Unfit, NoGo, BuildFailed, ImageFailed) as refused:
        print(refused, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
