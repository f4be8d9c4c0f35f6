"""How a client gets to a broker: finds or starts it, connects to it, hears of its death."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, Self

from . import endpoint, lifeline, process
from .errors import BrokerUnavailable
from .launch import ensure_broker
from .sockets import Dealer


class Line(Protocol):
    """One connection; see :class:`.sockets.Dealer`."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def send(self, header: bytes, payload: bytes) -> None:
        """Send now.

        :raises BrokerUnavailable: the broker takes no more
        """
        ...

    def abandon(self) -> None:
        """The broker is dead: nothing that was sent need wait for it."""
        ...

    async def serve(self, handle: Callable[[list[bytes]], None]) -> None:
        """Give the frames of every message to ``handle``, until cancelled."""
        ...


class Reach(Protocol):
    """The way to one data dir's broker."""

    async def find(self, *, start: bool) -> endpoint.Published:
        """Return the broker that serves; with ``start``, start one if none does.

        :raises SignalpostError: there is none, and why
        """
        ...

    def connect(self, published: endpoint.Published) -> Line:
        """Connect to a broker."""
        ...

    def watch(
        self, published: endpoint.Published, on_death: Callable[[], None]
    ) -> lifeline.Watch | None:
        """Have ``on_death`` called when a broker ends; None: that cannot be seen."""
        ...

    def was_killed(self, published: endpoint.Published) -> bool:
        """Tell whether a broker that is gone did not leave in an orderly way."""
        ...

    def log(self) -> Path:
        """Return where the brokers say why they end."""
        ...


class LocalReach:
    """The way to the broker of a folder on this machine."""

    def __init__(self, folder: Path, options: Sequence[str] = ()) -> None:
        """``options`` are extra words for ``signalpost broker``."""
        self._folder = folder
        self._options = options

    async def find(self, *, start: bool) -> endpoint.Published:
        """Return the broker that serves the folder."""
        if start:
            return await ensure_broker(self._folder, self._options)
        found = endpoint.find(self._folder)
        if found is None:
            raise BrokerUnavailable("no broker runs. Start one: signalpost broker")
        return found

    def connect(self, published: endpoint.Published) -> Dealer:
        """Connect to its socket."""
        return Dealer(published.endpoint)

    def watch(
        self, published: endpoint.Published, on_death: Callable[[], None]
    ) -> lifeline.Watch | None:
        """Watch its process."""
        # A pid of another namespace, or one used again, says nothing: heartbeats must do.
        seen = process.start_time(published.pid) == published.start_time
        return lifeline.Lifeline(published.pid, on_death) if seen else None

    def was_killed(self, published: endpoint.Published) -> bool:
        """Tell whether it is published still: one that leaves withdraws that."""
        return endpoint.read_published(self._folder) == published

    def log(self) -> Path:
        """Return the log of the folder's brokers."""
        return endpoint.log_path(self._folder)
