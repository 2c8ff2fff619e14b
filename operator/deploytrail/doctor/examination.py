"""All checks at once, none for longer than it may take. Always ends, and always says something."""

import asyncio
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deploytrail.doctor.checks import CHECKS, Check
from deploytrail.doctor.finding import Finding, fail, skip
from deploytrail.doctor.judging import judge_clock, judge_server
from deploytrail.doctor.patient import Patient, admit
from deploytrail.errors import DeploytrailError, Misconfigured, Unavailable
from deploytrail.kube.client import Kube
from deploytrail.settings import Settings


async def examine(
    flags: Mapping[str, Any],
    config: Path | None,
    settings: Settings,
    *,
    url: str,
    only: Collection[str],
    seconds: float,
) -> list[Finding]:
    """Everything found. Each step takes ``seconds`` at most: the cluster, the installation, then all checks at once."""
    if not settings.needs_cluster or (url and set(only) == {"endpoint"}):
        lines = await _examine_all(Patient(settings, None, url=url), only, seconds)
        return [skip("cluster", "none is needed"), *lines]
    try:
        kube = await Kube.connect(settings.kubeconfig)
    except Misconfigured as error:
        lost = [fail("cluster", str(error), "give --kubeconfig; without a cluster: --sources http and a SQL --store")]
        return lost + await _examine_all(Patient(settings, None, url=url), only, seconds)
    try:
        return await _in_cluster(kube, flags, config, settings, url=url, only=only, seconds=seconds)
    finally:
        await kube.close()


async def _in_cluster(
    kube: Kube,
    flags: Mapping[str, Any],
    config: Path | None,
    settings: Settings,
    *,
    url: str,
    only: Collection[str],
    seconds: float,
) -> list[Finding]:
    try:
        async with asyncio.timeout(seconds):
            found = await _greet(kube)
            patient = await admit(flags, config, settings, kube, url)
    except (Unavailable, TimeoutError) as error:
        why = str(error) or f"the API server did not answer within {seconds:g} s"
        lost = [fail("cluster", why, "kubectl get --raw /readyz; is it the right kubeconfig?")]
        return lost + await _examine_all(Patient(settings, None, url=url), only, seconds)
    return found + await _examine_all(patient, only, seconds)


async def _greet(kube: Kube) -> list[Finding]:
    answer = await kube.ask("/version")
    if answer.status != 200:
        raise Unavailable(str(answer.body.get("message") or f"the API server answers {answer.status}"))
    return [judge_server(str(answer.body["gitVersion"])), judge_clock(datetime.now(UTC), answer.at)]


async def _examine_all(patient: Patient, only: Collection[str], seconds: float) -> list[Finding]:
    wanted = [check for check in CHECKS if check.name in only]
    possible = [check for check in wanted if patient.kube is not None or not check.in_cluster]
    lines = await asyncio.gather(*(_run(check, patient, seconds) for check in possible))
    return [finding for findings in lines for finding in findings]


async def _run(check: Check, patient: Patient, seconds: float) -> list[Finding]:
    try:
        async with asyncio.timeout(seconds):
            return await check.look(patient)
    except DeploytrailError as error:
        return [fail(check.name, str(error))]
    except TimeoutError:
        return [fail(check.name, f"no answer within {seconds:g} s")]
