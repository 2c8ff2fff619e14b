"""The yardstick, a process of its own: an aiohttp watch of all Applications, each event put through json.loads.

A line on standard input is answered with the number of events and of bytes seen so far.
"""

import asyncio
import json
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp

from tests.controlplane.cluster import Cluster
from tests.controlplane.server import ControlPlane

PATH = "/apis/argoproj.io/v1alpha1/applications"
TOKEN = "BENCH_TOKEN"


class Yardstick:
    """The process, as the bench sees it."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.pid = process.pid

    def seen(self) -> tuple[int, int]:
        """Events and bytes so far."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(file=self._process.stdin, flush=True)
        events, size = self._process.stdout.readline().split()
        return int(events), int(size)


@contextmanager
def yardstick(plane: ControlPlane) -> Iterator[Yardstick]:
    """Start it; it watches when this returns."""
    with subprocess.Popen(
        [sys.executable, "-m", "bench.bare", str(plane.kubeconfig)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, TOKEN: plane.admin_token},
    ) as process:
        assert process.stdout is not None
        try:
            if process.stdout.readline() != "watching\n":
                raise RuntimeError("the bare watch did not begin")
            yield Yardstick(process)
        finally:
            process.terminate()


class _Bare:
    """Watches from now on; it does nothing with what it sees but count."""

    def __init__(self) -> None:
        self.events = self.taken = 0

    async def watch(self, cluster: Cluster, token: str) -> None:
        async with aiohttp.ClientSession(
            cluster.url,
            headers={"Authorization": f"Bearer {token}"},
            connector=aiohttp.TCPConnector(ssl=ssl.create_default_context(cadata=cluster.ca)),
            timeout=aiohttp.ClientTimeout(total=None),
        ) as session:
            async with session.get(PATH, params={"limit": "1"}) as answer:
                since = (await answer.json())["metadata"]["resourceVersion"]
            print("watching", flush=True)
            while True:  # an API server ends a watch when it likes
                async with session.get(PATH, params={"watch": "true", "resourceVersion": since}) as stream:
                    async for line in stream.content:
                        since = self.count(line)

    def count(self, line: bytes) -> str:
        event = json.loads(line)
        if event["type"] == "ERROR":
            raise RuntimeError(line.decode())
        self.events += 1
        self.taken += len(line)
        return str(event["object"]["metadata"]["resourceVersion"])

    async def answer(self) -> None:
        questions = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(questions), sys.stdin)
        while await questions.readline():
            print(self.events, self.taken, flush=True)


async def _main() -> None:
    bare, cluster = _Bare(), Cluster(Path(sys.argv[1]))
    tasks = {asyncio.create_task(bare.watch(cluster, os.environ[TOKEN])), asyncio.create_task(bare.answer())}
    done, left = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in left:
        task.cancel()
    for task in done:
        task.result()


if __name__ == "__main__":
    asyncio.run(_main())
