"""What is asked of builds, versions and annotations."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from deploytrail.keys.ring import KeyRing
from deploytrail.record.running import Running
from tests.fakes import NOW, SECRET, key
from tests.http.endpoint import Endpoint
from tests.http.versioner import BUILDS, DEPLOYMENTS, build, deployment, told
from tests.reports import report

LISTS = ("/api/v1/builds", "/api/v1/annotations", "/api/v1/deployments")
AUDIT = "/api/v1/audit"


@pytest.fixture(scope="module")
def filled() -> Iterator[Endpoint]:
    """Six builds of two products, two of them failed, and five annotations of a site."""
    with Endpoint(ring=KeyRing([key(), key("t", name="site", product="shop", environment="live")])) as endpoint:
        for number in range(6):
            told(
                endpoint,
                BUILDS,
                build(
                    product_name=f"acme/p{number % 2}",
                    version=f"1.0.{number}",
                    status="failed" if number % 3 == 0 else "built",
                    scm_sha=f"{number}abc123",
                ),
            )
        for kind in ("config_change", "comment", "cron", "custom", "custom"):
            path = f"/api/events/push?type={kind}&content=c-{kind}&auth_token=t"
            assert endpoint.send(path, method="GET", secret=None).status_code == 200
        yield endpoint


def items(endpoint: Endpoint, path: str, **params: Any) -> list[dict[str, Any]]:
    answer = endpoint.get(path, **params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


@pytest.mark.parametrize(
    ("params", "versions"),
    [
        ({}, {0, 1, 2, 3, 4, 5}),
        ({"product": "acme/p1"}, {1, 3, 5}),
        ({"status": "failed"}, {0, 3}),
        ({"version": "1.0.4"}, {4}),
        ({"source": "versioner", "product": "acme/p0", "status": "failed"}, {0}),
        ({"source": "hivel"}, set()),
    ],
)
def test_builds_are_filtered(filled: Endpoint, params: dict[str, str], versions: set[int]) -> None:
    assert {int(item["version"][-1]) for item in items(filled, "/api/v1/builds", **params)} == versions


def test_a_build_is_shown_with_its_reports(filled: Endpoint) -> None:
    listed = items(filled, "/api/v1/builds", version="1.0.4")[0]

    shown = filled.get(f"/api/v1/builds/{listed['id']}").json()

    [report] = shown.pop("reports")
    assert shown == listed
    assert (report["reporter"], report["raw_status"]) == ("ci", "built")
    assert '"1.0.4"' in report["body"]
    assert shown["event_type"] == "build.completed"


def test_a_version_is_shown_with_its_commit(filled: Endpoint) -> None:
    [made] = items(filled, "/api/v1/builds", version="1.0.4")

    shown = filled.get("/api/v1/versions/acme/p0/1.0.4")

    assert shown.status_code == 200
    assert shown.json() == {
        "product": "acme/p0",
        "version": "1.0.4",
        "commit": "4abc123",
        "first_seen_at": "2026-11-21T12:00:00Z",
        "source": "versioner",
        "record": made["id"],
        "builds": [{"id": made["id"], "status": "completed", "at": made["finished_at"]}],
        "environments": [],
    }
    assert filled.get("/api/v1/versions/acme/p0/9.9.9").status_code == 404


def test_a_version_is_shown_with_where_it_has_been(filled: Endpoint) -> None:
    for number, (where, status) in enumerate((("qa", "failed"), ("live", "completed"), ("qa", "completed"))):
        body = deployment(product_name="acme/been", version="3.1", environment_name=where, status=status)
        told(filled, DEPLOYMENTS, body | {"completed_at": f"2026-11-20T0{number}:00:00Z", "invoke_id": f"run-{number}"})

    shown = filled.get("/api/v1/versions/acme/been/3.1").json()

    been = {stay["environment"]: stay for stay in shown["environments"]}
    assert list(been) == ["live", "qa"]
    assert (been["qa"]["deployments"], been["qa"]["status"], been["qa"]["runs_now"]) == (2, "completed", True)
    assert (been["qa"]["first_at"], been["qa"]["last_at"]) == ("2026-11-20T00:00:00Z", "2026-11-20T02:00:00Z")
    last = filled.get(f"/api/v1/deployments/{been['qa']['deployment_id']}").json()
    assert (last["environment"], last["finished_at"]) == ("qa", "2026-11-20T02:00:00Z")


def test_a_version_may_hold_slashes_that_are_sent_escaped(filled: Endpoint) -> None:
    told(filled, BUILDS, build(product_name="acme/web", version="v1/2", scm_sha="1abc123"))
    told(filled, BUILDS, build(product_name="acme/web/v1", version="2", scm_sha="2abc123"))

    for path in ("acme%2Fweb/v1%2F2", "acme/web/v1%2f2"):
        shown = filled.get(f"/api/v1/versions/{path}").json()
        assert (shown["product"], shown["version"], shown["commit"]) == ("acme/web", "v1/2", "1abc123")
    assert filled.get("/api/v1/versions/acme/web/v1/2").json()["commit"] == "2abc123"


def test_a_version_and_the_environments_agree_on_what_runs() -> None:
    later = Running("acme/moved", "production", "2", None, NOW, None, None)
    with Endpoint(ring=KeyRing([key()]), found=lambda: [later]) as endpoint:
        body = deployment(product_name="acme/moved", version="1", completed_at="2026-11-20T00:00:00Z")
        told(endpoint, DEPLOYMENTS, body)

        (running,) = endpoint.get("/api/v1/environments").json()["items"]
        (stay,) = endpoint.get("/api/v1/versions/acme/moved/1").json()["environments"]

    assert (running["version"], stay["runs_now"]) == ("2", False)


@pytest.mark.parametrize(
    ("params", "kinds"),
    [
        ({}, ["comment", "config_change", "cron", "custom", "custom"]),
        ({"type": "custom"}, ["custom", "custom"]),
        ({"environment": "live", "product": "shop", "type": "cron"}, ["cron"]),
        ({"environment": "production"}, []),
    ],
)
def test_c171_annotations_are_filtered(filled: Endpoint, params: dict[str, str], kinds: list[str]) -> None:
    found = items(filled, "/api/v1/annotations", **params)

    assert sorted(item["type"] for item in found) == kinds
    for item in found:
        assert item["event_type"] == f"annotation.{item['type']}"
        assert (item["content"], item["reporter"], item["source"]) == (f"c-{item['type']}", "site", "quanta")


@pytest.mark.parametrize(("kind", "told_of"), [("deployment", 0), ("build", 6), ("annotation", 5)])
def test_who_told_what_is_shown_for_every_kind_of_record(filled: Endpoint, kind: str, told_of: int) -> None:
    found = [each for each in items(filled, AUDIT, kind=kind) if not each["product"].startswith("acme/been")]

    assert len(found) >= told_of
    assert {each["reporter"] for each in found} <= {"ci", "site"}
    for each in found:
        assert "body" not in each
        assert each["received_at"] == "2026-11-21T12:00:00Z"


def test_every_report_of_a_record_is_shown_once(filled: Endpoint) -> None:
    for status in ("pending", "started", "completed"):
        told(filled, BUILDS, build(product_name="acme/audited", version="1.1.1", status=status))

    found = items(filled, AUDIT, kind="build", product="acme/audited")

    assert [(each["status"], each["raw_status"], each["version"]) for each in found] == [
        ("pending", "pending", "1.1.1"),
        ("started", "started", "1.1.1"),
        ("completed", "completed", "1.1.1"),
    ]
    assert len({each["record"] for each in found}) == 1


def test_gaps_are_shown_with_the_deployment_after_them(filled: Endpoint) -> None:
    for number in range(3):
        asyncio.run(filled.store.record(report(f"gap-{number}", product="acme/gaps", missed_before=number)))

    found = items(filled, "/api/v1/gaps", product="acme/gaps")

    assert sorted(each["missed"] for each in found) == [1, 2]
    for each in found:
        after = filled.get(f"/api/v1/deployments/{each['deployment_id']}").json()
        assert (after["missed_before"], after["product"]) == (each["missed"], each["product"])


@pytest.mark.parametrize("path", LISTS)
def test_lists_are_paged_and_need_a_key_that_may_read(filled: Endpoint, path: str) -> None:
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = filled.get(path, limit=2, **({"cursor": cursor} if cursor else {})).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]

    assert len(seen) == len(set(seen)) == len(items(filled, path, limit=1000))
    assert filled.get(path, secret="wrong").status_code == 401
    assert filled.get(path, nonsense="1").status_code == 422


@pytest.mark.parametrize("path", ["/api/v1/builds/none", "/api/v1/versions/none/1"])
def test_what_is_not_there_is_404(filled: Endpoint, path: str) -> None:
    answer = filled.get(path)

    assert (answer.status_code, answer.json().keys()) == (404, {"detail"})


def test_deployments_can_be_asked_for_by_version(filled: Endpoint) -> None:
    body = deployment(version="7.7.7")
    told(filled, DEPLOYMENTS, body)

    [found] = items(filled, "/api/v1/deployments", version="7.7.7")

    assert found["product"] == body["product_name"]


def test_all_of_it_stands_in_the_openapi_document(filled: Endpoint) -> None:
    with filled.client(Authorization=f"Bearer {SECRET}") as client:
        paths = client.get("/openapi.json").json()["paths"]

    for path in (*LISTS, AUDIT, "/api/v1/builds/{build_id}", "/api/v1/versions/{product}/{version}"):
        assert "get" in paths[path]
    assert set(paths["/notification-preferences/"]) == {"get", "post"}
