"""How times and links are shown: tables of cases."""

from datetime import timedelta

import pytest

from deploytrail.serve.pages.words import age, commit_link, safe_link, short, span
from tests.fakes import NOW

SHA = "abc123def456789012345678901234567890abcd"


@pytest.mark.parametrize(
    ("ago", "shown"),
    [
        ({"seconds": -30}, "now"),
        ({"seconds": 4}, "now"),
        ({"seconds": 59}, "59 s"),
        ({"seconds": 60}, "1 min"),
        ({"minutes": 59, "seconds": 59}, "59 min"),
        ({"hours": 1}, "1 h"),
        ({"hours": 23, "minutes": 59}, "23 h"),
        ({"days": 1}, "1 d"),
        ({"days": 59}, "59 d"),
        ({"days": 61}, "2 mo"),
        ({"days": 800}, "2 y"),
    ],
)
def test_an_age_is_one_number(ago: dict[str, float], shown: str) -> None:
    assert age(NOW - timedelta(**ago), NOW) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s"),
        (45, "45 s"),
        (60, "1 min"),
        (930, "15 min 30 s"),
        (3600, "1 h"),
        (3605, "1 h"),
        (11_100, "3 h 5 min"),
        (187_200, "2 d 4 h"),
        (None, ""),
    ],
)
def test_a_span_is_two_numbers_at_most(seconds: float | None, shown: str) -> None:
    assert span(seconds) == shown
    assert span(timedelta(seconds=seconds) if seconds is not None else None) == shown


@pytest.mark.parametrize("link", ["https://ci.example.com/1", "http://argocd/applications/x?y=z#a", "HTTPS://A/"])
def test_what_leads_to_a_page_is_a_link(link: str) -> None:
    assert safe_link(link) == link


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " javascript:alert(1)",
        "java\tscript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "//evil.example.com",
        "/relative",
        "https:",
        "https:///path",
        "https://a b",
        "https://evil\\.example.com",
        "https://[::1",
        "ftp://files",
        "mailto:a@b",
    ],
)
def test_what_could_do_anything_else_is_none(text: str | None) -> None:
    assert safe_link(text) is None


@pytest.mark.parametrize(
    ("repository", "link"),
    [
        ("https://github.com/acme/web", f"https://github.com/acme/web/commit/{SHA}"),
        ("https://gitlab.example.com/acme/web", f"https://gitlab.example.com/acme/web/-/commit/{SHA}"),
        ("https://bitbucket.org/acme/web", f"https://bitbucket.org/acme/web/commits/{SHA}"),
        ("ssh://git@github.com/acme/web", None),
        ("javascript:alert(1)", None),
        (None, None),
    ],
)
def test_a_commit_is_where_its_host_shows_it(repository: str | None, link: str | None) -> None:
    assert commit_link(repository, SHA) == link


def test_what_is_no_commit_leads_nowhere() -> None:
    assert commit_link("https://github.com/acme/web", "../../evil") is None
    assert (short(SHA), short("main"), short(None)) == ("abc123d", "main", None)
