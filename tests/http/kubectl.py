"""A stand-in for kubectl, because a port is forwarded to a pod and none run here: a program that knows one Service and
leads to a port of this machine. The real one's words; ``tests/cluster`` has the real one look for real Services."""

import json
import sys
from pathlib import Path

_PROGRAM = """\
#!{python}
import json, socket, sys, threading, time
arguments = sys.argv[1:]
with open({log!r}, "a") as log:
    log.write(json.dumps(arguments) + "\\n")
if "get" in arguments:
    print({services!r})
    sys.exit()
if {port} == 0:
    sys.exit("error: unable to forward port because pod is not running. Current status=Pending")
listener = socket.create_server(("127.0.0.1", 0))
number = listener.getsockname()[1]
print(f"Forwarding from 127.0.0.1:{{number}} -> 8080", flush=True)
def pump(one, other):
    try:
        while data := one.recv(65536):
            other.sendall(data)
    except OSError:
        pass
    finally:
        other.close()
while True:
    client, _ = listener.accept()
    print("Handling connection for", number, flush=True)
    server = socket.create_connection(("127.0.0.1", {port}))
    for pair in ((client, server), (server, client)):
        threading.Thread(target=pump, args=pair, daemon=True).start()
"""


def services(*names: str) -> str:
    """What kubectl prints of Services with these names."""
    items = [
        {"metadata": {"namespace": "trails", "name": name}, "spec": {"ports": [{"name": "http", "port": 80}]}}
        for name in names
    ]
    return json.dumps({"items": items})


def put_kubectl(folder: Path, *, port: int, found: str) -> Path:
    """Put it there, leading to the port; 0 leads nowhere. Returns the file in which each call is noted."""
    folder.mkdir(exist_ok=True)
    log = folder / "calls"
    log.touch()
    file = folder / "kubectl"
    file.write_text(_PROGRAM.format(python=sys.executable, log=str(log), services=found, port=port))
    file.chmod(0o755)
    return log
