"""Names that others made up as values of labels: no more than so many, whatever is reported."""

from collections.abc import Mapping

OTHER = "other"


class Chosen:
    """The names that are told apart: the most frequent ones. All others are ``other``.

    Who was chosen stays chosen for as long as the process lives, because a series that moved into another one would
    look like deployments. Newcomers get the places that are left.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._names: set[str] = set()

    def take_in(self, weights: Mapping[str, int]) -> None:
        """Fill the places that are left, with the heaviest names first."""
        free = self._most - len(self._names)
        if free > 0:
            new = sorted(weights.keys() - self._names, key=lambda name: (-weights[name], name))
            self._names.update(new[:free])

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def label(self, name: str) -> str:
        """The value of the label for this name."""
        return name if name in self._names else OTHER
