"""Everything about agents and mail, put together, and what an earlier broker life left of it."""

from __future__ import annotations

import hashlib
import itertools
import secrets
from collections import Counter, defaultdict
from collections.abc import Callable

import anyio

from ..transport import mail
from ..transport.messages import TaskReport
from ..transport.session import Session
from .agent import PERSON_ID, Agent
from .agent_row import agent_of
from .chores import Chores
from .deferred import Deferred
from .doorbells import Doorbells
from .doorman import Doorman
from .drafts import Drafts
from .expected import Expected
from .inboxes import Inboxes
from .loop_guard import LoopGuard
from .mail_archive import MailArchive
from .mail_history import message_of, row_of
from .mail_services import MailServices
from .mail_store import MailStore
from .membership import Membership
from .message import Message
from .moment import Moment
from .open_tasks import open_tasks
from .post import Post
from .receiving import Receiving
from .reception import Reception
from .registry import Registry
from .sending import Sending
from .services import Events
from .settings import Settings
from .stages import Stages
from .standing import Standing
from .task import Task
from .task_mail import TaskMail
from .unread import Unread

REMEMBERED = 20_000
"""So many messages of earlier lives can be replied to without the count of hops beginning anew."""
_LONGEST_WAIT = 86400.0


class Mailroom:
    """Agents, their inboxes, and those who serve requests about them."""

    def __init__(
        self,
        *,
        store: MailStore,
        reception: Reception,
        events: Events,
        settings: Settings,
        clock: Callable[[], Moment],
        tasks: Callable[[], list[Task]],
        works: Callable[[Agent], bool],
        push: Callable[[Session, mail.Push], None],
        text_of: Callable[[TaskReport], str],
        highest: tuple[int, int],
        fresh: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        highest_agent, highest_seq = highest
        self._store = store
        self._reception = reception
        self._clock = clock
        self._works = works
        self._guard = LoopGuard()
        self._registry = Registry(itertools.count(max(PERSON_ID, highest_agent) + 1).__next__)
        services = MailServices(
            clock=clock,
            reply=reception.answer,
            store=store,
            events=events,
            settings=settings,
            chores=Chores(),
            tokens=lambda: fresh(8),
            seqs=itertools.count(highest_seq + 1).__next__,
            renewed_at=self._renewed_at,
        )
        self._services = services
        self.inboxes = Inboxes(services)
        self.unread = Unread(self.inboxes.look)
        self._bells = Doorbells(
            services,
            self.inboxes.look,
            lambda agent: open_tasks(tasks(), agent, self._registry.by_id),
            self.unread.stir,
        )
        self.inboxes.bells = self._bells
        self.unread.bells = self._bells
        self._expected = Expected()
        who = (reception.session, push)
        self.membership = Membership(
            self._registry, self.inboxes, services, *who, self._bells, self._expected
        )
        self._standing = Standing(self._registry, self.inboxes, services, works)
        drafts = Drafts(self.inboxes, services, self._guard, _id_of)
        self._sending = self.inboxes.senders = Sending(
            self._registry,
            self.membership,
            self._standing,
            Stages(self._registry, self._standing, self._bells),
            self.inboxes,
            services,
            drafts,
            reception.forget,
        )
        self._archive = MailArchive(
            store, self._registry, self.inboxes, self._bells, clock, services.chores
        )
        self.task_mail = TaskMail(self._registry, self.inboxes, services, text_of)

    def post(self, deferred: Deferred) -> Post:
        """Return who serves requests."""
        return Post(
            membership=self.membership,
            sending=self._sending,
            receiving=Receiving(
                self._registry,
                self.membership,
                self.inboxes,
                self._services,
                lambda token: self._reception.session(token) is not None,
            ),
            archive=self._archive,
            known=self._reception,
            deferred=deferred,
            doorman=Doorman(
                self._registry,
                self.membership,
                self._standing,
                self._bells,
                self._expected,
                self._reception.answer,
                self._clock,
            ),
            standing=self._standing,
        )

    async def restore(self) -> None:
        """Rebuild agents and inboxes as the store has them."""
        agents = [agent_of(row) for row in await self._store.agents()]
        self.membership.survivors.await_them(agents)
        self._registry.restore(agents, await self._store.forwards(), self._clock())
        for message_id, hops in await self._store.replies_known(REMEMBERED):
            self._guard.learn(message_id, hops)
        self._archive.latest.remember(await self._store.latest_requests())
        self.inboxes.dead = Counter(await self._store.dead_counts())
        bells, rings = await self._store.bells.bells(), await self._store.bells.rings()
        left: defaultdict[int, list[Message]] = defaultdict(list)
        now, returned = self._clock(), set[int]()
        for row in await self._store.open_messages():
            left[row.agent_id].append(message_of(row, now))
            if row.state == "leased":
                returned.add(row.agent_id)
        for agent_id, found in left.items():
            agent = self._registry.by_id(agent_id)
            if agent is not None:
                self.inboxes.restore(agent, found)
            else:
                self._bury(found, now)
        self._bells.restore(agents, bells, rings, returned)
        self.membership.part_from(agents)

    async def tidy(self) -> None:
        """Forget unnamed agents that are gone for long, when their time comes, until cancelled."""
        while True:
            self.membership.expire()
            due = self.membership.next_expiry()
            wait = _LONGEST_WAIT if due is None else due - self._clock().wall
            await anyio.sleep(min(max(wait, 1.0), _LONGEST_WAIT))

    def close(self) -> None:
        """Stop every timer and do what is left to do, before the store closes."""
        self.membership.survivors.close()
        self.inboxes.close()
        self._bells.close()
        self._services.chores.do()

    def _bury(self, messages: list[Message], now: Moment) -> None:
        """An agent was removed and the broker died before its mail was: that is dead too."""
        for message in messages:
            message.end("dead", now, f"{message.to} was unregistered")
            self._store.note(row_of(message, now))
            self.inboxes.dead[message.agent_id] += 1
            self._services.events.write(
                "message_dead_lettered",
                message_id=message.id,
                to=message.to,
                reason=message.reason,
            )

    def _renewed_at(self, agent: Agent) -> float:
        return self._clock().mono if self._works(agent) else agent.active


def _id_of(correlation: bytes, key: str) -> str:
    """Return 16 characters, short enough for a model to copy: the id of one message of a request.

    Sent again to the next broker, when this one died before the commit, it is the same message:
    a receiver that got it beside the commit knows it again.
    """
    return hashlib.blake2b(b"%b/%b" % (correlation, key.encode()), digest_size=8).hexdigest()
