"""The part of the wire's vocabulary that is about the broker itself: what it is, and its end. Pure."""

from __future__ import annotations

from typing import Literal

import msgspec


class _Message(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say ``frozen=True`` again in every subclass: type checkers do not inherit it."""


class Stop(_Message, frozen=True, tag="stop"):
    """Stop the broker: ``ask`` only if idle, ``wait`` for open tasks, or by ``force``."""

    how: Literal["ask", "wait", "force"] = "ask"


class GetInfo(_Message, frozen=True, tag="get_info"):
    """Ask what broker this is."""


Request = Stop | GetInfo


class Info(_Message, frozen=True, tag="info"):
    """What broker this is."""

    software: str
    pid: int
    started_at: float
    data_dir: str
    endpoint: str
    settings: dict[str, str]
    sqlite: str
    zeromq: str
    sessions: int
    open_files: int
    open_files_limit: int
    running: int
    waiting: int
