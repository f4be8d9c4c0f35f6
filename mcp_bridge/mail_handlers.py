"""The messaging tools: one handler each, an await on the broker."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext

import mcp.types as t

from ..transport import errors
from ..transport.letters import Delivery, Held, Settled
from ..transport.mail import Sent
from . import mail_calls, mail_fields, mail_text, message_text
from .asker import Asker
from .broker_port import BrokerPort
from .budget import capped
from .clients import Clients
from .correspondence import Correspondence
from .deliveries import RequestId
from .identity import AgentIdentity
from .receiving import Receiving, forget_settled
from .results import result, with_line

PARK_SECONDS = 20.0
"""How long a message waits for room in a full inbox, where neither budget nor caller wants less."""
_MESSAGES = "signalpost/messages"
_SETTLED = "signalpost/settled"


class MailHandlers:
    """Answers the messaging tools, and hears what became of the answers."""

    def __init__(self, clients: Clients, marks: Callable[[], str]) -> None:
        self._clients = clients
        self._marks = marks
        self._posts: dict[AgentIdentity, Correspondence] = {}
        self.receiving = Receiving(marks, self._give_back_beside)

    async def answer(
        self, call: mail_calls.MailCall, agent: AgentIdentity, asker: Asker
    ) -> t.CallToolResult:
        """Return the result of one call of ``agent``."""
        post = self.post_of(agent)
        answer = await self._answer(post, call, asker)
        shows_names = isinstance(call, mail_calls.RegisterAgent | mail_calls.ListAgents)
        line = post.naming(always=shows_names)
        return with_line(answer, line) if line else answer

    def post_of(self, agent: AgentIdentity) -> Correspondence:
        """Return what the bridge keeps for an agent."""
        post = self._posts.get(agent)
        if post is None:
            broker = self._clients.of(agent)
            post = self._posts[agent] = Correspondence(broker, agent.agent)
        return post

    # ---------------------------------------------------------------- heard from the pipe

    def written(self, request: RequestId) -> None:
        """Note that the answer to this request was written."""
        for post in self._posts.values():
            post.deliveries.written(request)
            post.changed()

    def failed(self, request: RequestId) -> None:
        """Give back what an answer held that went out as an error."""
        for post in self._posts.values():
            self._give_back_beside(post.broker, post.deliveries.failed(request))
            post.changed()

    def cancelled(self, request: RequestId) -> None:
        """Give back what an answer held that nobody wanted any more."""
        for post in self._posts.values():
            self._give_back_beside(post.broker, post.deliveries.cancelled(request))
            post.changed()

    def restarted(self) -> None:
        """Note that the client began a session."""
        for post in self._posts.values():
            post.deliveries.restarted()

    # ---------------------------------------------------------------- the tools

    async def _answer(
        self, post: Correspondence, call: mail_calls.MailCall, asker: Asker
    ) -> t.CallToolResult:
        match call:
            case mail_calls.RegisterAgent():
                return await _register(post, call)
            case mail_calls.SendMessage():
                return await self._send(post, call, asker)
            case mail_calls.ReceiveMessage():
                return await self.receiving.answer(post, call, asker)
            case mail_calls.PeekMessages() | mail_calls.ReadMessage():
                return await self._look(post.broker, call)
            case mail_calls.AcknowledgeMessage():
                return await _acknowledge(post, call)
            case mail_calls.ListAgents():
                return await _list_agents(post)
            case mail_calls.UnregisterAgent():
                return await _unregister(post.broker, call)

    async def _send(
        self, post: Correspondence, call: mail_calls.SendMessage, asker: Asker
    ) -> t.CallToolResult:
        await post.until_written()
        asks = call.wait_for == "reply"
        with post.taking(asker, asks=True) if asks else nullcontext() as taking:
            sent = await _sent(post.broker, call, asker.quiet_budget)
            replies = [] if sent.reply is None else [sent.reply]
            self.receiving.took(post, taking, replies, ack=True)
        if sent.sent and call.in_reply_to:
            post.deliveries.forget([call.in_reply_to])  # a reply acknowledges what it answers
        lines = [mail_text.sent_line(sent, call), mail_text.awaited_line(sent, call)]
        if replies:
            unread = taking is not None and taking.doubtful
            lines.append(message_text.messages_text(replies, self._marks(), unread=unread))
        meta = {"signalpost/sent": mail_fields.sent_fields(sent), _MESSAGES: _fields(replies)}
        text = "\n".join(line for line in lines if line)
        return result(text, meta, is_error=not sent.sent)

    async def _look(
        self, broker: BrokerPort, call: mail_calls.PeekMessages | mail_calls.ReadMessage
    ) -> t.CallToolResult:
        if isinstance(call, mail_calls.ReadMessage):
            message = await broker.read_message(call.message_id)
            text = message_text.piece_text(message, call.offset, self._marks())
            return result(text, {_MESSAGES: [mail_fields.message_fields(message)]})
        messages = await broker.peek(
            sender=call.sender, in_reply_to=call.in_reply_to, max_messages=call.max_messages
        )
        if not messages:
            return result(mail_text.nothing_line(0, []), {_MESSAGES: []})
        text = message_text.messages_text(messages, self._marks(), looked_at=True)
        return result(text, {_MESSAGES: _fields(messages)})

    # ---------------------------------------------------------------- inside

    def _give_back_beside(self, broker: BrokerPort, held: list[Held]) -> None:
        async def give_back() -> None:
            await broker.settle(held, "return")

        if held:
            self._clients.beside(give_back, "give mail back that was not wanted any more")


async def _register(post: Correspondence, call: mail_calls.RegisterAgent) -> t.CallToolResult:
    agent = await post.broker.register(
        call.name, role=call.role, description=call.description, inbox_bound=None
    )
    post.named(call.name)
    fields: mail_fields.Json = {
        "name": agent.name,
        "role": agent.role,
        "description": agent.description,
        "inbox_bound": agent.inbox_bound,
    }
    return result(mail_text.registered_line(agent), {"signalpost/registered": fields})


async def _sent(broker: BrokerPort, call: mail_calls.SendMessage, budget: float | None) -> Sent:
    """Return what became of it; raise what refused the only recipient."""
    wait = capped(call.wait_seconds, budget)
    sent = await broker.send(
        call.to[0] if len(call.to) == 1 else list(call.to),
        call.content,
        kind=call.kind,
        metadata=call.metadata,
        in_reply_to=call.in_reply_to,
        ttl_seconds=call.ttl_seconds,
        wait_for=call.wait_for or "stored",
        wait_seconds=wait,
        park_seconds=PARK_SECONDS if wait is None else min(PARK_SECONDS, wait),
    )
    if call.is_for_one and not sent.sent and sent.refused:
        raise errors.from_code(sent.refused[0].code, sent.refused[0].detail)
    return sent


async def _acknowledge(
    post: Correspondence, call: mail_calls.AcknowledgeMessage
) -> t.CallToolResult:
    held = [post.deliveries.held(message_id) for message_id in call.message_ids]
    settled = await post.broker.settle(held, call.outcome)
    forget_settled(post, settled)
    _raise_if_refused(settled)
    text = mail_text.settled_line(settled, call.outcome)
    return result(text, {_SETTLED: mail_fields.settled_fields(settled)})


def _raise_if_refused(settled: Sequence[Settled]) -> None:
    """Raise what became of the only message, if it was refused."""
    if len(settled) == 1 and settled[0].code:
        raise errors.from_code(settled[0].code, settled[0].detail)


async def _unregister(broker: BrokerPort, call: mail_calls.UnregisterAgent) -> t.CallToolResult:
    await broker.ping()  # it may be the first call: nobody is known by name before
    name = broker.agent
    await broker.unregister(force=call.force)
    return result(mail_text.unregistered_line(name), {"signalpost/unregistered": name})


async def _list_agents(post: Correspondence) -> t.CallToolResult:
    agents, own = await post.broker.agents(), post.broker.agent
    text = mail_text.agents_line(agents, own)
    return result(text, {"signalpost/agents": mail_fields.agent_fields(agents, own)})


def _fields(messages: Sequence[Delivery]) -> list[mail_fields.Json]:
    return [mail_fields.message_fields(message) for message in messages]
