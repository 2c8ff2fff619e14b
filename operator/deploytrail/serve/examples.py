"""What the OpenAPI document shows as an answer."""

from typing import Any

DEPLOYMENT: dict[str, Any] = {
    "id": "deploy-20250922-1200-tiivonlvwlxmdmzt",
    "product": "hivelai/webhook-logger",
    "version": "v1.2.3",
    "environment": "production",
    "status": "completed",
    "event_type": "deployment.completed",
    "started_at": "2025-09-22T12:00:00Z",
    "finished_at": "2025-09-22T12:15:30Z",
    "settled_at": None,
    "duration": 930.0,
    "repository": "https://github.com/hivelai/webhook-logger",
    "commit": "abc123def456789012345678901234567890abcd",
    "committed_at": None,
    "branch": "main",
    "images": ["company/api-service:v1.2.3"],
    "deployed_by": None,
    "trigger": "api",
    "version_conflict": None,
    "partial": False,
    "missed_before": 0,
    "counted": True,
    "marks": [],
    "reason": None,
    "links": {"build": None, "logs": "https://logs.example.com/deploy/20250922-1200", "ui": None},
    "pull_requests": ["71", "35", "23"],
    "application": None,
    "resource": None,
    "source": "hivel",
    "created_at": "2025-09-22T12:15:31.204Z",
    "updated_at": "2025-09-22T12:15:31.204Z",
    "history": [{"status": "completed", "at": "2025-09-22T12:15:30Z"}],
    "metadata": {"deployment_id": "deploy-20250922-1200", "build_number": "12345"},
}

REPORT: dict[str, Any] = {
    "source": "hivel",
    "status": "completed",
    "at": "2025-09-22T12:15:30Z",
    "received_at": "2025-09-22T12:15:31.204Z",
    "reporter": "ci",
    "raw_status": "success",
    "body": '{"deployment_id": "deploy-20250922-1200", "event_type": "completed", "status": "success"}',
}

DEPLOYMENT_DETAIL: dict[str, Any] = DEPLOYMENT | {
    "judgement": {"not_counted": None, "failure": "rolled-back", "rework": None},
    "reports": [REPORT],
}

MARK: dict[str, Any] = {"failure": True, "comment": "checkout was down for ten minutes"}

MARKED: dict[str, Any] = DEPLOYMENT_DETAIL | {
    "marks": [{"at": "2025-09-22T14:02:11Z", "by": "alice", "counted": None, **MARK}],
    "judgement": {"not_counted": None, "failure": "marked", "rework": None},
    "updated_at": "2025-09-22T14:02:11Z",
}

BUILD: dict[str, Any] = {
    "id": "webhook-logger-1.2.3-h6d3qk2vbnw5",
    "product": "hivelai/webhook-logger",
    "version": "1.2.3",
    "status": "completed",
    "event_type": "build.completed",
    "started_at": "2025-09-22T11:40:00Z",
    "finished_at": "2025-09-22T11:44:10Z",
    "duration": 250.0,
    "repository": "https://github.com/hivelai/webhook-logger",
    "commit": "abc123def456789012345678901234567890abcd",
    "branch": "main",
    "images": [],
    "built_by": "alice",
    "version_conflict": None,
    "reason": None,
    "links": {"build": "https://ci.example.com/runs/12345", "logs": None, "ui": None},
    "resource": None,
    "source": "versioner",
    "created_at": "2025-09-22T11:40:00.113Z",
    "updated_at": "2025-09-22T11:44:11.045Z",
    "history": [
        {"status": "started", "at": "2025-09-22T11:40:00Z"},
        {"status": "completed", "at": "2025-09-22T11:44:10Z"},
    ],
    "metadata": {},
}

BUILD_DETAIL: dict[str, Any] = BUILD | {
    "reports": [REPORT | {"source": "versioner", "raw_status": "completed", "body": '{"status": "completed"}'}]
}

ANNOTATION: dict[str, Any] = {
    "id": "shop-20250922-1205-m2k4x7wq5rzt",
    "product": "shop",
    "environment": "production",
    "type": "config_change",
    "content": "Raised the connection limit to 200",
    "event_type": "annotation.config_change",
    "source": "quanta",
    "reporter": "shop",
    "created_at": "2025-09-22T12:05:00Z",
    "metadata": {},
}

VERSION: dict[str, Any] = {
    "product": "hivelai/webhook-logger",
    "version": "1.2.3",
    "commit": "abc123def456789012345678901234567890abcd",
    "first_seen_at": "2025-09-22T11:40:00.113Z",
    "source": "versioner",
    "record": "webhook-logger-1.2.3-h6d3qk2vbnw5",
    "builds": [{"id": "webhook-logger-1.2.3-h6d3qk2vbnw5", "status": "completed", "at": "2025-09-22T11:44:10Z"}],
    "environments": [
        {
            "environment": "production",
            "deployments": 1,
            "first_at": "2025-09-22T12:15:30Z",
            "last_at": "2025-09-22T12:15:30Z",
            "status": "completed",
            "deployed_by": "alice",
            "deployment_id": "deploy-20250922-1200-tiivonlvwlxmdmzt",
            "runs_now": True,
        }
    ],
}

TOLD: dict[str, Any] = {
    "received_at": "2025-09-22T12:15:31.204Z",
    "reporter": "ci",
    "source": "hivel",
    "status": "completed",
    "raw_status": "success",
    "at": "2025-09-22T12:15:30Z",
    "record": "deploy-20250922-1200-tiivonlvwlxmdmzt",
    "product": "hivelai/webhook-logger",
    "version": "v1.2.3",
    "environment": "production",
}

GAP: dict[str, Any] = {
    "product": "shop",
    "environment": "production",
    "missed": 2,
    "before": "2025-09-22T12:15:30Z",
    "deployment_id": "shop-20250922-121500-x7urxv47u7bln3t3",
    "application": {
        "namespace": "argocd",
        "name": "shop",
        "uid": "6a0d6c1e-2f0b-4c55-9a53-3f0f2f5b9d11",
        "instance": None,
        "history_id": 12,
        "revisions": ["abc123def456789012345678901234567890abcd"],
    },
    "recorded_at": "2025-09-22T12:15:31.204Z",
}

RUNNING: dict[str, Any] = {
    "environment": "production",
    "product": "hivelai/webhook-logger",
    "version": "v1.2.3",
    "commit": "abc123def456789012345678901234567890abcd",
    "since": "2025-09-22T12:15:30Z",
    "deployed_by": "alice",
    "deployment_id": "deploy-20250922-1200-tiivonlvwlxmdmzt",
    "previous": "v1.2.2",
    "latest": {
        "deployment_id": "deploy-20250922-1200-tiivonlvwlxmdmzt",
        "version": "v1.2.3",
        "status": "completed",
        "at": "2025-09-22T12:15:30Z",
    },
}

KEY: dict[str, Any] = {
    "name": "ci",
    "scopes": ["ingest"],
    "apis": ["hivel"],
    "products": [],
    "environments": [],
    "product": None,
    "environment": None,
    "workspace": None,
    "created_at": "2025-09-22T12:00:00Z",
    "expires_at": None,
    "last_used_at": "2025-09-22T12:00:00Z",
}
