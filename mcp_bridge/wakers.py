"""``--wake``: an idle model is told of mail by a door that its client leaves open.

    broker ── news ──> one waiter per agent ── a line without content ──> Channel, CodexQueue
                              └── what became of it ──> broker

Opt-in: what comes through such a door looks like something a person has said. Nothing
tells that the model has read it, so the ring is ``typed``, or ``gave_up`` with the reason.

What was put into a queue cannot be taken out again, and each piece of it is a turn. So an
agent has one notice there at a time: until a call comes from another turn than the one
in which it was put there, or the door's patience is over, nobody waits at its bell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol, cast

import anyio
import mcp.types as t
from anyio.streams.memory import MemoryObjectSendStream
from mcp.shared.message import SessionMessage

from ..transport.bell import Doorstep
from ..transport.letters import Way
from .broker_port import BrokerPort
from .clients import Clients
from .identity import AgentIdentity

CHANNEL = "claude/channel"
"""The capability of a server that speaks through a channel of Claude Code."""
_QUEUE_SECONDS = 30.0
_PATIENCE_SECONDS = 600.0
_DETAIL = 200
_CODEX_TURN = "x-codex-turn-metadata"


class NotTold(Exception):
    """Nothing could be said through the door; the text says why."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where an agent speaks, in its client's own words; empty where it tells none."""

    thread: str = ""
    turn: str = ""

    @classmethod
    def of(cls, meta: Mapping[str, object]) -> Spot:
        """Return what the ``_meta`` of a call tells."""
        turn = meta.get(_CODEX_TURN)
        told = cast("dict[str, object]", turn).get("turn_id") if isinstance(turn, dict) else None
        return cls(_word(meta.get("threadId")), _word(told))


class Door(Protocol):
    """One way to a client."""

    @property
    def way(self) -> Way:
        """Its name."""
        ...

    @property
    def patience(self) -> float:
        """So many seconds a notice may wait there before the next one is added; 0: none waits."""
        ...

    async def tell(self, thread: str, step: Doorstep) -> None:
        """Say that mail waits.

        :param thread: the client's own id of the conversation, where it tells one
        :raises NotTold: it could not be said
        """
        ...


class Channel:
    """A channel of Claude Code: a notification that its session shows to the model."""

    way: Way = "channel"
    patience = 0.0

    def __init__(self, writing: MemoryObjectSendStream[SessionMessage]) -> None:
        self._writing = writing

    async def tell(self, thread: str, step: Doorstep) -> None:
        """Say it to the session at the other end of the pipe, if that has loaded the channel."""
        params = {"content": text(step), "meta": {"agent": step.agent, "unread": str(step.unread)}}
        notification = t.JSONRPCNotification(
            jsonrpc="2.0", method="notifications/claude/channel", params=params
        )
        try:
            await self._writing.send(SessionMessage(notification))
        except (anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
            raise NotTold("the client has gone") from error


class CodexQueue:
    """The queue of a Codex thread: its message is the next prompt when the thread is idle."""

    way: Way = "queue"
    patience = _PATIENCE_SECONDS

    def __init__(self, program: str = "codex") -> None:
        self._program = program

    async def tell(self, thread: str, step: Doorstep) -> None:
        """Put a message into the thread's queue."""
        if not thread:
            raise NotTold("the client has not told its thread")
        message = f"{text(step)} (A notice of the mailbox program, not of the user.)"
        command = [self._program, "queue", "--thread", thread, "--message", message]
        try:
            with anyio.fail_after(_QUEUE_SECONDS):
                # Its output must not reach the pipe to the client.
                done = await anyio.run_process(command, check=False)
        except TimeoutError as error:
            raise NotTold(f"{self._program} queue: took too long") from error
        except OSError as error:
            raise NotTold(f"{self._program} queue: {error.strerror}") from error
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise NotTold(f"{self._program} queue: exit {done.returncode} {' '.join(said[-1:])}")


class _Speaker:
    """Where one agent speaks now."""

    def __init__(self) -> None:
        self.spot = Spot()
        self._moved = anyio.Event()

    def speak(self, spot: Spot) -> None:
        """Hear a call of the agent; what it does not tell is as it was."""
        before = self.spot
        self.spot = Spot(spot.thread or before.thread, spot.turn or before.turn)
        if self.spot.turn != before.turn:
            self._moved.set()
            self._moved = anyio.Event()

    async def next_turn(self, turn: str, seconds: float) -> None:
        """Wait until it speaks in another turn than this one, but no longer than this."""
        with anyio.move_on_after(seconds):
            while self.spot.turn == turn:
                await self._moved.wait()


class Wakers:
    """Waits at the doorbell of each agent that has made a call."""

    def __init__(self, clients: Clients, door: Door) -> None:
        self._clients = clients
        self._door = door
        self._speakers: dict[AgentIdentity, _Speaker] = {}

    def begin(self, agent: AgentIdentity, spot: Spot) -> None:
        """Wait for mail of an agent, once; it has just made a call at this spot."""
        speaker = self._speakers.get(agent)
        if speaker is None:
            speaker = self._speakers[agent] = _Speaker()
            self._clients.beside(partial(self._serve, agent, speaker), "wait at the doorbell")
        speaker.speak(spot)

    async def _serve(self, agent: AgentIdentity, speaker: _Speaker) -> None:
        broker, after = self._clients.of(agent), 0
        try:
            # Answered without news: the agent has unregistered, and nobody is meant.
            while (step := await broker.await_bell(way=self._door.way, after=after)).news:
                after = max(after, step.cursor)
                spot = speaker.spot
                if await self._rang(broker, spot.thread, step):
                    await speaker.next_turn(spot.turn, self._door.patience)
        finally:
            del self._speakers[agent]  # the next call begins anew

    async def _rang(self, broker: BrokerPort, thread: str, step: Doorstep) -> bool:
        try:
            await self._door.tell(thread, step)
        except NotTold as error:
            detail = str(error)[:_DETAIL]
            await broker.note_ring(step.agent, step.cursor, self._door.way, "gave_up", detail)
            return False
        await broker.note_ring(step.agent, step.cursor, self._door.way, "typed")
        return True


def _word(told: object) -> str:
    """Return an id that can be handed to a program, empty when it is none."""
    fits = isinstance(told, str) and told.isprintable() and not told.startswith("-")
    return str(told) if fits else ""


def text(step: Doorstep) -> str:
    """Return the notice: how much waits, and nothing of what it says."""
    count = f"{step.unread} unread message{'s' * (step.unread != 1)}"
    return f"[signalpost] {count} for {step.agent}: receive_message shows them."
