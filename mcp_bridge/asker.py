"""Who is behind one tool call, as far as it matters to how it is answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from mcp.server.context import ServerRequestContext
from mcp.shared.dispatcher import coerce_request_id

from .broker_port import Progress
from .budget import wait_budget
from .deliveries import RequestId
from .progress import Notify, Token, told

Context = ServerRequestContext[dict[str, Any]]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asker:
    """One call: its number, its client, and how long that lets it wait."""

    request: RequestId
    client: str
    """How the MCP client calls itself."""
    budget: float | None
    """Seconds within which the call must be answered; None: no limit."""
    quiet_budget: float | None
    """The same for a call that tells no progress."""
    context: Context
    notify: Notify

    @classmethod
    def of(
        cls,
        context: Context,
        notify: Notify,
        *,
        option: float | None,
        environment: Mapping[str, str],
    ) -> Asker:
        """Return who asks in ``context``; ``option`` is ``--wait-budget``."""
        client = client_name(context)
        budget, quiet_budget = (
            wait_budget(client, option=option, progress=progress, environment=environment)
            for progress in (_takes_progress(context), False)
        )
        request = coerce_request_id(context.request_id or 0)
        return cls(request, client, budget, quiet_budget, context, notify)

    async def with_progress(
        self, ask: Callable[[Progress | None], Awaitable[T]], opening: str
    ) -> T:
        """Await ``ask``, passing progress on to the client if it takes any."""
        if (token := _token(self.context)) is None:
            return await ask(None)
        return await told(ask, partial(self.notify, token), opening)


def client_name(context: Context) -> str:
    """Return how the MCP client of a request calls itself; empty: it does not say."""
    params = context.session.client_params
    return params.client_info.name if params else ""


def _takes_progress(context: Context) -> bool:
    return _token(context) is not None


def _token(context: Context) -> Token | None:
    return (context.meta or {}).get("progress_token")
