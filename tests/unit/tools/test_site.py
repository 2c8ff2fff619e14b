"""The pages as a site: links lead where they should, and nothing comes from another host."""

from pathlib import Path

import pytest

from tools.site import PAGES, external_links, gather


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for source in PAGES:
        (tmp_path / source).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / source).write_text("# A page\n")
    (tmp_path / "docs/ci").mkdir(parents=True)
    (tmp_path / "docs/a.md").write_text("# A\n")
    (tmp_path / "rules.yaml").write_text("a: 1\n")
    return tmp_path


@pytest.mark.parametrize(
    ("page", "link", "moved"),
    [
        ("README.md", "docs/a.md#a", "a.md#a"),
        ("README.md", "CONTRIBUTING.md", "contributing.md"),
        ("docs/a.md", "../README.md", "index.md"),
        ("docs/a.md", "../rules.yaml", "files/rules.yaml"),
        ("docs/ci/b.md", "../a.md#a", "../a.md#a"),
        ("docs/ci/b.md", "../../CHANGELOG.md", "../changelog.md"),
        ("charts/deploytrail/README.md", "../../docs/a.md", "a.md"),
        ("docs/a.md", "https://example.com/a", "https://example.com/a"),
        ("docs/a.md", "nowhere.md", "nowhere.md"),
        ("docs/a.md", "../../outside.md", "../../outside.md"),
    ],
)
def test_links_lead_where_their_targets_are_in_the_site(repository: Path, page: str, link: str, moved: str) -> None:
    (repository / page).write_text(f"[there]({link}), and\n```sh\n[not]({link})\n```\n")

    gather(repository, repository / "built")

    place = PAGES.get(page) or page.removeprefix("docs/")
    assert (repository / "built" / place).read_text() == f"[there]({moved}), and\n```sh\n[not]({link})\n```\n"


def test_what_is_linked_to_is_brought_along(repository: Path) -> None:
    (repository / "docs/a.md").write_text("[rules](../rules.yaml)\n")

    gather(repository, repository / "built")

    assert (repository / "built/files/rules.yaml").read_text() == "a: 1\n"


def test_links_to_elsewhere_are_listed(repository: Path) -> None:
    (repository / "docs/a.md").write_text("See https://example.com/b, and [a](https://example.com/a#x).\n")

    assert external_links(repository) == ["https://example.com/a#x", "https://example.com/b"]
