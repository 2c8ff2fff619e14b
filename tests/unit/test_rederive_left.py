"""What cannot be derived again stays as it is, and is told of."""

import asyncio
from dataclasses import replace

import pytest

from deploytrail.record.identity import argocd_id, versioner_series
from deploytrail.record.model import Binding, Facts, Series, Source, Status
from tests.fakes import key
from tests.rederiving import MENDED, Result, Scene, dialect
from tests.reports import NOON, report


def test_an_id_that_would_be_another_is_told_and_never_applied() -> None:
    scene = Scene()
    scene.hear(dialect())
    [before] = scene.records()

    result = scene.derive(dialect(MENDED, run=str.upper), apply=True)

    assert result.code == 1
    assert result.changed == {}
    assert f"{before.id}: left as it is: /fake: its id would be another: run-1-" in result.said
    assert scene.records() == [before]


def test_a_series_that_would_be_another_is_left_alone() -> None:
    def series(facts: Facts) -> Series:
        return versioner_series(product=facts.product, version="1", environment=facts.environment)

    scene = Scene()
    scene.hear(dialect(series=series))
    before = scene.records()

    result = scene.derive(dialect(series=series, product=str.upper), apply=True)

    assert (result.code, result.changed) == (1, {})
    assert "its id would be another: web-1-production-" in result.said
    assert scene.records() == before


def test_a_report_that_is_refused_today_leaves_its_record_alone() -> None:
    scene = Scene()
    scene.hear(dialect())
    before = scene.records()

    result = scene.derive(dialect({"begun": Status.STARTED}), apply=True)

    assert (result.code, result.changed) == (1, {})
    assert "left as it is: /fake: done is no status" in result.said
    assert scene.records() == before


def test_a_key_that_is_gone_leaves_alone_what_it_spoke_for() -> None:
    scene = Scene()
    scene.hear(dialect(), sender=key(environment="staging"), status="broken")
    before = scene.records()

    result = scene.derive(dialect(MENDED, reads_key=True), apply=True, keys=[])

    assert (result.code, result.changed) == (1, {})
    assert "there is no key named ci any more" in result.said
    assert scene.records() == before


def test_a_key_that_is_gone_is_no_matter_where_only_its_name_counts() -> None:
    scene = Scene()
    scene.hear(dialect(), status="broken")

    result = scene.derive(dialect(MENDED), apply=True, keys=[])

    assert len(result.changed) == 1
    assert scene.records()[0].tellings[0].reporter == "ci"


def test_a_report_without_a_body_leaves_its_record_alone() -> None:
    scene = Scene()
    asyncio.run(scene.store.record(report()))

    result = scene.derive(dialect(), apply=True)

    assert (result.code, result.changed) == (1, {})
    assert "its body was not kept" in result.said


@pytest.mark.parametrize("source", [Source.ARGOCD, Source.KUBECTL])
def test_what_was_not_told_over_http_is_skipped_and_counted(source: Source) -> None:
    scene = Scene()
    watched = report()
    argo_id = argocd_id(uid="1", name="web", started_at=NOON)
    told = watched.telling.model_copy(update={"source": source})
    asyncio.run(scene.store.record(watched.model_copy(update={"id": argo_id, "telling": told})))

    result = scene.derive(dialect(), replace(dialect(), name=source.value), apply=True)

    assert result == Result(0, {}, "1 records read: 0 changed, 0 left as they are, 1 not told over HTTP alone\n")


def test_a_commit_that_its_version_has_not_leaves_a_strict_record_alone() -> None:
    scene = Scene()
    scene.hear(dialect(binding=Binding.STRICT), run="run-1", version="1.2.3", commit="abc123")
    scene.hear(dialect(), run="run-2", version="1.2.3", commit="def456")

    result = scene.derive(dialect(binding=Binding.STRICT), apply=True)

    assert (result.code, result.changed) == (1, {})
    assert "version 1.2.3 is of another commit for ever: abc123" in result.said
