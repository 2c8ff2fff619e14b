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
    "branch": "main",
    "images": ["company/api-service:v1.2.3"],
    "deployed_by": None,
    "trigger": "api",
    "partial": False,
    "counted": True,
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
