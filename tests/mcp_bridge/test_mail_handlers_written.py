"""An answer counts when it was written, not when it was made."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, cast

import anyio
import mcp.types as t

from signalpost.mcp_bridge.asker import Asker
from signalpost.mcp_bridge.clients import Clients
from signalpost.mcp_bridge.identity import AgentIdentity
from signalpost.mcp_bridge.mail_calls import ReceiveMessage
from signalpost.mcp_bridge.mail_handlers import MailHandlers
from signalpost.transport.letters import Held
from tests.mcp_bridge.mail_stand_in import delivery
from tests.mcp_bridge.stand_in import StandIn

ID1 = Held("id1", b"lease1")


@asynccontextmanager
async def handlers(broker: StandIn) -> AsyncGenerator[MailHandlers, None]:
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            yield MailHandlers(Clients(tasks, lambda _: broker), lambda: "7f3a")
            tasks.cancel_scope.cancel()


async def _receive(mail: MailHandlers, number: int) -> t.CallToolResult:
    asker = Asker(number, "test-client", 50, 50, cast("Any", None), cast("Any", None))
    return await mail.answer(ReceiveMessage(), AgentIdentity("alice"), asker)


async def test_a_client_that_reads_quickly_does_not_overtake_the_pipe() -> None:
    broker = StandIn(inbox=[delivery(1)])
    async with handlers(broker) as mail, anyio.create_task_group() as tasks:
        await _receive(mail, 1)
        tasks.start_soon(_receive, mail, 2)
        await anyio.wait_all_tasks_blocked()
        assert len(broker.what("take")) == 1
        mail.written(1)
        await anyio.wait_all_tasks_blocked()
        assert broker.what("take")[1]["acknowledge"] == [ID1]


async def test_an_answer_that_could_not_be_written_is_given_back() -> None:
    broker = StandIn(inbox=[delivery(1)])
    async with handlers(broker) as mail:
        await _receive(mail, 1)
        mail.failed(1)
        await broker.returned.wait()
        assert broker.what("return") == [[ID1]]
        await _receive(mail, 2)
        assert broker.what("take")[1]["acknowledge"] == []
