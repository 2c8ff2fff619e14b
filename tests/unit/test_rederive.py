"""Records are derived again from what was reported, and nothing else about them changes."""

import asyncio
from typing import Any

from deploytrail.record.identity import versioner_series
from deploytrail.record.model import Binding, Facts, Repeat, Series, Status
from deploytrail.sources.http.dialect import Request
from deploytrail.sources.http.quanta import quanta
from deploytrail.sources.http.versioner import BUILDS, DEPLOYMENTS
from deploytrail.sources.quanta_settings import QuantaSettings
from tests.fakes import NOW, key
from tests.rederiving import MENDED, WORDS, Overtaken, Result, Scene, dialect, get, understand


def test_nothing_changes_while_the_mapping_is_the_same() -> None:
    scene = Scene()
    for word in ("begun", "broken", "done"):
        scene.hear(dialect(), status=word, by_whom="alice")

    result = scene.derive(dialect(), apply=True)

    assert result == Result(0, {}, "1 records read: 0 changed, 0 left as they are, 0 not told over HTTP alone\n")


def test_what_would_change_is_printed_and_not_done() -> None:
    scene = Scene()
    scene.hear(dialect(), status="broken")
    [before] = scene.records()

    result = scene.derive(dialect(MENDED))

    assert result.code == 0
    assert result.changed[before.id]["status"] == ["failed", "aborted"]
    assert [[each["status"] for each in told] for told in result.changed[before.id]["reports"]] == [
        ["failed"],
        ["aborted"],
    ]
    assert result.said == "1 records read: 1 would change, 0 left as they are, 0 not told over HTTP alone\n"
    assert scene.records() == [before]


def test_applied_it_is_as_if_the_mapping_had_always_been_so() -> None:
    scene, ideal = Scene(), Scene()
    for word in ("begun", "broken", "broken"):
        scene.hear(dialect(), status=word, commit="abc123")
        ideal.hear(dialect(MENDED, product=str.upper), status=word, commit="abc123")

    result = scene.derive(dialect(MENDED, product=str.upper), apply=True)

    assert result.code == 0
    assert scene.records() == ideal.records()


def test_applied_again_it_changes_nothing() -> None:
    scene = Scene()
    scene.hear(dialect(), status="broken")
    first = scene.derive(dialect(MENDED), apply=True)
    after = scene.records()

    second = scene.derive(dialect(MENDED), apply=True)

    assert len(first.changed) == 1
    assert second.changed == {}
    assert scene.records() == after


def test_every_report_is_kept_even_one_that_would_be_ignored_today() -> None:
    scene = Scene()
    scene.hear(dialect(repeat=Repeat.KEEP), status="begun", by="alice")
    scene.hear(dialect(repeat=Repeat.KEEP), status="done", by="bob")
    [before] = scene.records()

    scene.derive(dialect(WORDS | {"begun": Status.FAILED}, repeat=Repeat.KEEP), apply=True)

    [after] = scene.records()
    assert (after.id, after.status, after.deployed_by) == (before.id, Status.FAILED, "alice")
    assert [telling.body for telling in after.tellings] == [telling.body for telling in before.tellings]
    assert [telling.received_at for telling in after.tellings] == [telling.received_at for telling in before.tellings]


def test_records_of_a_series_keep_their_numbers() -> None:
    def series(facts: Facts) -> Series:
        return versioner_series(product=facts.product, version="1", environment=facts.environment)

    scene = Scene()
    scene.hear(dialect(series=series), status="broken")
    scene.minutes += 60
    scene.hear(dialect(series=series), status="broken", by="alice")
    before = scene.records()

    result = scene.derive(dialect(MENDED, series=series), apply=True)

    assert result.changed.keys() == {each.id for each in before}
    after = scene.records()
    assert [(each.id, each.attempt, each.status) for each in after] == [
        (each.id, each.attempt, Status.ABORTED) for each in before
    ]
    assert [each.attempt.number for each in after if each.attempt] == [2, 1]


def test_what_the_key_says_is_read_from_the_key_there_is() -> None:
    scene = Scene()
    scene.hear(dialect(), sender=key(environment="staging"))

    result = scene.derive(dialect(reads_key=True), keys=[key(environment="canary")])

    [changes] = result.changed.values()
    assert changes == {"environment": ["staging", "canary"]}


def test_of_two_dialects_of_one_api_the_one_that_took_the_report_reads_it() -> None:
    scene = Scene()
    scene.hear(dialect(run=str.upper, path="/v1"), status="broken")
    [before] = scene.records()

    result = scene.derive(dialect(MENDED, path="/v2"), dialect(MENDED, run=str.upper, path="/v1"), apply=True)

    assert result.changed.keys() == {before.id}
    assert scene.records()[0].status is Status.ABORTED


def test_a_commit_that_its_version_has_not_is_marked_on_a_lenient_record() -> None:
    scene = Scene()
    scene.hear(dialect(binding=Binding.LENIENT), run="run-1", version="1.2.3", commit="abc123")
    scene.hear(dialect(), run="run-2", version="1.2.3", commit="def456")

    result = scene.derive(dialect(binding=Binding.LENIENT), apply=True)

    [changes] = result.changed.values()
    assert changes == {"version_conflict": [None, "abc123"]}
    assert scene.derive(dialect(binding=Binding.LENIENT)).changed == {}


def test_a_report_that_arrives_meanwhile_is_judged_with_the_rest() -> None:
    store = Overtaken()
    scene = Scene(store)
    scene.hear(dialect(), status="begun")
    store.coming = scene.hear(dialect(), status="broken", by="alice", record=False)

    result = scene.derive(dialect(MENDED, product=str.upper), apply=True)

    [changes] = result.changed.values()
    assert changes["status"] == ["failed", "aborted"]
    [after] = scene.records()
    assert (after.product, after.status, after.deployed_by, len(after.tellings)) == ("WEB", Status.ABORTED, "alice", 2)


def test_nothing_changes_of_what_the_real_dialects_took() -> None:
    scene = Scene()
    pushed = quanta(QuantaSettings())
    shop = key(product="shop", environment="staging")
    deployed: dict[str, Any] = {"product_name": "web", "version": "1.2.3", "environment_name": "production"}
    scene.hear(DEPLOYMENTS, **deployed, status="started", scm_sha="abc123", extra_metadata={"n": 1.0})
    scene.hear(DEPLOYMENTS, **deployed, status="success")
    scene.hear(BUILDS, product_name="web", version="1.2.3", status="failed", build_number=7)
    for kind in ("code_deploy", "comment"):
        request = Request(
            head=get(f"auth_token=dtk_canary_1&type={kind}&content=v1.2%20for%20%22%7B%22&who=m%C3%A9"),
            key=shop,
            received_at=NOW,
            text="",
            document={},
        )
        asyncio.run(scene.store.record(understand(pushed, request)))
    before = scene.everything()

    result = scene.derive(DEPLOYMENTS, BUILDS, pushed, keys=[shop])

    assert len(before) == 4
    assert result.changed == {}
    assert result.said == "4 records read: 0 would change, 0 left as they are, 0 not told over HTTP alone\n"
