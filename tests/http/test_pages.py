"""The pages over HTTP: who gets which, with which headers. What they look like is for tests/browser."""

import re
from collections.abc import Iterator

import httpx
import pytest

from deploytrail.keys.model import Scope
from deploytrail.keys.rates import Rates
from deploytrail.keys.ring import KeyRing
from tests.fakes import SECRET, Clock, StoreAway, StoreBroken, key
from tests.http.endpoint import Endpoint, event

PAGES = ("/", "/timeline", "/dora", "/deployments/none-such")
BY_NOON = "2026-11-20T12:01:00Z"
EVIL = "<img src=x onerror=alert(1)>\"'{{7*7}}"


@pytest.fixture
def visitor(endpoint: Endpoint) -> Iterator[httpx.Client]:
    with endpoint.client() as client:
        sign_in(client)
        yield client


def sign_in(client: httpx.Client, secret: str = SECRET, page: str = "") -> httpx.Response:
    return client.post("/signin", data={"key": secret, "next": page})


@pytest.mark.parametrize("path", PAGES)
def test_a_stranger_is_shown_the_door_and_comes_back(endpoint: Endpoint, path: str) -> None:
    with endpoint.client() as client:
        sent = client.get(f"{path}?x=%2F1")

        assert sent.status_code == 303
        assert sent.headers["Location"].endswith(f"signin?next={path[1:].replace('/', '%2F')}%3Fx%3D%252F1")


@pytest.mark.parametrize("path", [*PAGES, "/signin", "/timeline?nonsense=1", "/assets/none.css", "/events"])
def test_every_answer_forbids_what_it_does_not_need(endpoint: Endpoint, path: str) -> None:
    with endpoint.client() as client:
        headers = client.get(path).headers

    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert {value for name, value in policy.items() if name != "default-src"} == {"'self'", "'none'"}
    assert policy["frame-ancestors"] == "'none'"
    assert (headers["X-Content-Type-Options"], headers["Referrer-Policy"]) == ("nosniff", "same-origin")
    assert headers["Cache-Control"] == "no-store"


def test_nothing_in_a_page_runs_or_is_styled_inline(endpoint: Endpoint, visitor: httpx.Client) -> None:
    endpoint.post(event())
    for path in ("/", "/timeline", "/signin"):
        page = visitor.get(path).text

        assert re.findall(r"<script(?! src=)", page) == []
        assert re.findall(r"<style|\sstyle=|\son[a-z]+=|javascript:", page) == []
        assert re.findall(r"(?:src|href)=\"(?:https?:)?//", page) == []


def test_the_files_of_a_page_are_kept_for_ever_and_those_of_another_are_absent(
    endpoint: Endpoint, visitor: httpx.Client
) -> None:
    names = set(re.findall(r"assets/[\w.-]+", visitor.get("/").text))

    answers = {name: visitor.get(f"/{name}") for name in names}

    assert len(names) >= 6
    assert {answer.status_code for answer in answers.values()} == {200}
    assert all("immutable" in answer.headers["Cache-Control"] for answer in answers.values())
    assert visitor.get("/assets/page.css").status_code == 404
    assert visitor.get("/assets/..%2f..%2fsettings.py").status_code == 404


def test_the_licences_of_what_is_shipped_can_be_read(endpoint: Endpoint, visitor: httpx.Client) -> None:
    (name,) = set(re.findall(r"assets/licences[\w.-]+", visitor.get("/").text))

    told = visitor.get(f"/{name}").text

    assert all(word in told for word in ("Zero-Clause BSD", "MIT License", "SIL OPEN FONT LICENSE"))


@pytest.mark.parametrize(
    ("page", "to"),
    [
        ("timeline?product=a%26b", "./timeline?product=a%26b"),
        ("https://evil.example.com", "./"),
        ("//evil.example.com", "./"),
        ("/\\evil.example.com", "./"),
        ("javascript:alert(1)", "./"),
        ("", "./"),
    ],
)
def test_who_signs_in_stays_here(endpoint: Endpoint, page: str, to: str) -> None:
    with endpoint.client() as client:
        assert sign_in(client, page=page).headers["Location"] == to


def test_sign_in_attempts_are_bounded() -> None:
    clock = Clock()
    with Endpoint(clock=clock) as endpoint, endpoint.client() as client:
        codes = [sign_in(client, "wrong" * 5).status_code for _ in range(22)]
        refused = sign_in(client)
        clock.pass_by(seconds=int(refused.headers["Retry-After"]))
        taken = sign_in(client)

    assert codes == [401] * 20 + [429] * 2
    assert (refused.status_code, taken.status_code) == (429, 303)


def test_a_session_goes_on_while_it_is_used_and_ends_when_it_is_not() -> None:
    clock = Clock()
    with Endpoint(clock=clock, pages={"session_hours": 10}) as endpoint, endpoint.client() as client:
        sign_in(client)
        clock.pass_by(hours=4)
        early = client.get("/timeline")
        clock.pass_by(hours=4)
        renewed = client.get("/timeline")
        clock.pass_by(hours=9)
        still = client.get("/timeline")
        clock.pass_by(hours=11)
        over = client.get("/timeline")

    assert [page.status_code for page in (early, renewed, still, over)] == [200, 200, 200, 303]
    assert "set-cookie" not in early.headers
    assert "HttpOnly" in renewed.headers["Set-Cookie"]


def test_a_session_over_https_stays_there(endpoint: Endpoint) -> None:
    with endpoint.client(origin="https://trail.example.com", host="trail.example.com") as client:
        cookie = sign_in(client).headers["Set-Cookie"]

    assert "Secure" in cookie
    assert "SameSite=lax" in cookie


def test_a_session_draws_on_its_key_s_allowance() -> None:
    with Endpoint(rates=Rates(rate=0.01, burst=2)) as endpoint, endpoint.client() as client:
        sign_in(client)

        codes = [client.get("/timeline").status_code for _ in range(3)]

    assert codes == [200, 200, 429]


def test_a_key_that_may_only_report_opens_nothing() -> None:
    with Endpoint(ring=KeyRing([key(scopes=[Scope.INGEST])])) as endpoint, endpoint.client() as client:
        assert sign_in(client).status_code == 401


def test_where_anybody_may_read_nobody_signs_in_and_the_api_stays_closed() -> None:
    with Endpoint(pages={"anonymous": True}) as endpoint, endpoint.client() as client:
        assert client.get("/").status_code == 200
        assert client.get("/api/v1/deployments").status_code == 401


def test_who_is_named_by_a_trusted_proxy_reads_and_does_not_mark() -> None:
    behind = {"user_header": "X-Forwarded-User", "trusted_proxies": "127.0.0.1"}
    elsewhere = behind | {"trusted_proxies": "10.0.0.0/8"}
    named = {"X-Forwarded-User": "ann"}
    with Endpoint(pages=behind) as trusting, Endpoint(trusting.store, pages=elsewhere) as wary:
        told = event()
        trusting.post(told)
        page = f"/deployments/{trusting.stored(told['deployment_id'])[0].id}"
        with trusting.client() as client, wary.client() as other:
            shown = client.get(page, headers=named)
            marked = client.post(page, data={"failure": "yes"}, headers=named)
            codes = [each.status_code for each in (client.get(page), other.get(page, headers=named))]
            api = client.get("/api/v1/deployments", headers=named)

    assert (shown.status_code, marked.status_code, api.status_code) == (200, 403, 401)
    assert "ann" in shown.text
    assert codes == [303, 303]


def test_what_senders_wrote_is_text(endpoint: Endpoint, visitor: httpx.Client) -> None:
    told = event(environment=EVIL, image="evil:1", logs_url="https://logs.example.com/x", branch=EVIL)
    assert endpoint.post(told).status_code == 200
    (record,) = endpoint.stored(told["deployment_id"])

    pages = [visitor.get(path) for path in ("/", "/timeline", f"/deployments/{record.id}")]

    for page in pages:
        assert page.status_code == 200
        assert "&lt;img src=x onerror=alert(1)&gt;" in page.text
        assert "<img src=x" not in page.text
        assert "{{7*7}}" in page.text


def test_a_store_that_is_away_is_told_in_words_and_a_defect_tells_nothing() -> None:
    with Endpoint(StoreAway(), pages={"anonymous": True}) as endpoint, endpoint.client() as client:
        away = client.get("/timeline", headers={"Accept": "text/html"})
    with Endpoint(StoreBroken(), pages={"anonymous": True}) as endpoint, endpoint.client() as client:
        broken = client.get("/timeline?product=secret")

    assert (away.status_code, away.headers["Retry-After"]) == (503, "7")
    assert "The store is away since noon" in away.text
    assert (broken.status_code, "secret" in broken.text) == (500, False)


def test_a_stream_says_how_things_stand_and_what_changes(endpoint: Endpoint, visitor: httpx.Client) -> None:
    with visitor.stream("GET", "/events") as stream:
        lines = stream.iter_lines()
        first = heard(lines)
        endpoint.post(event())
        second = heard(lines)

    assert stream.headers["Content-Type"].startswith("text/event-stream")
    assert first != second
    assert f'data-word="{second}"' in visitor.get("/").text


def test_streams_are_bounded_and_end_when_the_server_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploytrail.serve.pages.live.MOST_LISTENERS", 1)
    with Endpoint(pages={"anonymous": True}) as endpoint, endpoint.client() as client:
        with client.stream("GET", "/events") as stream:
            lines = stream.iter_lines()
            heard(lines)
            with endpoint.client() as other:
                refused = other.get("/events")
            endpoint.ask_to_stop()

            assert "event: ended" in list(lines)
        endpoint.join()

    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "30")


def heard(lines: Iterator[str]) -> str:
    """The next word."""
    return next(line for line in lines if line.startswith("data: ")).removeprefix("data: ")


def test_dora_shows_what_each_figure_rests_on_and_what_is_not_counted(
    endpoint: Endpoint, visitor: httpx.Client
) -> None:
    endpoint.post(event(repo_url="https://github.com/acme/dora", start_time="2026-11-20T12:00:00Z", end_time=BY_NOON))

    shown = visitor.get("/dora?product=acme/dora")
    nothing = visitor.get("/dora?product=nobody")

    assert shown.status_code == 200
    assert "1 deployment in 30 days" in shown.text
    assert "Nobody can tell how they went" in shown.text
    assert visitor.get("/dora?product=acme/dora&team=a&period=365d&environment=*").status_code == 200
    assert "Nothing to count" in nothing.text
    assert visitor.get("/dora?period=1d").status_code == 422


def test_what_dora_makes_of_a_deployment_is_shown_with_it(endpoint: Endpoint, visitor: httpx.Client) -> None:
    ids, judged = [], []
    for minute, (version, status) in enumerate(
        [("1", "success"), ("2", "success"), ("1", "success"), ("3", "canceled")]
    ):
        time = f"2026-11-20T12:0{minute}:00Z"
        told = event(
            repo_url="https://github.com/acme/back", image=f"acme/back:{version}", status=status,
            start_time=time, end_time=time,
        )  # fmt: skip
        assert endpoint.post(told).status_code == 200
        ids.append(endpoint.stored(told["deployment_id"])[0].id)

    timeline = visitor.get("/timeline?product=acme/back").text
    pages = [tags(visitor.get(f"/deployments/{each}").text) for each in ids]
    judged = [endpoint.get(f"/api/v1/deployments/{each}").json()["judgement"] for each in ids]

    assert pages == [[], ["failure: rolled back"], ["rollback"], ["not counted"]]
    assert [tags(each) for each in timeline.split('<li class="entry')[1:]] == pages[::-1]
    assert judged == [
        {"not_counted": None, "failure": None, "rework": None},
        {"not_counted": None, "failure": "rolled-back", "rework": None},
        {"not_counted": None, "failure": None, "rework": "rollback"},
        {"not_counted": "aborted", "failure": None, "rework": None},
    ]


def tags(page: str) -> list[str]:
    """The words in the tags of a page, without their icons."""
    return [
        re.sub("<[^>]*>", "", each).strip() for each in re.findall(r'<span class="tag[^>]*>(.*?)</span>', page, re.S)
    ]


def test_a_person_marks_a_deployment_with_the_key_they_came_with(endpoint: Endpoint, visitor: httpx.Client) -> None:
    told = event()
    endpoint.post(told)
    (record,) = endpoint.stored(told["deployment_id"])
    said = {"failure": "yes", "counted": "", "comment": "Rolled back by hand"}

    done = visitor.post(f"/deployments/{record.id}", data=said)
    page = visitor.get(f"/deployments/{record.id}").text

    assert (done.status_code, done.headers["Location"]) == (303, f"./{record.id}")
    (mark,) = endpoint.stored(told["deployment_id"])[0].marks
    assert (mark.failure, mark.counted, mark.comment, mark.by) == (True, None, "Rolled back by hand", "ci")
    assert "A failure" in page
    assert "Rolled back by hand" in page


def test_nobody_else_marks_anything(endpoint: Endpoint, visitor: httpx.Client) -> None:
    told = event()
    endpoint.post(told)
    (record,) = endpoint.stored(told["deployment_id"])
    page, said = f"/deployments/{record.id}", {"failure": "yes"}
    reader = KeyRing([key(scopes=[Scope.READ])])
    with (
        Endpoint(endpoint.store, ring=reader) as reading,
        reading.client() as looking,
        Endpoint(endpoint.store, pages={"anonymous": True}) as open_,
        open_.client() as anybody,
    ):
        sign_in(looking)
        refused = [
            visitor.post(page, data=said, headers={"Sec-Fetch-Site": "cross-site"}).status_code,
            looking.post(page, data=said).status_code,
            anybody.post(page, data=said).status_code,
        ]
        offered = [client.get(page).text.count("Was it a failure?") for client in (visitor, looking, anybody)]
    with endpoint.client() as stranger:
        refused.append(stranger.post(page, data=said).status_code)

    assert refused == [403, 403, 403, 303]
    assert offered == [1, 0, 0]
    assert endpoint.stored(told["deployment_id"])[0].marks == ()
    assert visitor.post("/deployments/none-such", data=said).status_code == 404
    assert visitor.post(page, data={"failure": "perhaps"}).status_code == 422


def test_of_many_products_one_page_shows_some_and_leads_to_the_others() -> None:
    with Endpoint(rates=Rates(rate=0, burst=0)) as endpoint, endpoint.client() as visitor:
        sign_in(visitor)
        for number in range(61):
            endpoint.post(event(deployment_id=f"d{number}", repo_url=f"https://git.example/acme/many-{number:03}"))

        first, second, beyond = (visitor.get(f"/?q=many&page={number}").text for number in (1, 2, 99))

    assert ("many-059" in first, "many-060" in first) == (True, False)
    assert ("many-059" in second, "many-060" in second) == (False, True)
    assert "Products 1 to 60 of 61" in first
    assert 'rel="next" href="./?page=2&amp;q=many"' in first
    assert 'rel="prev" href="./?page=1&amp;q=many"' in second
    assert beyond == second
