"""The goals of the design, each with what the latest runs say about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.queue_tools import FLOOR, OURS
from bench.results import Line, latest, ratio

_DASH = "not measured"


@dataclass(frozen=True, slots=True)
class Goal:
    """One row of the table."""

    what: str
    wanted: str
    found: Callable[[], str]


def _times(name: str, bench: str, side: str, base: str, **floors: str) -> Callable[[], str]:
    """Return what one side takes by another, and by the way what its floors take."""

    def found() -> str:
        return _with_floors(lambda one: ratio(latest(name), bench, one, base), side, floors)

    return found


def _rate(name: str, bench: str, side: str, base: str, **floors: str) -> Callable[[], str]:
    """Return how many a second one side does by another, and likewise its floors."""

    def found() -> str:
        return _with_floors(lambda one: ratio(latest(name), bench, base, one), side, floors)

    return found


def _with_floors(of: Callable[[str], float | None], side: str, floors: dict[str, str]) -> str:
    sides = {"": side, **floors}
    values = [(name, value) for name, one in sides.items() if (value := of(one)) is not None]
    return "; ".join(f"{name} {value:.2f} x".strip() for name, value in values) or _DASH


def _mean(bench: str, side: str) -> str:
    rows = [line for line in latest("relay") if line["bench"] == bench and line["side"] == side]
    return f"{rows[0]['ratio']:.2f} x" if rows else _DASH


def _figure(name: str, bench: str, side: str, figure: str) -> str:
    rows = [line for line in latest(name) if line["bench"] == bench and line["side"] == side]
    return f"{rows[0]['figures'][figure]:.2f}" if rows else _DASH


def _note(name: str, bench: str) -> str:
    rows = [line for line in latest(name) if line["bench"] == bench]
    return str(rows[0]["note"]) if rows else _DASH


def _handover(name: str) -> str:
    rows: list[Line] = latest("handover")
    p50 = {
        line["side"]: line["p50"]
        for line in rows
        if line["bench"] == "handover: after 50 ms of work"
    }
    return f"{p50[name]:.1f} ms" if name in p50 else _DASH


_BROKER = "broker, request that does nothing"
GOALS = [
    Goal(
        "send to a receiver that waits, 1 KiB, durability power, p50, by a bare ROUTER relay",
        "at most 1.25 x",
        _times(
            "latency",
            "latency: 1024 bytes",
            "broker, durability power",
            "bare relay",
            floor="floor: our socket and codec",
            least="least: and what the promise needs",
        ),
    ),
    Goal(
        "the same, durability process",
        "at most 1.25 x",
        _times(
            "latency",
            "latency: 1024 bytes",
            "broker, durability process",
            "bare relay",
            floor="floor: our socket and codec",
            least="least: and what the promise needs",
        ),
    ),
    Goal(
        "broker throughput, 200 in flight, by the bare relay",
        "at least 0.8 x",
        _rate("relay", "relay: 200 in flight, per request", _BROKER, "bare ROUTER"),
    ),
    Goal(
        "broker CPU per relayed message, by the bare relay",
        "at most 1.5 x",
        lambda: _mean("relay: CPU per request", _BROKER),
    ),
    Goal(
        "durable sends confirmed, 100 senders, by bare SQLite group commit",
        "at least 0.5 x",
        _rate(
            "durable",
            "durable: 100 senders, per message",
            "broker",
            "bare SQLite",
            floor="floor",
            least="least",
        ),
    ),
    Goal(
        "hand-over of a turn, p50",
        "at most task-spooler's",
        lambda: f"{_handover(OURS)}; floor {_handover(FLOOR)}; task-spooler {_handover('tsp')}",
    ),
    Goal(
        "100 that wait for turns and mail: CPU of all processes",
        "below 1 % of a core",
        lambda: _figure(
            "waiters", "waiters: 100 wait", "signalpost, a bridge each", "CPU % of a core"
        ),
    ),
    Goal(
        "of it the broker",
        "below 0.1 % of a core",
        lambda: _figure(
            "waiters", "waiters: 100 wait", "signalpost, a bridge each", "of it the broker"
        ),
    ),
    Goal(
        "bridge: spawn to initialize answer, by a bare mcp server",
        "at most 0.75 x",
        _times(
            "start",
            "start: spawn -> initialize answer",
            "signalpost mcp",
            "bare mcp low-level server",
        ),
    ),
    Goal(
        "bridge: RSS, by a bare mcp server",
        "at most 0.75 x",
        _times("start", "start: memory then, RSS", "signalpost mcp", "bare mcp low-level server"),
    ),
    Goal("idle inbox", "at most 1 KiB", lambda: _note("inboxes", "inboxes: slope")),
    Goal("running inbox", "at most 8 KiB", lambda: _note("inboxes", "inboxes: running slope")),
    Goal(
        "latency with a million messages in history",
        "flat",
        lambda: _note("stored", "stored: growth, history"),
    ),
]
