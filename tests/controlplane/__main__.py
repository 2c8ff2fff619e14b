"""A control plane to try things on by hand: ``python -m tests.controlplane``, until Ctrl-C."""

import signal

from tests.controlplane.server import ControlPlane


def main() -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ControlPlane() as cluster:
        print(f"export KUBECONFIG={cluster.kubeconfig}", flush=True)
        try:
            signal.pause()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
