"""An MCP task as it is written to the client."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import mcp.types as t

RUN_KEPT_SECONDS = 24 * 3600.0
"""How long after its end the result of a run can be fetched, at least."""
POLL_MILLISECONDS = 1000
_MOST_MILLISECONDS = 2**53
"""Beyond it a client may not know one whole number from the next."""


@dataclass(frozen=True, slots=True)
class About:
    """What is written of an MCP task in any state; times are seconds since 1970."""

    name: str
    created_at: float
    changed_at: float
    kept_until: float
    poll_milliseconds: int = POLL_MILLISECONDS


def working(about: About, message: str) -> dict[str, Any]:
    """Return a task that is not over; ``message`` is what progress would tell."""
    return {**_any(about, "working"), "statusMessage": message}


def cancelled(about: About, message: str) -> dict[str, Any]:
    """Return a task that was ended before it had a result."""
    return {**_any(about, "cancelled"), "statusMessage": message}


def completed(about: About, result: t.CallToolResult) -> dict[str, Any]:
    """Return a task that has the result of its call, be it an error or not."""
    dumped = result.model_dump(by_alias=True, mode="json", exclude_none=True)
    return {**_any(about, "completed"), "result": dumped}


def _any(about: About, status: Literal["working", "cancelled", "completed"]) -> dict[str, Any]:
    kept = about.kept_until - about.created_at
    return {
        "taskId": about.name,
        "status": status,
        "createdAt": _written(about.created_at),
        "lastUpdatedAt": _written(about.changed_at),
        "ttlMs": max(1, round(min(kept * 1000, _MOST_MILLISECONDS))),
        "pollIntervalMs": about.poll_milliseconds,
    }


def _written(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
