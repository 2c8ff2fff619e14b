"""Names as labels: no more than so many, and whoever was chosen stays chosen."""

from deploytrail.serve.labels import Chosen


def test_the_heaviest_are_told_apart() -> None:
    chosen = Chosen(2)

    chosen.take_in({"a": 1, "b": 5, "c": 3})

    assert [chosen.label(name) for name in "abc"] == ["other", "b", "c"]
    assert "a" not in chosen


def test_equal_ones_are_chosen_alike_on_every_replica() -> None:
    one, other = Chosen(2), Chosen(2)

    one.take_in({"a": 1, "b": 1, "c": 1})
    other.take_in({"c": 1, "b": 1, "a": 1})

    assert [one.label(name) for name in "abc"] == [other.label(name) for name in "abc"] == ["a", "b", "other"]


def test_who_was_chosen_stays_and_newcomers_take_what_is_left() -> None:
    chosen = Chosen(2)

    chosen.take_in({"a": 1})
    chosen.take_in({"a": 1, "b": 1, "c": 9, "d": 99})

    assert [chosen.label(name) for name in "abcd"] == ["a", "other", "other", "d"]


def test_none_may_be_told_apart() -> None:
    chosen = Chosen(0)

    chosen.take_in({"a": 1})

    assert chosen.label("a") == "other"
