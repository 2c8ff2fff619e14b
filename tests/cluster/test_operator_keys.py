"""Keys in a cluster: revoked everywhere at once, rotated, imported, managed over HTTP where that is allowed."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from subprocess import CompletedProcess

import httpx
import pytest

from deploytrail.keys.model import Scope, digest
from tests.cluster.trail import Trail
from tests.http.endpoint import event
from tests.operator_process import DEPLOYMENTS, Operator, deploytrail
from tests.waiting import wait_until

KEYS = "/api/v1/keys"
IMPORTED = "sk_mycompany_k1_8f3a2b9c7d6e5f4a"
PROMISED_SECONDS = 1.0


@pytest.fixture(scope="module")
def replicas(trail: Trail) -> tuple[Operator, Operator]:
    both = trail.replica(), trail.replica()
    trail.start(*both)
    return both


@pytest.fixture(scope="module")
def boss(trail: Trail, replicas: tuple[Operator, Operator]) -> str:
    key = trail.create_key("boss", Scope.ADMIN)
    wait_until(lambda: [each.get(KEYS, key=key).raise_for_status() for each in replicas])
    return key


@pytest.fixture
def may_manage(trail: Trail) -> Iterator[None]:
    """Deploytrail's account has the right that the chart gives it with keys.manageByApi."""
    account = f"{trail.namespace}:{trail.user.rpartition(':')[2]}"
    trail.cluster.kubectl("create", "role", "keys", "--verb=create,delete", "--resource=secrets", "-n", trail.namespace)
    binding = ["rolebinding", "keys", "-n", trail.namespace]
    trail.cluster.kubectl("create", *binding, "--role=keys", f"--serviceaccount={account}")
    yield
    trail.cluster.kubectl("delete", *binding)
    trail.cluster.kubectl("delete", "role", "keys", "-n", trail.namespace)


def keys(trail: Trail, *command: str) -> CompletedProcess[str]:
    """``deploytrail keys ...`` as the cluster's administrator runs it."""
    where = [f"--kubeconfig={trail.cluster.kubeconfig}", f"--namespace={trail.namespace}"]
    return deploytrail("keys", *command, *where)


def create(trail: Trail, name: str, *options: str) -> str:
    made = keys(trail, "create", name, "--scope=ingest", *options)
    assert made.returncode == 0, made.stderr
    trail.guard(made.stdout.strip())
    return made.stdout.strip()


def codes(replicas: tuple[Operator, Operator], key: str) -> list[int]:
    return [replica.post(event(), key=key).status_code for replica in replicas]


def ask(replica: Operator, method: str, path: str, key: str, **options: object) -> httpx.Response:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.request(method, replica.url + path, headers=headers, **options)  # type: ignore[arg-type]


def test_a_revoked_key_is_refused_by_every_replica_within_a_second(
    trail: Trail, replicas: tuple[Operator, Operator]
) -> None:
    key = create(trail, "leaked")
    wait_until(lambda: codes(replicas, key) == [200, 200])

    revoked = keys(trail, "revoke", "leaked")

    assert revoked.returncode == 0
    wait_until(lambda: codes(replicas, key) == [401, 401], patience=PROMISED_SECONDS)


def test_a_rotated_key_and_its_successor_are_both_good_for_the_overlap(
    trail: Trail, replicas: tuple[Operator, Operator]
) -> None:
    old = create(trail, "rotated", "--product=hivelai/webhook-logger")

    rotated = keys(trail, "rotate", "rotated", "--overlap=1h")
    new = rotated.stdout.strip()
    trail.guard(new)

    wait_until(lambda: codes(replicas, new) == [200, 200])
    assert codes(replicas, old) == [200, 200]
    assert keys(trail, "rotate", "rotated", "--overlap=0s").returncode == 0
    wait_until(lambda: codes(replicas, old) == [401, 401])
    assert codes(replicas, new) == [200, 200]
    assert "rotated-3" in keys(trail, "list").stdout


def test_an_imported_key_is_kept_as_a_digest_and_works(
    trail: Trail, replicas: tuple[Operator, Operator], tmp_path: Path
) -> None:
    trail.guard(IMPORTED)
    file = tmp_path / "keys"
    file.write_text(f"moved={IMPORTED}\n")

    done = keys(trail, "import", f"--from={file}", "--scope=ingest", "--workspace=acme", "--default-product=shop")

    assert done.returncode == 0, done.stderr
    wait_until(lambda: codes(replicas, IMPORTED) == [200, 200])
    secret = trail.cluster.kubectl("get", "secret/deploytrail-key-moved", "-n", trail.namespace, "-o", "json")
    assert IMPORTED not in secret
    assert keys(trail, "import", f"--from={file}", "--scope=ingest").stderr == "There already is the key moved.\n"


def test_a_secret_that_only_looks_like_a_key_spoils_no_output(trail: Trail) -> None:
    own = ["-n", trail.namespace]
    trail.cluster.kubectl("create", "secret", "generic", "odd", "--from-literal=digest=x", *own)
    trail.cluster.kubectl("label", "secret", "odd", "deploytrail.dev/key=true", *own)

    made = keys(trail, "create", "beside", "--scope=ingest")

    trail.guard(made.stdout.strip())
    trail.cluster.kubectl("delete", "secret/odd", *own)
    assert made.stdout.startswith("dtk_")
    assert made.stdout.count("\n") == 1
    assert "key_ignored" in made.stderr


def test_a_secret_that_is_no_key_is_not_revoked(trail: Trail) -> None:
    trail.cluster.kubectl("create", "secret", "generic", "precious", "--from-literal=a=b", "-n", trail.namespace)

    done = keys(trail, "revoke", "precious")

    assert done.returncode == 1
    assert "there is no key named precious" in done.stderr
    trail.cluster.kubectl("delete", "secret/precious", "-n", trail.namespace)


def test_without_the_right_to_it_keys_are_only_shown_over_http(
    trail: Trail, replicas: tuple[Operator, Operator], boss: str
) -> None:
    order = {"name": "over-http", "scopes": ["ingest"]}

    refused = ask(replicas[0], "POST", KEYS, boss, json=order), ask(replicas[0], "DELETE", f"{KEYS}/ci", boss)
    shown = ask(replicas[0], "GET", KEYS, boss)

    for answer, verb in zip(refused, ("create", "delete"), strict=True):
        assert answer.status_code == 403
        assert answer.json()["detail"].startswith(f"no right to {verb} Secrets in the namespace {trail.namespace}: set")
    assert {"boss", "ci"} <= {item["name"] for item in shown.json()["items"]}
    assert digest(boss) not in shown.text


def test_a_key_made_over_one_replica_is_good_at_the_other_and_gone_when_revoked(
    trail: Trail, replicas: tuple[Operator, Operator], boss: str, may_manage: None
) -> None:
    one, other = replicas
    order = {"name": "over-http", "scopes": ["ingest", "read"], "expires": "1h"}

    made = wait_until(lambda: ask(one, "POST", KEYS, boss, json=order).raise_for_status())
    key = made.json()["key"]
    trail.guard(key)
    wait_until(lambda: codes(replicas, key) == [200, 200])
    again = ask(other, "POST", KEYS, boss, json=order)
    revoked = ask(other, "DELETE", f"{KEYS}/over-http", boss)

    assert (again.status_code, revoked.status_code) == (409, 204)
    wait_until(lambda: codes(replicas, key) == [401, 401], patience=PROMISED_SECONDS)
    assert one.get(DEPLOYMENTS, key=key).status_code == 401
    audit = [line for replica in replicas for line in replica.log() if "by" in line]
    assert [(line["event"], line["name"], line["by"]) for line in audit] == [
        ("key_created", "over-http", "boss"),
        ("key_revoked", "over-http", "boss"),
    ]


def test_when_a_key_was_used_outlives_the_replica_that_saw_it(trail: Trail, boss: str) -> None:
    key = create(trail, "used")
    replica = trail.run()
    began = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    wait_until(lambda: replica.post(event(), key=key).raise_for_status())

    replica.stop()

    kept = trail.cluster.get("configmap/deploytrail-key-uses", "-n", trail.namespace)["data"]
    assert datetime.fromisoformat(kept["used"]) >= began
    assert kept["used"] in next(line for line in keys(trail, "list").stdout.splitlines() if line.split()[0] == "used")
