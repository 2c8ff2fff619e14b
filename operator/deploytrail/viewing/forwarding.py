"""A way to a Deploytrail in a cluster: kubectl's port-forward, for as long as it is needed.

Not the API server's own proxy for Services: it takes the Authorization header for itself and passes on none.
"""

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from deploytrail.errors import Misconfigured, Unavailable
from deploytrail.remote.answers import one_line

SELECTOR = "deploytrail.dev/endpoint=true"
"""The label of the chart's Service that no value changes; those of app.kubernetes.io are its user's to choose."""

START_SECONDS = 30.0
"""How long kubectl may take to find the Service, and then a way to one of its pods."""

POD_SECONDS = 20
"""How long a pod of it may take to run."""

STOP_SECONDS = 5.0

_FORWARDED = re.compile(r"Forwarding from 127\.0\.0\.1:(\d+) ")


@dataclass(frozen=True, slots=True)
class Where:
    """Which cluster, and where in it; None leaves it to kubectl, or to what is found."""

    kubeconfig: str | None = None
    context: str | None = None
    namespace: str | None = None
    service: str | None = None

    def command(self, *arguments: str) -> list[str]:
        """Such a command of kubectl there."""
        options = {"--kubeconfig": self.kubeconfig, "--context": self.context}
        return ["kubectl", *(f"{name}={value}" for name, value in options.items() if value), *arguments]


@dataclass(frozen=True, slots=True)
class Service:
    """The Service of a Deploytrail."""

    namespace: str
    name: str
    port: int


@contextmanager
def forwarded(where: Where) -> Iterator[str]:
    """The URL under which the Deploytrail there is reached until the end. Raises Misconfigured or Unavailable."""
    if shutil.which("kubectl") is None:
        raise Misconfigured("kubectl is not there to find a way into the cluster: install it, or say --url")
    service = find(where)
    command = where.command("port-forward", f"--namespace={service.namespace}", f"service/{service.name}")
    running = subprocess.Popen(  # noqa: S603 - names from the API server, as arguments of their own
        [*command, f":{service.port}", "--address=127.0.0.1", f"--pod-running-timeout={POD_SECONDS}s"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for us, who then stop it
    )
    try:
        yield f"http://127.0.0.1:{_port(running)}"
    finally:
        running.terminate()
        try:
            running.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
        for pipe in (running.stdout, running.stderr):
            if pipe is not None:
                pipe.close()


def find(where: Where) -> Service:
    """The one Service that is meant. Raises Misconfigured when there is none, or several, and says which."""
    scope = [f"--namespace={where.namespace}"] if where.namespace else ["--all-namespaces"]
    named = [f"--field-selector=metadata.name={where.service}"] if where.service else [f"--selector={SELECTOR}"]
    found = _services(_run(where.command("get", "services", *scope, *named, "--output=json")))
    if len(found) == 1:
        return found[0]
    place = f"the namespace {where.namespace}" if where.namespace else "the cluster"
    if not found:
        raise Misconfigured(f"there is no Service of Deploytrail in {place}: say --namespace and --service, or --url")
    names = ", ".join(f"{each.namespace}/{each.name}" for each in found)
    raise Misconfigured(f"there are several in {place}: {names}: say which with --namespace and --service")


def _services(answer: str) -> list[Service]:
    items = json.loads(answer)["items"]
    return [
        Service(item["metadata"]["namespace"], item["metadata"]["name"], item["spec"]["ports"][0]["port"])
        for item in items
        if item["spec"].get("ports")
    ]


def _run(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - kubectl, with what the user said
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=START_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"kubectl {command[-1]} did not answer in {START_SECONDS:g} s") from error
    if done.returncode != 0:
        raise Unavailable(f"kubectl: {one_line(done.stderr)}")
    return done.stdout


def _port(running: subprocess.Popen[str]) -> int:
    """The port that kubectl took. What else it prints is read to the end, lest it wait for us."""
    assert running.stdout is not None and running.stderr is not None  # noqa: S101, PT018 - as started
    stdout, stderr = running.stdout, running.stderr
    slow = threading.Timer(START_SECONDS, running.kill)
    slow.start()
    try:
        for line in stdout:
            if match := _FORWARDED.match(line):
                for pipe in (stdout, stderr):
                    threading.Thread(target=pipe.read, daemon=True).start()
                return int(match[1])
    finally:
        slow.cancel()
    raise Unavailable(f"kubectl could not forward a port: {one_line(stderr.read()) or 'no answer in time'}")
