"""The words of CI systems, and those of the API that is posted to."""

import pytest

from deploytrail.errors import Misconfigured
from deploytrail.mapping import versioner
from deploytrail.reporting.statuses import WORDS, parse_status


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("success", "completed"),  # GitHub's job.status
        ("failure", "failed"),
        ("cancelled", "aborted"),
        ("failed", "failed"),  # GitLab's CI_JOB_STATUS
        ("canceled", "aborted"),
        ("SUCCESS", "completed"),  # Jenkins' currentBuild.currentResult
        ("UNSTABLE", "failed"),
        ("FAILURE", "failed"),
        ("ABORTED", "aborted"),
        ("NOT_BUILT", "aborted"),
        ("Succeeded", "completed"),  # Azure's AGENT_JOBSTATUS
        ("SucceededWithIssues", "completed"),
        ("Failed", "failed"),
        ("Canceled", "aborted"),
        ("Completed", "completed"),  # Tekton's tasks.status
        ("None", "aborted"),
        ("Error", "failed"),  # Argo Workflows' workflow.status
        ("0", "completed"),  # Bitbucket's BITBUCKET_EXIT_CODE
        ("1", "failed"),
        ("137", "failed"),
        (" started\n", "started"),
        ("pending", "pending"),
    ],
)
def test_a_systems_word_is_one_of_the_five(word: str, status: str) -> None:
    assert parse_status(word) == status


@pytest.mark.parametrize("word", ["", "done", "ok", "-1", "deployment.completed"])
def test_another_word_is_the_mistake_of_who_wrote_it(word: str) -> None:
    with pytest.raises(Misconfigured, match="say pending, started, completed, failed, aborted"):
        parse_status(word)


def test_no_word_stands_for_two() -> None:
    words = [word for of_status in WORDS.values() for word in of_status]

    assert len(words) == len(set(words))


def test_a_word_that_the_api_knows_means_here_what_it_means_there() -> None:
    for table in (versioner.DEPLOYMENT, versioner.BUILD, versioner.UNDOCUMENTED):
        for status, words in table.items():
            assert {parse_status(word) for word in words} == {status.value}
