"""Who asks again is told whether anything is new; HEAD is GET without its body."""

from collections.abc import Iterator

import httpx
import pytest

from deploytrail.keys.ring import KeyRing
from tests.fakes import SECRET, key
from tests.http.endpoint import Endpoint
from tests.http.versioner import BUILDS, DEPLOYMENTS, build, deployment, told

LISTS = ("/api/v1/deployments", "/api/v1/builds", "/api/v1/annotations", "/api/v1/audit")


@pytest.fixture(scope="module")
def filled() -> Iterator[Endpoint]:
    with Endpoint(ring=KeyRing([key(), key("t", name="site", product="shop", environment="live")])) as endpoint:
        told(endpoint, DEPLOYMENTS, deployment(product_name="acme/shop", version="1.0"))
        for number in range(3):
            told(endpoint, DEPLOYMENTS, deployment(version=f"1.0.{number}", status="started"))
            told(endpoint, BUILDS, build(version=f"1.0.{number}", status="started"))
            path = f"/api/events/push?type=comment&content=c{number}&auth_token=t"
            assert endpoint.send(path, method="GET", secret=None).status_code == 200
        yield endpoint


def ask(endpoint: Endpoint, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    return endpoint.send(path, method=method, **headers)


def first_id(endpoint: Endpoint, path: str) -> str:
    return str(ask(endpoint, f"{path}?limit=1").json()["items"][0]["id"])


def paths(endpoint: Endpoint) -> list[str]:
    """A list of everything that can be asked, and one of each."""
    places = "/api/v1/environments"
    metrics = ("/api/v1/dora", "/api/v1/dora?by=product&format=csv")
    tables = [f"{path}?format=csv&limit=2" for path in LISTS]
    singles = [f"{path}/{first_id(endpoint, path)}" for path in LISTS[:2]]
    return [*LISTS, *tables, *metrics, places, f"{places}?format=csv", *singles, "/api/v1/versions/acme/shop/1.0"]


def test_what_has_not_changed_is_not_sent_again(filled: Endpoint) -> None:
    for path in paths(filled):
        answer = ask(filled, path)
        assert answer.status_code == 200, path
        tag = answer.headers["ETag"]

        for known in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
            again = ask(filled, path, If_None_Match=known)
            assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag), path
        assert ask(filled, path, If_None_Match='"other"').status_code == 200
        assert "no-cache" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("path", "ingest", "body"),
    [
        ("/api/v1/deployments", DEPLOYMENTS, deployment(version="1.0.0", status="started")),
        ("/api/v1/builds", BUILDS, build(version="1.0.0", status="started")),
    ],
)
def test_a_tag_changes_with_a_record_and_with_a_new_one(
    filled: Endpoint, path: str, ingest: str, body: dict[str, object]
) -> None:
    product = f"acme{path}"
    told(filled, ingest, body | {"product_name": product})
    ours = f"{path}?product={product}"
    first = ask(filled, ours)
    single = f"{path}/{first.json()['items'][0]['id']}"
    one = ask(filled, single)

    told(filled, ingest, body | {"product_name": product, "status": "failed"})
    moved, moved_one = ask(filled, ours, If_None_Match=first.headers["ETag"]), ask(filled, single)
    told(filled, ingest, body | {"product_name": product, "version": "2.0.0"})
    more = ask(filled, ours, If_None_Match=moved.headers["ETag"])
    unmoved = ask(filled, single, If_None_Match=moved_one.headers["ETag"])

    assert (moved.status_code, more.status_code, unmoved.status_code) == (200, 200, 304)
    assert moved.json()["items"][0]["status"] == "failed"
    assert len({answer.headers["ETag"] for answer in (first, moved, more, one, moved_one)}) == 5


def test_a_tag_changes_with_what_is_made_of_a_deployment_by_others(filled: Endpoint) -> None:
    product = {"product_name": "acme/back", "status": "success"}
    for minute, version in enumerate(("1", "2")):
        told(filled, DEPLOYMENTS, deployment(version=version, completed_at=f"2026-11-20T12:0{minute}:00Z", **product))
    left = f"/api/v1/deployments/{first_id_of(filled, 'acme/back', '2')}"
    before = ask(filled, left)

    told(filled, DEPLOYMENTS, deployment(version="1", completed_at="2026-11-20T12:05:00Z", build_number="2", **product))
    after = ask(filled, left, If_None_Match=before.headers["ETag"])

    assert (before.json()["judgement"]["failure"], after.json()["judgement"]["failure"]) == (None, "rolled-back")


def first_id_of(endpoint: Endpoint, product: str, version: str) -> str:
    (item,) = ask(endpoint, f"/api/v1/deployments?product={product}&version={version}").json()["items"]
    return str(item["id"])


def test_forms_have_tags_of_their_own(filled: Endpoint) -> None:
    as_json, as_csv = ask(filled, LISTS[0] + "?limit=9"), ask(filled, LISTS[0] + "?limit=9&format=csv")

    assert as_json.headers["ETag"] != as_csv.headers["ETag"]
    assert "Accept" in as_json.headers["Vary"]


def test_a_tag_lets_nobody_in(filled: Endpoint) -> None:
    tag = ask(filled, LISTS[0]).headers["ETag"]

    answer = filled.send(LISTS[0], method="GET", secret="wrong", If_None_Match=tag)

    assert answer.status_code == 401


def test_head_is_get_without_its_body(filled: Endpoint) -> None:
    for path in (*paths(filled), "/api/v1/deployments?format=csv", "/api/v1/environments", "/openapi.json", "/nope"):
        whole, head = ask(filled, path), ask(filled, path, "HEAD")

        assert (head.status_code, head.content) == (whole.status_code, b""), path
        assert head.headers.get("ETag") == whole.headers.get("ETag")
        assert head.headers["Content-Type"] == whole.headers["Content-Type"]


def test_head_needs_a_key_too(filled: Endpoint) -> None:
    assert filled.send(LISTS[0], method="HEAD", secret=None).status_code == 401
    assert filled.send(LISTS[0], method="HEAD", secret=SECRET).status_code == 200
