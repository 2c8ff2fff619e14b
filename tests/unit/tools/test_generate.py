"""What is made is compared with what is there: old, missing and left-over files are all seen."""

from pathlib import Path

from tools.generate import stale, write

MADE = {Path("crds/a.yaml"): "a\n", Path("manifests/install.yaml"): "m\n"}


def test_what_was_just_written_is_fresh(tmp_path: Path) -> None:
    changed = write(tmp_path, MADE)

    assert changed == list(MADE)
    assert stale(tmp_path, MADE) == []
    assert write(tmp_path, MADE) == []


def test_an_edited_a_missing_and_a_left_over_file_are_stale(tmp_path: Path) -> None:
    write(tmp_path, MADE)
    (tmp_path / "crds/a.yaml").write_text("edited\n")
    (tmp_path / "manifests/install.yaml").unlink()
    (tmp_path / "crds/old.yaml").write_text("old\n")

    wrong = stale(tmp_path, MADE)

    assert wrong == [Path("crds/a.yaml"), Path("manifests/install.yaml"), Path("crds/old.yaml")]


def test_writing_mends_all_of_it(tmp_path: Path) -> None:
    (tmp_path / "crds").mkdir()
    (tmp_path / "crds/a.yaml").write_text("edited\n")
    (tmp_path / "crds/old.yaml").write_text("old\n")

    write(tmp_path, MADE)

    assert stale(tmp_path, MADE) == []
    assert not (tmp_path / "crds/old.yaml").exists()
