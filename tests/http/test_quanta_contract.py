"""Quanta's event push, by the number of its check in the contract."""

import itertools
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from deploytrail.keys.ring import KeyRing
from deploytrail.record.model import AnnotationType, Source, Status
from tests.fakes import NOW, SECRET, Clock, key
from tests.http.endpoint import Endpoint, rejected

PATH = "/api/events/push"
TOKEN = "78e64233e09d3d8ec7bf73c4d9ea8a8851badbd216"

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def site() -> Iterator[Endpoint]:
    """An endpoint with the document's token, which stands for a site of a product of its own."""
    keys = [key(), key(TOKEN, name="site", product="shop", environment="live")]
    with Endpoint(ring=KeyRing(keys)) as running:
        yield running


def content() -> str:
    """A text that no other test sends."""
    return f"version 42.{next(_numbers)}"


def push(endpoint: Endpoint, body: object, *, authorization: str = f"Token {TOKEN}", **headers: str) -> httpx.Response:
    said = {"Authorization": authorization, "Content_Type": "application/json"} | headers
    return endpoint.send(PATH, body, secret=None, **said)


def fetch(endpoint: Endpoint, *, method: str = "GET", headers: Any = None, **params: Any) -> Any:
    with endpoint.client() as client:
        return client.request(method, PATH, params=params, headers=headers)


def count(endpoint: Endpoint) -> int:
    return len(endpoint.deployments("shop")) + len(endpoint.annotations("shop"))


def refused(endpoint: Endpoint, answer: httpx.Response, *, code: int, before: int) -> str:
    assert answer.status_code == code, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json().keys() == {"error"}
    assert count(endpoint) == before
    error: str = answer.json()["error"]
    return error


def test_c157_c162_and_c168_the_documents_push_is_recorded(site: Endpoint) -> None:
    text = content()

    answer = push(site, {"type": "code_deploy", "content": text})

    stored = site.deployments("shop")[0]
    assert answer.status_code == 200
    assert answer.json()["success"] is True
    assert "error" not in answer.json()
    assert (stored.product, stored.environment, stored.version) == ("shop", "live", text.split()[1])
    assert stored.status is Status.COMPLETED
    assert stored.metadata == {"content": text}
    assert stored.source is Source.QUANTA


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "text/plain", ""])
def test_c158_another_content_type_is_refused(site: Endpoint, content_type: str) -> None:
    before = count(site)

    answer = push(site, {"type": "code_deploy", "content": content()}, Content_Type=content_type)

    assert "Content-Type" in refused(site, answer, code=415, before=before)


@pytest.mark.parametrize("kind", ["code_deploy", "config_change", "comment", "cron", "custom"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_c159_and_c171_each_type_is_recorded_and_only_code_deploy_is_a_deployment(
    site: Endpoint, kind: str, method: str
) -> None:
    text = content()

    if method == "POST":
        answer = push(site, {"type": kind, "content": text})
    else:
        answer = fetch(site, type=kind, content=text, auth_token=TOKEN)

    assert answer.status_code == 200, answer.text
    deployed = [d for d in site.deployments("shop") if d.metadata["content"] == text]
    noted = [n for n in site.annotations("shop") if n.content == text]
    if kind == "code_deploy":
        assert len(deployed) == 1
        assert not noted
    else:
        assert not deployed
        assert [n.type for n in noted] == [AnnotationType(kind)]
        assert noted[0].event_type == f"annotation.{kind}"


@pytest.mark.parametrize("kind", ["deploy", "CODE_DEPLOY", "", " ", 5, ["custom"], None])
def test_c159_another_type_is_refused(site: Endpoint, kind: object) -> None:
    before, counted = count(site), sum(rejected(r, "quanta") for r in ("invalid-field", "missing-field"))

    answer = push(site, {"type": kind, "content": content()})

    assert refused(site, answer, code=400, before=before).startswith("type ")
    assert sum(rejected(r, "quanta") for r in ("invalid-field", "missing-field")) == counted + 1


@pytest.mark.parametrize("text", ['déployé "v1"\nsecond line', "🚀", "a&b=c %20 +x", " around ", "x" * 60_000])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_c160_any_text_survives(site: Endpoint, text: str, method: str) -> None:
    text = text[:5000] if method == "GET" else text
    before = len(site.annotations("shop"))

    if method == "POST":
        answer = push(site, {"type": "custom", "content": text})
    else:
        answer = fetch(site, type="custom", content=text, auth_token=TOKEN)

    noted = site.annotations("shop")
    assert answer.status_code == 200
    assert len(noted) == before + 1
    assert text in {note.content for note in noted}


def test_c160_spaces_may_be_percent_or_plus(site: Endpoint) -> None:
    with site.client() as client:
        for written in ("two%20words%20here", "two+words+here"):
            query = f"content={written}&type=custom&auth_token={TOKEN}"
            assert client.get(f"{PATH}?{query}").status_code == 200

    assert [n.content for n in site.annotations("shop")].count("two words here") == 2


@pytest.mark.parametrize("missing", ["type", "content"])
def test_c161_a_missing_parameter_is_named(site: Endpoint, missing: str) -> None:
    before = count(site)
    body = {"type": "custom", "content": content()}
    del body[missing]

    posted = push(site, body)
    fetched = fetch(site, **body, auth_token=TOKEN)

    assert refused(site, posted, code=400, before=before) == f"{missing} is required"
    assert refused(site, fetched, code=400, before=before) == f"{missing} is required"


def test_c161_an_empty_content_says_nothing(site: Endpoint) -> None:
    before = count(site)

    assert "content" in refused(site, push(site, {"type": "custom", "content": ""}), code=400, before=before)
    assert "content" in refused(site, fetch(site, type="custom", content="", auth_token=TOKEN), code=400, before=before)


def test_c163_the_token_may_stand_in_the_url_of_a_post(site: Endpoint) -> None:
    text = content()

    answer = site.send(
        f"{PATH}?auth_token={TOKEN}",
        {"type": "code_deploy", "content": text},
        secret=None,
        Content_Type="application/json",
    )

    assert answer.status_code == 200
    assert site.deployments("shop")[0].metadata == {"content": text}


@pytest.mark.parametrize("scheme", ["Bearer", "Basic", "token:"])
def test_c164_another_scheme_is_401(site: Endpoint, scheme: str) -> None:
    answer = push(site, {"type": "custom", "content": content()}, authorization=f"{scheme} {TOKEN}")

    assert refused(site, answer, code=401, before=count(site)) == "Invalid API token"


@pytest.mark.parametrize("header", [TOKEN, f"token {TOKEN}", f"TOKEN {TOKEN}"])
def test_c164_a_bare_token_and_any_case_of_the_scheme_are_good(site: Endpoint, header: str) -> None:
    assert push(site, {"type": "custom", "content": content()}, authorization=header).status_code == 200


def test_c165_of_header_and_query_the_header_decides(site: Endpoint) -> None:
    body = {"type": "custom", "content": content()}

    def both(in_header: str, in_query: str) -> int:
        path = f"{PATH}?auth_token={in_query}"
        said = {"Authorization": f"Token {in_header}", "Content_Type": "application/json"}
        return site.send(path, body, secret=None, **said).status_code

    assert both(TOKEN, "wrong") == 200
    assert both("wrong", TOKEN) == 401


def test_c166_a_get_creates_the_event_whatever_the_order(site: Endpoint) -> None:
    with site.client() as client:
        for order in itertools.permutations(["type=custom", f"content={content()}", f"auth_token={TOKEN}"]):
            before = len(site.annotations("shop"))
            assert client.get(f"{PATH}?{'&'.join(order)}").status_code == 200
            assert len(site.annotations("shop")) == before + 1


def test_c166_a_get_may_carry_its_token_in_the_header(site: Endpoint) -> None:
    answer = fetch(site, type="custom", content=content(), headers={"Authorization": f"Token {TOKEN}"})

    assert answer.status_code == 200


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"])
def test_c167_no_other_method_creates_an_event(site: Endpoint, method: str) -> None:
    before = count(site)

    answer = fetch(site, method=method, type="custom", content=content(), auth_token=TOKEN)

    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, POST"
    assert count(site) == before


def test_c167_no_answer_may_be_stored(site: Endpoint) -> None:
    good = fetch(site, type="custom", content=content(), auth_token=TOKEN)
    bad = fetch(site, type="custom", content=content(), auth_token="wrong")

    assert good.headers["Cache-Control"] == bad.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("params", [{}, {"auth_token": "wrong"}, {"auth_token": ""}, {"token": TOKEN}])
def test_c169_a_missing_or_wrong_token_is_401(site: Endpoint, params: dict[str, str]) -> None:
    before = count(site)

    answer = fetch(site, type="custom", content=content(), **params)

    assert refused(site, answer, code=401, before=before) == "Invalid API token"


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("version 42.0", "42.0"),
        ("Deployed Version: 1.2.3-rc.1.", "1.2.3-rc.1"),
        ("release v7 to all", "7"),
        ("v2026.11", "2026.11"),
        ("2026-11-21", "2026-11-21"),
        ("a1b2c3d", "a1b2c3d"),
        ("fixed the cart", None),
    ],
)
def test_c170_the_version_is_found_in_the_content(site: Endpoint, text: str, version: str | None) -> None:
    push(site, {"type": "code_deploy", "content": text})

    [stored] = [d for d in site.deployments("shop") if d.metadata["content"] == text]
    assert stored.version == version
    assert stored.created_at == stored.finished_at == NOW


def test_c170_the_pattern_is_a_setting() -> None:
    with Endpoint(quanta={"version": r"build-(\d+)"}) as endpoint:
        push(endpoint, {"type": "code_deploy", "content": "shipped build-77 today"}, authorization=f"Token {SECRET}")

        [stored] = endpoint.deployments("ci")

    assert stored.version == "77"


def test_c170_a_token_without_a_product_is_its_own_and_its_environment_production() -> None:
    with Endpoint() as endpoint:
        push(endpoint, {"type": "code_deploy", "content": "x"}, authorization=f"Token {SECRET}")

        [stored] = endpoint.deployments("ci")

    assert (stored.product, stored.environment) == ("ci", "production")


def test_c171_annotations_are_never_counted(site: Endpoint) -> None:
    before = len(site.get("/api/v1/deployments", product="shop", limit=1000).json()["items"])

    for kind in ("config_change", "comment", "cron", "custom"):
        push(site, {"type": kind, "content": content()})

    assert len(site.get("/api/v1/deployments", product="shop", limit=1000).json()["items"]) == before


def test_c172_nothing_is_ever_redirected(site: Endpoint) -> None:
    for path in (PATH, f"{PATH}/"):
        answer = site.send(
            path,
            {"type": "custom", "content": content()},
            secret=None,
            Authorization=f"Token {TOKEN}",
            Content_Type="application/json",
        )
        assert answer.status_code == 200


def test_c173_the_same_push_is_a_repetition_for_ten_seconds_but_comments_never_are() -> None:
    clock = Clock()
    with Endpoint(clock=clock) as endpoint:
        counts = []
        for seconds in (0, 5, 20):
            clock.pass_by(seconds=seconds)
            for kind in ("code_deploy", "cron", "comment", "custom"):
                push(endpoint, {"type": kind, "content": "same"}, authorization=f"Token {SECRET}")
            notes = endpoint.annotations("ci")
            counts.append(
                (
                    len(endpoint.deployments("ci")),
                    *(sum(n.type == kind for n in notes) for kind in ("cron", "comment", "custom")),
                )
            )

    assert counts == [(1, 1, 1, 1), (1, 1, 2, 2), (2, 2, 3, 3)]


def test_c173_the_window_is_a_setting() -> None:
    with Endpoint(quanta={"window": "0s"}) as endpoint:
        for _ in range(3):
            push(endpoint, {"type": "code_deploy", "content": "same"}, authorization=f"Token {SECRET}")

        assert len(endpoint.deployments("ci")) == 3


def test_c179_a_push_is_kept_as_it_came_without_its_token(site: Endpoint) -> None:
    text = content()
    body = json.dumps({"type": "code_deploy", "content": text}, indent=1)

    push(site, body.encode())
    fetch(site, type="custom", content=text, auth_token=TOKEN)

    [deployed] = [d for d in site.deployments("shop") if d.metadata["content"] == text]
    [noted] = [n for n in site.annotations("shop") if n.content == text]
    assert deployed.tellings[0].body == body
    assert noted.tellings[0].body == f"type=custom&content={text.replace(' ', '+')}"
    assert {deployed.tellings[0].reporter, noted.tellings[0].reporter} == {"site"}
    assert TOKEN not in deployed.model_dump_json() + noted.model_dump_json()


@pytest.mark.parametrize("query", ["content=%ff&type=custom", "content=%00&type=custom", "&".join(["a=1"] * 200)])
def test_a_query_that_is_no_text_is_refused(site: Endpoint, query: str) -> None:
    before = count(site)

    with site.client(Authorization=f"Token {TOKEN}") as client:
        answer = client.get(f"{PATH}?{query}")

    refused(site, answer, code=400, before=before)


def test_unknown_fields_are_kept_as_metadata(site: Endpoint) -> None:
    text = content()

    push(site, {"type": "config_change", "content": text, "team": {"name": "web"}})

    [noted] = [n for n in site.annotations("shop") if n.content == text]
    assert noted.metadata == {"team": {"name": "web"}}
