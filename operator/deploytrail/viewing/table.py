"""Records as rows of a table: what is unknown is a dash, ages are written as kubectl writes them."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from rich.table import Table
from rich.text import Text

from deploytrail.remote.answers import one_line
from deploytrail.viewing.client import Record
from deploytrail.viewing.kinds import Column, Kind

UNKNOWN = "-"

_STYLES: Mapping[str, str] = {"completed": "green", "failed": "red", "aborted": "yellow", "unknown": "magenta"}
_UNITS = ((86_400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def to_table(kind: Kind, records: Iterable[Record], *, now: datetime, wide: bool = False) -> Table:
    """A table of the records."""
    columns = [column for column in kind.columns if wide or not column.wide]
    table = Table(*(column.title for column in columns), box=None, pad_edge=False, header_style="bold")
    for column in table.columns:
        column.no_wrap = True
    for record in records:
        table.add_row(*(to_cell(column, record, now=now) for column in columns))
    return table


def to_cell(column: Column, record: Record, *, now: datetime) -> Text:
    """The field as text; whatever it holds, a terminal takes nothing of it for a command."""
    value = _find(record, column.field)
    shown = UNKNOWN if value is None or value == "" else _FORMS[column.form](value, now)
    return Text(one_line(shown) or UNKNOWN, style=_STYLES.get(shown, "") if column.form == "status" else "")


def to_age(passed: timedelta) -> str:
    """``45s``, ``3m20s``, ``2d4h``: two units at most, and one from ten of the greater on."""
    left = max(0, int(passed.total_seconds()))
    for (size, unit), following in zip(_UNITS, (*_UNITS[1:], None), strict=True):
        if left < size and following is not None:
            continue
        whole, rest = divmod(left, size)
        if following is None or whole >= 10 or rest < following[0]:
            return f"{whole}{unit}"
        return f"{whole}{unit}{rest // following[0]}{following[1]}"
    raise AssertionError("seconds take what is left")


def _find(record: Record, field: str) -> object:
    """The first of the alternatives that is known."""
    for path in field.split("|"):
        found: object = record
        for name in path.split("."):
            found = found.get(name) if isinstance(found, Mapping) else None
        if found is not None:
            return found
    return None


def _age(value: object, now: datetime) -> str:
    try:
        return to_age(now - datetime.fromisoformat(str(value)))
    except (TypeError, ValueError):
        return UNKNOWN


def _seconds(value: object, _: datetime) -> str:
    return to_age(timedelta(seconds=value)) if isinstance(value, int | float) else UNKNOWN


def _text(value: object, _: datetime) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number(value: object, _: datetime) -> str:
    return f"{value:.3g}" if isinstance(value, int | float) else UNKNOWN


def _percent(value: object, _: datetime) -> str:
    return f"{100 * value:.3g} %" if isinstance(value, int | float) else UNKNOWN


def _sum(value: object, _: datetime) -> str:
    """Of counts by name."""
    return str(sum(value.values())) if isinstance(value, Mapping) else UNKNOWN


_FORMS: Mapping[str, Callable[[object, datetime], str]] = {
    "text": _text,
    "status": _text,
    "age": _age,
    "seconds": _seconds,
    "number": _number,
    "percent": _percent,
    "sum": _sum,
    "commit": lambda value, _: str(value)[:12],
}
