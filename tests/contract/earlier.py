"""What databases of earlier schemas held. Frozen, as the migrations are: people have such rows."""

from collections.abc import Mapping

STATEMENTS: Mapping[str, tuple[str, ...]] = {
    "0001": (
        """INSERT INTO records (id, kind, revision, product, version, environment, status, is_open, source, counted,
        type, application_uid, series, attempt, created_at, finished_at, happened_at, document)
        VALUES ('ID', 'deployment', 1, 'web', '1.2.3', 'production', 'started', true, 'hivel', true,
        NULL, NULL, NULL, NULL, '2026-03-02T12:00:00.000000+00:00', NULL, '2026-03-02T11:59:00.000000+00:00',
        '{"product":"web","metadata":{"team":"shop"},"version":"1.2.3","repository":null,"commit":null,"branch":null,
        "images":[],"links":{"build":null,"logs":null,"ui":null},"environment":"production","deployed_by":null,
        "trigger":null,"partial":false,"missed_before":0,"pull_requests":[],"application":null,"id":"ID",
        "status":"started","source":"hivel","created_at":"2026-03-02T12:00:00Z","updated_at":"2026-03-02T12:00:00Z",
        "started_at":"2026-03-02T11:59:00Z","finished_at":null,"reason":null,"version_conflict":null,"attempt":null,
        "tellings":[{"source":"hivel","status":"started","at":"2026-03-02T12:00:00Z",
        "received_at":"2026-03-02T12:00:00Z","reporter":"ci","raw_status":"started","fingerprint":"first"}],
        "resource":null,"settled_at":null,"counted":true}')""",
        """INSERT INTO payloads (record_id, kind, position, body)
        VALUES ('ID', 'deployment', 0, '{"status": "started"}')""",
    ),
    "0002": (
        """INSERT INTO versions (id, product, version, "commit", first_seen_at, source, record)
        VALUES ('VERSION', 'web', '1.2.3', 'abc123', '2026-03-02T12:00:00.000000+00:00', 'versioner', 'build-1')""",
    ),
    "0003": (
        """INSERT INTO preferences (id, event_type, channel_id, created_at, created_by)
        VALUES ('p1', 'build.failed', 'C1', '2026-03-02T12:00:00.000000+00:00', 'ci')""",
    ),
    "0004": (
        """INSERT INTO outbox (record_id, position, event_type, heard_at)
        VALUES ('ID', 0, 'deployment.started', '2026-03-02T12:00:00.000000+00:00')""",
    ),
    "0005": ("""INSERT INTO totals (product, environment, name, value) VALUES ('web', 'production', 'started', 1)""",),
    "0006": (
        """INSERT INTO places (product, environment, standing)
        VALUES ('web', 'production', '{"latest":null,"current":null,"previous":null}')""",
    ),
    "0007": (
        """INSERT INTO rollups (id, rules) VALUES (1, '{"fix_window":"P1D","replace_window":"PT0S"}')""",
        """INSERT INTO tallies (dimension, grain, name, environment, start, counts)
        VALUES ('all', 'day', '', 'production', '2026-03-02', '{"n":1,"ok":1,"r:rollback":1}')""",
    ),
    "0008": (),
}
"""What is added at each revision, in the words of both databases. ID and VERSION stand for what identity computes."""
