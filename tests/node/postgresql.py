"""A PostgreSQL server in a pod, which can be taken away for as long as a test likes."""

from typing import Any

from tests.node.images import TOOLS
from tests.node.installation import Installation
from tests.node.pods import as_json, pod

PASSWORD = "not-a-secret-at-all"

_RUN = """\
cd /data
if [ ! -e cluster ]; then
  echo "$PASSWORD" > password
  initdb --pgdata=cluster --username=deploytrail --pwfile=password --auth=scram-sha-256 --encoding=UTF8 --locale=C
  echo 'host all all all scram-sha-256' >> cluster/pg_hba.conf
fi
while [ -e away ]; do sleep 0.1; done
exec postgres -D cluster --listen_addresses='*' --unix_socket_directories=
"""
"""Its data outlive the container, not the pod."""


class Postgresql:
    """One server in the namespace of an installation."""

    def __init__(self, installation: Installation) -> None:
        self._kubectl = installation.kubectl
        self.values = ('store.type="postgresql"', 'store.secret.name="database"')
        """What the chart is told of it."""

    def start(self) -> None:
        """Returns once it answers; the Secret with its URL is there, too."""
        url = f"postgresql://deploytrail:{PASSWORD}@postgresql:5432/postgres"
        self._kubectl("create", "secret", "generic", "database", f"--from-literal=url={url}")
        self._kubectl("apply", "-f", "-", input=as_json(_pod(), _SERVICE))
        self._kubectl("wait", "--for=condition=Ready", "pod/postgresql", "--timeout=90s")

    def take_away(self) -> None:
        """At once, and until ``bring_back``; what was committed stays."""
        self._kubectl("exec", "postgresql", "--", "sh", "-c", "touch /data/away; kill -QUIT 1")

    def bring_back(self) -> None:
        """See take_away."""
        self._kubectl("exec", "postgresql", "--", "rm", "/data/away")
        self._kubectl("wait", "--for=condition=Ready", "pod/postgresql", "--timeout=90s")


def _pod() -> dict[str, Any]:
    made = pod("postgresql", TOOLS, ["sh", "-ec", _RUN], {"PASSWORD": PASSWORD})
    made["spec"]["restartPolicy"] = "Always"
    made["spec"]["volumes"] = [{"name": "data", "emptyDir": {}}]
    (container,) = made["spec"]["containers"]
    container["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
    ask = ["pg_isready", "--host=127.0.0.1"]
    container["resources"] = {"requests": {"cpu": "250m"}}  # without any, it stands still while other pods start
    container["readinessProbe"] = {"exec": {"command": ask}, "periodSeconds": 1}
    return made


_SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "postgresql"},
    "spec": {"selector": {"app": "postgresql"}, "ports": [{"port": 5432}]},
}
