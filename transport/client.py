"""The async client: ``async with signalpost.connect() as client: ...``."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import anyio

from . import endpoint, housekeeping, messages
from .bell_client import BellClient
from .calls import Fresh, Progress
from .errors import BadRequest, SignalpostError
from .inbox_client import InboxClient
from .link import SILENCE_SECONDS, Link
from .reach import LocalReach, Reach
from .task_client import TaskClient
from .version import software

__all__ = ["Client", "Identity", "Progress", "connect"]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is connecting.

    ``agent`` is a name, or empty for an unnamed one; ``thread`` the MCP
    client's own id of the conversation; ``label`` how an unnamed agent is
    shown. ``client`` and ``working_directory`` only tell others what it is.
    """

    kind: messages.SessionKind = "client"
    agent: str = ""
    thread: str = ""
    label: str = ""
    client: str = ""
    working_directory: str = ""


class Client(TaskClient, InboxClient, BellClient):
    """One connection to the broker. Share it between tasks; not between threads or forks."""

    def __init__(
        self,
        identity: Identity,
        *,
        data_dir: Path,
        start: bool = True,
        options: Sequence[str] = (),
        reach: Reach | None = None,
        fresh: Fresh = os.urandom,
    ) -> None:
        """``reach`` is the way to the broker, that of ``data_dir`` if none is given."""
        hello = messages.Hello(
            software=software(),
            kind=identity.kind,
            agent=identity.agent,
            thread=identity.thread,
            label=identity.label,
            client=identity.client,
            working_directory=identity.working_directory,
        )
        self.data_dir = data_dir
        way = reach or LocalReach(data_dir, options)
        super().__init__(Link(way, hello, start=start, options=options, fresh=fresh))

    async def run(self) -> None:
        """Serve the connection until cancelled. Dials at the first request."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._leases.run)
            await self._link.run()

    async def close(self) -> None:
        """Say bye, so that the broker ends what this client left open. Takes at most 1 s."""
        with suppress(SignalpostError):  # a broker that is gone has nothing left to end
            await self._link.bye()

    @property
    def welcome(self) -> messages.Welcome | None:
        """What the broker said when the session opened; None while there is none."""
        return self._link.welcome

    @property
    def published(self) -> endpoint.Published | None:
        """The broker last dialled."""
        return self._link.published

    @property
    def agent(self) -> str:
        """The name under which this client acts, as the broker says; empty: it is no agent."""
        return self._link.introduction.agent

    @property
    def superseded(self) -> bool:
        """Whether another session of the same program acts for this agent now."""
        return self._link.introduction.superseded

    async def ping(self) -> None:
        """Return when the broker has answered, dialling it if need be."""
        await self._ask(messages.Heartbeat(), messages.Accepted)

    async def stop(self, how: Literal["ask", "wait", "force"] = "ask") -> None:
        """Stop the broker. ``ask`` is refused, naming them, while tasks are open.

        :raises BadRequest: tasks are open
        """
        deadline = None if how == "wait" else SILENCE_SECONDS
        await self._ask(housekeeping.Stop(how=how), messages.Accepted, deadline=deadline)

    async def info(self) -> housekeeping.Info:
        """Return what broker this is."""
        return await self._ask(housekeeping.GetInfo(), housekeeping.Info)


@asynccontextmanager
async def connect(
    agent: str = "",
    *,
    kind: messages.SessionKind = "client",
    thread: str = "",
    label: str = "",
    client: str = "",
    working_directory: str | os.PathLike[str] = "",
    data_dir: str | os.PathLike[str] | None = None,
    start: bool = True,
    options: Sequence[str] = (),
) -> AsyncGenerator[Client, None]:
    """Open a client for the life of a block, starting a broker if none runs.

    :param agent: the name to act under; empty: unnamed, and without mail
    :param client: what others are told that this program is; its own name when empty
    :param working_directory: where others are told that it works; its own when empty
    :param start: False: use a running broker only
    :param options: words for ``signalpost broker``, when one has to be started
    :raises BrokerUnavailable: none runs and none could be started
    :raises BadRequest: asyncio does not run here
    """
    _check_asyncio()
    identity = Identity(
        kind=kind,
        agent=agent,
        thread=thread,
        label=label,
        client=client or _shown(Path(sys.argv[0]).name),
        working_directory=_shown(os.fspath(working_directory) or _here()),
    )
    opened = Client(identity, data_dir=endpoint.data_dir(data_dir), start=start, options=options)
    failure: BaseException | None = None
    # Whoever cancels the block still wants the bye to be said, and that takes a connection.
    connection = anyio.CancelScope(shield=True)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_serve, opened, connection)
        try:
            await opened.ping()
            yield opened
        # Raised below, where the task group cannot wrap it; a cancellation it must see.
        except (Exception, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001
            failure = error
        finally:
            with anyio.CancelScope(shield=True):
                await opened.close()
            connection.cancel()
    if failure is not None:
        raise failure


async def _serve(client: Client, connection: anyio.CancelScope) -> None:
    with connection:
        await client.run()


def _check_asyncio() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        raise BadRequest(
            "a client needs asyncio, which does not run here: trio is not supported."
            " Begin with asyncio.run(main()) or anyio.run(main)."
        ) from None


def _here() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:
        return ""  # deleted under us, which is no reason to stay unconnected


def _shown(path: str) -> str:
    """Return a path as text that can be sent, whatever bytes it is made of."""
    return os.fsencode(path).decode(errors="replace")
