"""Who is at the other end of a connection. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end, as the kernel says; -1: not known."""

    uid: int
    pid: int
