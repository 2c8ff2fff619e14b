"""The same job as one would first write it with FastAPI: a model, dependencies, a pool. What we are compared with.

``uvicorn bench.tutorial:app``; the database by BENCH_DATABASE, the key's digest by BENCH_KEY. A report is acknowledged
after it is durable, is stored once however often it is sent, and is announced in an outbox, as ours is.
"""

import hashlib
import hmac
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any

import asyncpg
from fastapi import Depends, FastAPI, Header, HTTPException, Request
from pydantic import BaseModel

POOL = 32

SCHEMA = """
CREATE TABLE IF NOT EXISTS tutorial_deployments (
    id text PRIMARY KEY, status text NOT NULL, product text NOT NULL, environment text NOT NULL, branch text NOT NULL,
    commit_hash text, image text, started_at timestamptz NOT NULL, finished_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(), body jsonb NOT NULL
);
CREATE INDEX IF NOT EXISTS tutorial_newest ON tutorial_deployments (received_at, id);
CREATE INDEX IF NOT EXISTS tutorial_place ON tutorial_deployments (product, environment, finished_at);
CREATE TABLE IF NOT EXISTS tutorial_outbox (
    sequence bigserial PRIMARY KEY, event_type text NOT NULL,
    deployment_id text NOT NULL REFERENCES tutorial_deployments
);
"""


class Event(BaseModel):
    deployment_id: str
    event_type: str
    status: str
    repo_url: str
    environment: str
    start_time: datetime
    end_time: datetime
    branch: str
    commit_hash: str | None = None
    image: str | None = None
    note: str | None = None


class Stored(BaseModel):
    message: str
    deployment_id: str
    success: bool


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with asyncpg.create_pool(os.environ["BENCH_DATABASE"], min_size=POOL, max_size=POOL) as pool:
        await pool.execute(SCHEMA)
        app.state.pool = pool
        yield


app = FastAPI(lifespan=lifespan)


def check_key(x_api_token: Annotated[str, Header()]) -> None:
    digest = hashlib.sha256(x_api_token.encode()).hexdigest()
    if not hmac.compare_digest(digest, os.environ["BENCH_KEY"]):
        raise HTTPException(401, "Invalid API token")


async def connection(request: Request) -> AsyncIterator[Any]:
    async with request.app.state.pool.acquire() as acquired:
        yield acquired


@app.post("/api/hooks/v2/deployment", dependencies=[Depends(check_key)])
async def record(event: Event, database: Annotated[Any, Depends(connection)]) -> Stored:
    async with database.transaction():
        created = await database.fetchval(
            "INSERT INTO tutorial_deployments "
            "(id, status, product, environment, branch, commit_hash, image, started_at, finished_at, body) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING RETURNING id",
            event.deployment_id,
            event.status,
            event.repo_url,
            event.environment,
            event.branch,
            event.commit_hash,
            event.image,
            event.start_time,
            event.end_time,
            json.dumps(event.model_dump(mode="json")),
        )
        if created is not None:
            await database.execute(
                "INSERT INTO tutorial_outbox (deployment_id, event_type) VALUES ($1, $2)",
                event.deployment_id,
                f"deployment.{event.status}",
            )
    return Stored(message="Deployment event stored successfully", deployment_id=event.deployment_id, success=True)
