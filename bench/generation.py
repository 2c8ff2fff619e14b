"""The deployments of a history, made by PostgreSQL itself: the rows that history makes for SQLite, in minutes."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import count

import asyncpg

AT_ONCE = 2
"""Connections that make rows: each keeps a core of the server busy."""

CHUNK = 100_000

_ISO = """'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'"""

_ROWS = f"""
INSERT INTO records (id, kind, revision, product, version, environment, status, is_open, source, counted,
  created_at, finished_at, happened_at, document, entry)
SELECT record, 'deployment', 0, product, version, environment, status, status = 'pending', 'versioner', true,
  began, CASE WHEN status <> 'pending' THEN at END, CASE WHEN status <> 'pending' THEN at ELSE began END,
  @DOCUMENT@,
  CASE WHEN status IN ('completed', 'failed') THEN
    '["' || CASE status WHEN 'completed' THEN 'landed' ELSE 'failed' END || '","' || version || '",false,null,"'
    || team || '",' || lead || ',"commit"]' END
FROM (
  SELECT *, product || '-' || left(usual, 4) || '-' || lpad(n::text, 9, '0') AS record,
    CASE WHEN n % 1000003 = 7 THEN $5 ELSE usual END AS environment,
    at - CASE WHEN n % 500 = 11 THEN interval '5 hours' ELSE interval '90 seconds' END AS began,
    to_char(at AT TIME ZONE 'UTC', {_ISO}) AS at_text,
    to_char((at - lead * interval '1 second') AT TIME ZONE 'UTC', {_ISO}) AS committed_text
  FROM (
    SELECT n, 'product-' || lpad((n % $3 % $4)::text, 3, '0') AS product,
      ($6::text[])[1 + n % $3 / $4] AS usual, 'team-' || lpad((n % $3 % $7)::text, 2, '0') AS team,
      'v' || CASE WHEN n / $3 % 37 = 20 THEN n / $3 - 2 ELSE n / $3 END AS version,
      CASE WHEN n % 200003 = 5 THEN 'pending' WHEN n * 7919 % 1000 < 50 THEN 'failed'
        WHEN n * 7919 % 1000 < 55 THEN 'unknown' WHEN n * 7919 % 1000 < 60 THEN 'aborted'
        ELSE 'completed' END AS status,
      n * 7919 % 200000 + 60 AS lead, $8::timestamptz - ($9 - n) * $10::interval AS at
    FROM generate_series($1::bigint, $2::bigint) AS n
  ) AS numbers
) AS rows
"""

_WORDS = {
    "ID": "record", "PRODUCT": "product", "VERSION": "version", "ENVIRONMENT": "environment", "TEAM": "team",
    "STATUS": "status", "AT": "at_text", "COMMITTED": "committed_text",
    "BEGAN": f"to_char(began AT TIME ZONE 'UTC', {_ISO})", "COMMIT": "lpad(to_hex(n), 40, '0')",
}  # fmt: skip


async def generate(
    url: str,
    pieces: Sequence[str],
    told: Callable[[int], None],
    *,
    deployments: int,
    products: int,
    environments: Sequence[str],
    rare: str,
    teams: int,
    end: datetime,
    length: timedelta,
) -> None:
    """``pieces`` of the document: every second one is the name of what stands there."""
    written = [_WORDS[piece] if number % 2 else f"'{piece}'" for number, piece in enumerate(pieces)]
    statement = _ROWS.replace("@DOCUMENT@", " || ".join(written))
    places, step = products * len(environments), length / deployments
    chunks = (first for first in count(0, CHUNK))

    async def work() -> None:
        connection = await asyncpg.connect(url)
        try:
            while (first := next(chunks)) < deployments:
                last = min(first + CHUNK, deployments) - 1
                await connection.execute(
                    statement, first, last, places, products, rare, list(environments), teams, end, deployments, step
                )
                told(last - first + 1)
        finally:
            await connection.close()

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
