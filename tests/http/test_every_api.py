"""What holds for every ingest route, whatever the API, by the number of its check in the contract."""

import json
from collections.abc import Iterator

import pytest

from deploytrail.keys.ring import KeyRing
from tests.fakes import SECRET, StoreAway, key
from tests.http.apis import APIS, Api, product
from tests.http.endpoint import Endpoint

every_api = pytest.mark.parametrize("api", APIS, ids=lambda api: api.name)


@pytest.fixture(scope="module")
def all_apis() -> Iterator[Endpoint]:
    with Endpoint(environments="production") as running:
        yield running


@every_api
def test_c001_one_listener_serves_every_route(all_apis: Endpoint, api: Api) -> None:
    assert api.send(all_apis, api.body(product())).status_code == api.accepted


@every_api
def test_c002_and_c003_a_slash_at_the_end_neither_matters_nor_redirects(all_apis: Endpoint, api: Api) -> None:
    for path in (api.path.rstrip("/"), api.path.rstrip("/") + "/"):
        assert api.send(all_apis, api.body(product()), path=path).status_code == api.accepted


@every_api
def test_a_base_url_with_a_slash_at_its_end_is_good_too(all_apis: Endpoint, api: Api) -> None:
    joined = f"http://127.0.0.1:{all_apis.port}/{api.path}"

    assert api.send(all_apis, api.body(product()), path=joined).status_code == api.accepted


@every_api
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"])
def test_c004_a_wrong_method_is_405_with_allow_in_the_apis_own_shape(all_apis: Endpoint, api: Api, method: str) -> None:
    if method in api.methods:
        method = "TRACE"

    answer = all_apis.send(api.path, secret=SECRET, method=method)

    assert answer.status_code == 405
    assert answer.headers["Allow"] == ", ".join(api.methods)
    if method != "HEAD":
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.json().keys() == api.shape


@every_api
@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", "APPLICATION/Json"])
def test_c005_json_is_accepted_however_it_is_spelt(all_apis: Endpoint, api: Api, content_type: str) -> None:
    assert api.send(all_apis, api.body(product()), Content_Type=content_type).status_code == api.accepted


@every_api
@pytest.mark.parametrize("spell", [str.lower, str.upper, str.title])
def test_c006_header_names_ignore_case(all_apis: Endpoint, api: Api, spell: object) -> None:
    content = json.dumps(api.body(product())).encode()
    assert callable(spell)
    said = {spell(name): value for name, value in api.heads(content).items()}

    with all_apis.client() as client:
        assert client.post(api.path, content=content, headers=said).status_code == api.accepted


@every_api
def test_c007_a_key_is_good_everywhere_unless_it_is_limited_to_other_apis(api: Api) -> None:
    others = [other.source for other in APIS if other.source != api.source]
    keys = [
        key("all", signing=True),
        key("this", name="this", apis=[api.source], signing=True),
        key("others", name="others", apis=others, signing=True),
    ]

    with Endpoint(ring=KeyRing(keys), environments="production") as endpoint:
        codes = [api.send(endpoint, api.body(product()), secret=each).status_code for each in ("all", "this", "others")]

    assert codes == [api.accepted, api.accepted, 401]


@every_api
@pytest.mark.parametrize("body", [b"", b"[]", b'"x"', b"null", b"1", b'{"a": 1', b'{"a": "\xff"}', b'{"a": NaN}'])
def test_c008_and_c009_what_is_no_json_object_is_refused_in_the_apis_own_shape(
    all_apis: Endpoint, api: Api, body: bytes
) -> None:
    answer = api.send(all_apis, body)

    assert answer.status_code == api.unreadable
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json().keys() == api.shape


@every_api
def test_c010_unknown_fields_are_accepted_and_kept(all_apis: Endpoint, api: Api) -> None:
    name = product()
    body = api.body(name) | {"pipeline": {"steps": [1, True, "x"]}, "team": "payments"}

    answer = api.send(all_apis, body)

    [stored] = all_apis.recorded(name)
    assert answer.status_code == api.accepted
    assert stored.metadata["team"] == "payments"
    assert stored.metadata["pipeline"] == {"steps": [1, True, "x"]}


@every_api
def test_c011_null_is_absent(all_apis: Endpoint, api: Api) -> None:
    body = api.body(product())

    assert api.send(all_apis, body | dict.fromkeys((*api.optional, "more"))).status_code == api.accepted
    for required in body:
        if required != "deployment_id":
            missing = api.send(all_apis, {**body, required: None})
            assert 400 <= missing.status_code < 500


@every_api
def test_c012_a_bad_key_is_told_before_a_bad_body(all_apis: Endpoint, api: Api) -> None:
    for body in (b"{", b"", b'{"a": 1}'):
        answer = api.send(all_apis, body, secret="wrong")
        assert answer.status_code == 401
        assert answer.json().keys() == api.shape


@every_api
def test_c013_100_kb_of_metadata_are_welcome_and_more_than_a_mebibyte_is_413(all_apis: Endpoint, api: Api) -> None:
    rich = api.send(all_apis, api.body(product()) | {"extra": "x" * 102_400})
    fat = api.send(all_apis, api.body(product()) | {"extra": "x" * 1_048_576})

    assert rich.status_code == api.accepted
    assert fat.status_code == 413
    assert fat.json().keys() == api.shape


@every_api
def test_c014_and_c093_a_store_that_is_away_is_503_at_once_in_the_apis_own_shape(api: Api) -> None:
    with Endpoint(StoreAway(), environments="production") as endpoint:
        answer = api.send(endpoint, api.body(product()))

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "7"
    assert answer.json().keys() == api.shape
    assert answer.elapsed.total_seconds() < 2


@every_api
def test_c016_an_unknown_path_is_404_json(all_apis: Endpoint, api: Api) -> None:
    answer = api.send(all_apis, api.body(product()), path=f"{api.path.rstrip('/')}/more")

    assert answer.status_code in (404, 405)
    assert answer.headers["Content-Type"] == "application/json"


@every_api
def test_c017_and_c018_the_same_request_again_is_answered_alike_and_recorded_once(all_apis: Endpoint, api: Api) -> None:
    name = product()
    body = api.body(name)

    answers = [api.send(all_apis, body, Idempotency_Key=str(n)) for n in range(3)]

    assert {answer.text for answer in answers} == {answers[0].text}
    assert len(all_apis.recorded(name)) == 1


@every_api
def test_c180_what_is_refused_leaves_no_trace(all_apis: Endpoint, api: Api) -> None:
    before = len(all_apis.recorded())

    for body in (b"{", b"{}", {"status": "nonsense"}, {**api.body(product()), "extra": "x" * 1_100_000}):
        assert 400 <= api.send(all_apis, body).status_code < 500
    assert api.send(all_apis, api.body(product()), secret="wrong").status_code == 401

    assert len(all_apis.recorded()) == before


@every_api
def test_c179_every_accepted_request_keeps_who_told_it_and_its_body(all_apis: Endpoint, api: Api) -> None:
    name = product()

    api.send(all_apis, api.body(name))

    [stored] = all_apis.recorded(name)
    [telling] = stored.tellings
    assert telling.reporter == "ci"
    assert telling.source.value == api.source
    assert telling.body
    assert SECRET not in telling.model_dump_json()


@every_api
def test_every_route_stands_in_the_openapi_document(all_apis: Endpoint, api: Api) -> None:
    document = all_apis.get("/openapi.json").json()

    shown = document["paths"][api.path]
    assert set(shown) == {method.lower() for method in api.methods}
    schema = shown["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(schema["required"]) <= set(api.body("acme/web"))
    assert {*api.body("acme/web"), *api.optional} <= set(schema["properties"])
    for scheme in shown["post"]["security"]:
        assert set(scheme) <= set(document["components"]["securitySchemes"])
