from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from signalpost.actors.flood import AT_ONCE, SECONDS, Flood


class Log(logging.Handler):
    """Keeps what was logged; the test sets the time."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.now = 1000.0
        self.addFilter(self._at_that_time)
        self.addFilter(Flood())

    def _at_that_time(self, record: logging.LogRecord) -> bool:
        record.created = self.now
        return True

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@pytest.fixture
def log() -> Iterator[Log]:
    handler = Log()
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


logger = logging.getLogger("a broker in a test")
logger.propagate = False


def test_a_line_that_comes_now_and_then_always_passes(log: Log) -> None:
    for number in range(3 * AT_ONCE):
        logger.warning("malformed message: %s", number)
        log.now += SECONDS
    assert log.lines == [f"malformed message: {number}" for number in range(3 * AT_ONCE)]


def test_a_flood_is_a_few_lines_and_a_count(log: Log) -> None:
    for number in range(10_000):
        logger.warning("malformed message: %s", number)
    assert log.lines == [f"malformed message: {number}" for number in range(AT_ONCE)]
    log.now += SECONDS
    logger.warning("malformed message: %s", "later")
    held = 10_000 - AT_ONCE
    assert log.lines[AT_ONCE:] == [f"malformed message: later ({held} more like it were left out)"]


def test_another_kind_of_line_is_not_held_up(log: Log) -> None:
    for number in range(100):
        logger.warning("malformed message: %s", number)
    logger.warning("refused a peer of uid %d", 7)
    assert log.lines[-1] == "refused a peer of uid 7"
