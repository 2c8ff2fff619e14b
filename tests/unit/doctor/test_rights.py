"""What must be allowed, and how what is missing is spelled."""

import pytest
import yaml

from deploytrail.doctor import judging
from deploytrail.doctor.rights import Right, needed, rules

HOME = "trail"


def listed(**but: object) -> set[tuple[str, str, str]]:
    given = {"home": HOME, "sources": ("argocd", "resources", "http"), "records_here": True, "keys_here": True}
    return {(right.resource, right.verb, right.namespace) for right in needed(**(given | but))}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("but", "without", "with_"),
    [
        ({}, ("applications", "patch", ""), ("applications", "watch", "")),
        ({"sources": ("http",)}, ("applications", "list", ""), ("deploymentevents", "list", "")),
        ({"sources": ("http",)}, ("customresourcedefinitions", "list", ""), ("secrets", "list", HOME)),
        ({"records_here": False}, ("deploymentevents", "create", HOME), ("deploymentevents/status", "patch", "")),
        ({"keys_here": False}, ("secrets", "get", HOME), ("configmaps", "create", HOME)),
        ({"watched": ("a", "b")}, ("applications", "list", ""), ("applications", "list", "b")),
        ({"watched": ("a",)}, ("customresourcedefinitions", "list", ""), ("deploymentevents/status", "patch", "a")),
    ],
)
def test_the_rights_follow_from_the_settings(
    but: dict[str, object], without: tuple[str, str, str], with_: tuple[str, str, str]
) -> None:
    assert with_ in listed(**but)
    assert without not in listed(**but)


def test_a_database_and_a_file_of_keys_need_no_right() -> None:
    assert listed(sources=("http",), records_here=False, keys_here=False) == set()


def test_what_is_missing_becomes_rules_to_add() -> None:
    missing = [
        Right("argoproj.io", "applications", "list"),
        Right("argoproj.io", "applications", "watch"),
        Right("deploytrail.dev", "deploymentevents/status", "patch"),
        Right("deploytrail.dev", "buildevents/status", "patch"),
        Right("", "configmaps", "get", HOME, "deploytrail-began"),
    ]

    in_cluster, at_home = rules(missing)

    assert in_cluster.splitlines()[0] == "add to its ClusterRole:"
    assert yaml.safe_load(in_cluster.partition("\n")[2]) == [
        {"apiGroups": ["argoproj.io"], "resources": ["applications"], "verbs": ["list", "watch"]},
        {
            "apiGroups": ["deploytrail.dev"],
            "resources": ["deploymentevents/status", "buildevents/status"],
            "verbs": ["patch"],
        },
    ]
    assert at_home.splitlines()[0] == "add to its Role in the namespace trail:"
    assert yaml.safe_load(at_home.partition("\n")[2]) == [
        {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["deploytrail-began"], "verbs": ["get"]}
    ]


def test_what_it_works_without_is_a_warning() -> None:
    needed_, optional = Right("", "secrets", "list", HOME), Right("x.io", "crds", "list", optional=True)

    found = judging.judge_rights("it", [needed_, optional], [needed_, optional])

    assert [(finding.level, finding.message) for finding in found] == [
        ("fail", "it may not list secrets in trail"),
        ("warn", "it may not list crds.x.io in the whole cluster"),
    ]


def test_who_has_everything_is_counted() -> None:
    (found,) = judging.judge_rights("it", [Right("", "secrets", "list")], [])

    assert (found.level, found.message) == ("ok", "it has all 1 rights it needs")


def test_writing_applications_is_warned_of() -> None:
    granted = [Right("argoproj.io", "applications", verb, where) for where in ("", "a") for verb in ("patch", "delete")]

    (found,) = judging.judge_forbidden("it", granted)

    assert (found.level, found.message) == ("warn", "it may patch, delete Applications")
