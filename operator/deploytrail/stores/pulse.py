"""Whether anything changed, for stores that hear of every change: a count, and a word that says whose count it is."""

from secrets import token_hex


class Pulse:
    """Told of every change of a record."""

    def __init__(self) -> None:
        self._life, self._beats = token_hex(4), 0

    def beat(self, before: object, after: object) -> None:
        """Something came, changed or went."""
        self._beats += 1

    @property
    def word(self) -> str:
        """Another one after every beat, and in every process."""
        return f"{self._life}-{self._beats}"
