"""Which key may tell what."""

from deploytrail.keys.model import Scope
from deploytrail.keys.ring import KeyRing
from tests.fakes import key
from tests.http.endpoint import Endpoint, event


def test_c007_a_key_for_another_api_is_refused_and_one_for_this_api_is_good() -> None:
    ring = KeyRing([key("for-versioner", apis=["versioner"]), key("for-hivel", apis=["hivel", "quanta"])])

    with Endpoint(ring=ring) as endpoint:
        other, this = endpoint.post(event(), secret="for-versioner"), endpoint.post(event(), secret="for-hivel")

    assert other.status_code == 401
    assert this.status_code == 200


def test_a_key_is_held_to_its_products_and_environments() -> None:
    ring = KeyRing([key(products=["hivelai/webhook-logger"], environments=["staging"])])

    with Endpoint(ring=ring) as endpoint:
        allowed = endpoint.post(event(environment="staging"))
        elsewhere = endpoint.post(event(environment="production"))
        another = endpoint.post(event(environment="staging", repo_url="https://github.com/hivelai/other"))
        stored = endpoint.stored()

    assert allowed.status_code == 200
    assert elsewhere.status_code == another.status_code == 403
    assert elsewhere.json() == {"message": "Forbidden", "error": "the key ci may not report for this environment"}
    assert another.json() == {"message": "Forbidden", "error": "the key ci may not report for this product"}
    assert len(stored) == 1


def test_a_revoked_key_is_refused_and_an_expired_one_too() -> None:
    ring = KeyRing([key("expired", expires_at=key().created_at), key("good")])

    with Endpoint(ring=ring) as endpoint:
        expired, good = endpoint.post(event(), secret="expired"), endpoint.post(event(), secret="good")
        ring.replace([])
        revoked = endpoint.post(event(), secret="good")

    assert (expired.status_code, good.status_code, revoked.status_code) == (401, 200, 401)


def test_a_key_without_the_scope_ingest_may_not_report() -> None:
    with Endpoint(ring=KeyRing([key(scopes=[Scope.READ, Scope.ADMIN])])) as endpoint:
        answer = endpoint.post(event())

    assert answer.status_code == 401
