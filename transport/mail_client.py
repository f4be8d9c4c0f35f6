"""The client's part for agents and mail: every request, as it is.

What takes more than one request is in :mod:`inbox_client`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import get_args

from . import mail, mail_input, messages
from .asker import Asker, patience
from .errors import BadRequest, from_code
from .leases import Leases
from .letters import (
    AgentState,
    Delivery,
    Goal,
    Held,
    InboxState,
    Kind,
    Outcome,
    Role,
    Settled,
    State,
    StoredMessage,
)
from .link import Link


class MailClient(Asker):
    """What a client can ask about agents and mail."""

    def __init__(self, link: Link) -> None:
        super().__init__(link)
        self._leases = Leases(link)

    # ------------------------------------------------------------ agents

    async def register(
        self,
        name: str,
        *,
        role: Role = "both",
        description: str = "",
        inbox_bound: int | None = None,
    ) -> mail.Registered:
        """Take a name, or change what is known about this agent. Its mail comes along.

        :param inbox_bound: how many unacknowledged messages it takes; None: the broker's setting
        :raises NameTaken: another living agent has this name
        """
        mail_input.choice("role", role, get_args(Role))
        request = mail.Register(
            name=name, role=role, description=description, inbox_bound=inbox_bound
        )
        registered = await self._ask(request, mail.Registered)
        self._link.introduction.registered(registered.name)
        return registered

    async def unregister(self, *, force: bool = False) -> None:
        """Remove this client's agent.

        :param force: also when mail waits for it: that becomes dead letters
        :raises BadRequest: mail waits
        """
        await self._ask(mail.Unregister(force=force), messages.Accepted)
        self._link.introduction.withdraw()

    async def agents(self) -> list[AgentState]:
        """Return every known agent, by name."""
        return (await self._ask(mail.ListAgents(), mail.Agents)).agents

    async def inboxes(self, agent: str = "") -> list[InboxState]:
        """Return how full one agent's inbox is, or everyone's.

        :raises UnknownAgent: nobody has this name
        """
        return (await self._ask(mail.InboxStatus(agent=agent), mail.Inboxes)).inboxes

    # ------------------------------------------------------------ sending

    async def send(
        self,
        to: str | Sequence[str],
        content: str,
        *,
        kind: Kind = "task",
        metadata: Mapping[str, object] | None = None,
        in_reply_to: str = "",
        ttl_seconds: float | None = None,
        wait_for: Goal = "stored",
        wait_seconds: float | None = None,
        park_seconds: float = 20.0,
    ) -> mail.Sent:
        """Post a message; return when it is on disk, or has come as far as ``wait_for``.

        Sent to several, it is refused by some and taken by others: see ``refused``.
        A reply that was waited for is under a lease: settle it.

        :param to: a name, ``*``, ``role:ROLE``, ``any:role:ROLE``, or several of them
        :param in_reply_to: the id of a message; this client's lease on it ends, acknowledged
        :param wait_seconds: return with the stage reached after so long; None: no limit
        :param park_seconds: wait so long for room in a full inbox; with a single name only
        :raises InboxFull: the one recipient's is, and stayed so
        :raises UnknownAgent: nobody is meant
        :raises TooLarge: content or metadata are over their limit
        :raises LoopDetected: two agents answer each other without end
        """
        names = mail_input.recipients(to)
        _check_words(kind, wait_for)
        mail_input.seconds("wait_seconds", wait_seconds)
        mail_input.seconds("park_seconds", park_seconds)
        mail_input.lifetime(ttl_seconds)
        request = mail.Send(
            to=names,
            content=mail_input.content(content),
            kind=kind,
            metadata=mail_input.metadata(metadata),
            in_reply_to=in_reply_to,
            ttl_seconds=ttl_seconds,
            wait_for=wait_for,
            wait_seconds=wait_seconds,
            park_seconds=park_seconds if isinstance(to, str) else 0,
        )
        sent = await self._ask(request, mail.Sent, deadline=_sending(request))
        if in_reply_to and sent.sent:
            self._leases.replied(in_reply_to)
        if isinstance(to, str) and not sent.sent and len(sent.refused) == 1:
            raise from_code(sent.refused[0].code, sent.refused[0].detail)
        return sent

    # ------------------------------------------------------------ receiving

    async def take(
        self,
        *,
        wait_seconds: float | None = 5,
        sender: str = "",
        in_reply_to: str = "",
        max_messages: int = 1,
        acknowledge: Sequence[Held] = (),
    ) -> mail.Deliveries:
        """Take the oldest mail that fits, or wait for some; none: it did not come in time.

        What is taken is leased: settle it, or extend the lease. ``receive`` does both.

        :param wait_seconds: None: until there is some
        :param acknowledge: what is done, acknowledged before anything is taken
        """
        mail_input.seconds("wait_seconds", wait_seconds)
        request = mail.Receive(
            wait_seconds=wait_seconds,
            sender=sender,
            in_reply_to=in_reply_to,
            max_messages=max_messages,
            acknowledge=list(acknowledge),
        )
        return await self._ask(request, mail.Deliveries, deadline=patience(wait_seconds))

    async def settle(self, held: Sequence[Held], outcome: Outcome = "ack") -> list[Settled]:
        """Say what became of leased messages; return for each whether that took effect."""
        mail_input.choice("outcome", outcome, get_args(Outcome))
        request = mail.Settle(messages=list(held), outcome=outcome)
        return (await self._ask(request, mail.SettledAll)).messages

    async def extend(self, held: Sequence[Held]) -> list[Settled]:
        """Renew leases; return for each whether that took effect."""
        return (await self._ask(mail.Extend(messages=list(held)), mail.SettledAll)).messages

    # ------------------------------------------------------------ looking

    async def peek(
        self, agent: str = "", *, sender: str = "", in_reply_to: str = "", max_messages: int = 1
    ) -> list[Delivery]:
        """Return unacknowledged mail without taking it.

        :param agent: this client's own when empty; only a person may look into another's
        :raises NotAuthorised: it is another's
        """
        request = mail.Peek(
            agent=agent, sender=sender, in_reply_to=in_reply_to, max_messages=max_messages
        )
        return (await self._ask(request, mail.Deliveries)).messages

    async def read_message(self, message_id: str) -> StoredMessage:
        """Return one message that this agent has sent or got, whatever became of it.

        :raises BadRequest: there is none with this id
        """
        request = mail.ReadMessage(message_id=message_id)
        found = (await self._ask(request, mail.StoredMessages)).messages
        if not found:
            raise BadRequest(f"no message {message_id} of this agent is kept. Look with: history()")
        return found[0]

    async def history(
        self,
        search: str = "",
        *,
        agent: str = "",
        state: State | None = None,
        limit: int = 20,
        before: float | None = None,
    ) -> list[StoredMessage]:
        """Return messages that this agent has sent or got, newest first; a person sees all.

        :param search: words that must all occur in content, sender or recipient
        :param agent: only what it has sent or got
        :param before: only what was sent earlier, in Unix seconds
        """
        if state is not None:
            mail_input.choice("state", state, get_args(State))
        request = mail.History(search=search, agent=agent, state=state, limit=limit, before=before)
        return (await self._ask(request, mail.StoredMessages)).messages

    async def redrive(self, message_ids: Sequence[str]) -> list[Settled]:
        """Put dead letters back into their inboxes with fresh attempts.

        :raises NotAuthorised: this client is no person
        """
        return (
            await self._ask(mail.Redrive(message_ids=list(message_ids)), mail.SettledAll)
        ).messages

    async def purge(self, message_ids: Sequence[str]) -> list[Settled]:
        """Delete dead letters for good.

        :raises NotAuthorised: this client is no person
        """
        return (
            await self._ask(mail.Purge(message_ids=list(message_ids)), mail.SettledAll)
        ).messages


def _check_words(kind: Kind, wait_for: Goal) -> None:
    mail_input.choice("kind", kind, get_args(Kind))
    mail_input.choice("wait_for", wait_for, get_args(Goal))


def _sending(request: mail.Send) -> float | None:
    """Return the deadline of a request to send."""
    if request.wait_for == "stored":
        return patience(request.park_seconds)
    if request.wait_seconds is None:
        return None
    return patience(request.park_seconds + request.wait_seconds)
