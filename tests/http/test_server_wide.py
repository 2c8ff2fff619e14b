"""What holds for every ingest route, by the number of its check in the contract; here on Hivel's route."""

import json
from codecs import BOM_UTF8

import pytest

from tests.fakes import SECRET, StoreAsleep, StoreAway
from tests.http.endpoint import HIVEL_PATH, Endpoint, event, heard, rejected


def test_c001_one_listener_serves_what_is_told_and_what_is_asked(endpoint: Endpoint) -> None:
    told = event()

    assert endpoint.post(told).status_code == 200
    assert endpoint.get("/api/v1/deployments").status_code == 200
    assert endpoint.get("/healthz").status_code == 200


@pytest.mark.parametrize("path", [HIVEL_PATH, f"{HIVEL_PATH}/"])
def test_c003_a_slash_at_the_end_neither_matters_nor_redirects(endpoint: Endpoint, path: str) -> None:
    told = event()

    answer = endpoint.post(told, path=path)

    assert answer.status_code == 200
    assert len(endpoint.stored(told["deployment_id"])) == 1


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"])
def test_c004_a_wrong_method_is_405_with_allow_in_the_apis_own_shape(endpoint: Endpoint, method: str) -> None:
    counted = rejected("method")

    with endpoint.client(X_API_Token=SECRET) as client:
        answer = client.request(method, HIVEL_PATH)

    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"
    if method != "HEAD":
        assert answer.json() == {"message": "Method not allowed", "error": "use POST"}
    assert rejected("method") == counted + 1


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        'Application/JSON; Charset="utf-8"',
        "APPLICATION/JSON",
        "application/json; charset=us-ascii",
    ],
)
def test_c005_json_is_accepted_however_it_is_spelt(endpoint: Endpoint, content_type: str) -> None:
    assert endpoint.post(event(), Content_Type=content_type).status_code == 200


@pytest.mark.parametrize(
    "content_type",
    ["", "application/x-www-form-urlencoded", "text/plain", "application/xml", "application/json; charset=latin-1"],
)
def test_c005_any_other_type_is_refused(endpoint: Endpoint, content_type: str) -> None:
    told, counted = event(), rejected("content-type")

    answer = endpoint.post(told, Content_Type=content_type)

    assert answer.status_code == 415
    assert answer.json() == {"message": "Unsupported media type", "error": "Content-Type must be application/json"}
    assert not endpoint.stored(told["deployment_id"])
    assert rejected("content-type") == counted + 1


def test_a_byte_order_mark_is_no_part_of_the_body(endpoint: Endpoint) -> None:
    told = event()

    answer = endpoint.post(BOM_UTF8 + json.dumps(told).encode())

    [stored] = endpoint.stored(told["deployment_id"])
    assert answer.status_code == 200
    assert stored.tellings[0].body == json.dumps(told)


def test_a_compressed_body_is_refused(endpoint: Endpoint) -> None:
    answer = endpoint.post(b"\x1f\x8b\x08", Content_Encoding="gzip")

    assert answer.status_code == 415
    assert answer.json()["error"] == "the body must not be compressed"


@pytest.mark.parametrize("name", ["x-api-token", "X-API-TOKEN", "X-Api-Token"])
def test_c006_header_names_ignore_case(endpoint: Endpoint, name: str) -> None:
    with endpoint.client() as client:
        answer = client.post(HIVEL_PATH, json=event(), headers={name: SECRET})

    assert answer.status_code == 200


def test_c008_every_error_is_json_in_the_apis_own_shape(endpoint: Endpoint) -> None:
    answers = [
        endpoint.post(event(), secret="wrong"),
        endpoint.post(b"{"),
        endpoint.post(event(status=...)),
        endpoint.post(event(), Content_Type="text/plain"),
        endpoint.post(b'{"a":' * 40 + b"1" + b"}" * 40),
    ]

    for answer in answers:
        assert 400 <= answer.status_code < 500
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.json().keys() == {"message", "error"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'"x"',
        b"null",
        b"1",
        b"true",
        b'{"a": 1',
        b'{"a": 1} trailing',
        b'{"a": NaN}',
        b'{"a": "\xff"}',
        b"\xff",
    ],
)
def test_c009_what_is_no_json_object_is_400(endpoint: Endpoint, body: bytes) -> None:
    answer = endpoint.post(body)

    assert answer.status_code == 400
    assert answer.json()["message"] == "Validation failed"


def test_c010_unknown_fields_are_kept_as_metadata(endpoint: Endpoint) -> None:
    told = event(pipeline={"name": "release", "steps": [1, 2.5, True, "x"]}, team="payments")

    answer = endpoint.post(told)

    [stored] = endpoint.stored(told["deployment_id"])
    assert answer.status_code == 200
    assert stored.metadata["pipeline"] == {"name": "release", "steps": [1, 2.5, True, "x"]}
    assert stored.metadata["team"] == "payments"


def test_c011_null_is_absent(endpoint: Endpoint) -> None:
    optional = ("commit_hash", "pr_number", "pr_numbers", "build_number", "image", "logs_url", "team")
    told = event(**dict.fromkeys(optional))

    answer = endpoint.post(told)
    required = endpoint.post(event(branch=None))

    [stored] = endpoint.stored(told["deployment_id"])
    assert answer.status_code == 200
    assert (stored.commit, stored.images, stored.pull_requests, stored.version) == (None, (), (), None)
    assert stored.metadata == {"deployment_id": told["deployment_id"]}
    assert required.json()["error"] == "branch is required"


def test_c011_the_same_with_and_without_null_is_a_replay(endpoint: Endpoint) -> None:
    told = event(logs_url=...)

    answers = [endpoint.post(told), endpoint.post(told | {"logs_url": None})]

    assert [answer.status_code for answer in answers] == [200, 200]


def test_c012_a_bad_key_is_told_before_a_bad_body(endpoint: Endpoint) -> None:
    assert endpoint.post(b"{", secret="wrong").status_code == 401
    assert endpoint.post(b"{", secret="wrong", Content_Type="text/plain").status_code == 401


def test_c013_100_kb_of_metadata_are_welcome_and_more_than_a_mebibyte_is_413(endpoint: Endpoint) -> None:
    rich, fat = event(extra="x" * 102_400), event(extra="x" * 1_048_576)
    counted = rejected("too-large")

    accepted, refused = endpoint.post(rich), endpoint.post(fat)

    assert accepted.status_code == 200
    assert refused.status_code == 413
    assert refused.json() == {"message": "Payload too large", "error": "the body is larger than 1048576 bytes"}
    assert not endpoint.stored(fat["deployment_id"])
    assert rejected("too-large") == counted + 1


def test_c014_a_store_that_is_away_is_503_at_once_with_retry_after() -> None:
    with Endpoint(StoreAway()) as endpoint:
        answer = endpoint.post(event())

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "7"
    assert answer.json() == {"message": "Service unavailable", "error": "the store is away since noon"}
    assert answer.elapsed.total_seconds() < 2


def test_c014_a_store_that_does_not_answer_is_503_in_time() -> None:
    store, counted = StoreAsleep(), heard("unavailable")

    with Endpoint(store, record_seconds=0.1) as endpoint:
        answer = endpoint.post(event())
        store.woken.set()

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert answer.json()["error"] == "the store did not answer in time"
    assert heard("unavailable") == counted + 1


def test_c016_an_unknown_path_is_404_json_and_creates_nothing(endpoint: Endpoint) -> None:
    before = len(endpoint.stored())

    answers = [
        endpoint.post(event(), path=path)
        for path in ("/", "/api/hooks/v2", "/api/hooks/v2/deployments", "/api/hooks/v2/deployment/x", "//")
    ]

    for answer in answers:
        assert answer.status_code in (404, 405)
        assert answer.headers["Content-Type"] == "application/json"
    assert len(endpoint.stored()) == before


def test_c017_the_same_request_again_creates_no_second_deployment(endpoint: Endpoint) -> None:
    told, repeated = event(), heard("duplicate")

    answers = [endpoint.post(told) for _ in range(4)]

    assert {answer.text for answer in answers} == {answers[0].text}
    assert len(endpoint.stored(told["deployment_id"])) == 1
    assert heard("duplicate") == repeated + 3


def test_c017_neither_the_order_of_fields_nor_white_space_makes_it_another(endpoint: Endpoint) -> None:
    told = event(extra={"b": 1, "a": [1, {"y": 1, "x": 2}]})
    reordered = {name: told[name] for name in sorted(told)} | {"extra": {"a": [1, {"x": 2, "y": 1}], "b": 1}}

    answers = [endpoint.post(told), endpoint.post(json.dumps(reordered, indent=3).encode())]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert len(endpoint.stored(told["deployment_id"])) == 1


def test_c018_an_idempotency_key_is_optional_and_changes_nothing(endpoint: Endpoint) -> None:
    told = event()

    answers = [endpoint.post(told, Idempotency_Key="one"), endpoint.post(told, Idempotency_Key="two")]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert len(endpoint.stored(told["deployment_id"])) == 1


def test_credentials_in_urls_are_kept_nowhere(endpoint: Endpoint) -> None:
    told = event(
        repo_url="https://gitlab-ci-token:s3cr3t@gitlab.example.com/group/shop.git",
        logs_url="https://user:s3cr3t@logs.example.com/1",
        mirror={"url": "https://s3cr3t@mirror.example.com/x"},
    )
    escaped = json.dumps(told).replace("/", "\\/").encode()

    answer = endpoint.post(escaped)

    [stored] = endpoint.stored(told["deployment_id"])
    assert answer.status_code == 200
    assert stored.repository == "https://gitlab.example.com/group/shop"
    assert stored.metadata["mirror"] == {"url": "https://mirror.example.com/x"}
    assert "s3cr3t" not in stored.model_dump_json()
