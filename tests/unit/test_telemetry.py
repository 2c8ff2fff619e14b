"""What must never be said: keys, tokens and credentials, in whatever line they turn up."""

import io
import json
import logging
import sys

import pytest
import structlog

from deploytrail.telemetry import configure_logging, mask

KEY = "dtk_0a1b2c3d_Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (f"key {KEY} refused", "key *** refused"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("authorization: token abc", "authorization: token ***"),
        ("GET /api/events/push?auth_token=abc&type=x", "GET /api/events/push?auth_token=***&type=x"),
        ("X-API-Token: abc", "X-API-Token: ***"),
        ("https://user:pass@git.example.com/x", "https://***@git.example.com/x"),
        ("nothing secret here", "nothing secret here"),
    ],
)
def test_secrets_are_masked_and_nothing_else(said: str, shown: str) -> None:
    assert mask(said) == shown


def test_a_line_is_one_json_object_without_secrets_even_in_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    configure_logging(level="info", style="json")

    try:
        raise ValueError(f"bad {KEY}")
    except ValueError:
        structlog.get_logger().exception("thing_failed", key=KEY)
    logging.getLogger("a.library").warning("lost connection to https://u:p@host")

    ours, theirs = (json.loads(line) for line in written.getvalue().splitlines())
    assert ours["event"] == "thing_failed"
    assert ours["level"] == "error"
    assert "Traceback" in ours["exception"]
    assert theirs["event"] == "lost connection to https://***@host"
    assert KEY not in written.getvalue()
