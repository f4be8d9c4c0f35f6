"""The broker's settings: defaults, then ``config.toml``, then options of the process."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, Self, cast

from ..transport import names
from ..transport.errors import BadRequest
from ..transport.regular_file import MIB, read_regular

MAX_WIDTH = 64
_LARGEST = MIB


@dataclass(frozen=True, slots=True)
class Settings:
    """What a broker keeps to in one life. Make one with :meth:`from_toml`."""

    max_log_size: float = 5
    """Size in MB at which the log of events is moved aside."""
    max_output_files: int = 50
    lock_timeout: float = 120
    """The longest time limit in minutes that a task may ask for."""
    queues: Mapping[str, int] = field(default_factory=dict[str, int])
    """Widths by name; 1 for every other queue."""
    durability: Literal["power", "process"] = "power"
    history_days: int = 14
    idle_exit: float = 15
    """Minutes without anything to do after which an auto-started broker ends."""
    grace: float = 5
    """Seconds between TERM and KILL."""
    inbox_bound: int = 1000
    """How many unacknowledged messages an inbox takes whose agent has not said otherwise."""
    lease: float = 600
    """Seconds after which mail comes back whose receiver gives no sign of work."""
    memory_limit: float = 1024
    """MB by which the broker may grow before it makes room for a new one."""
    no_tasks: bool = False

    @classmethod
    def from_toml(cls, path: Path) -> Self:
        """Return what the file says over the defaults; a missing file says nothing.

        :raises BadRequest: naming the file, the key and the remedy
        """
        try:
            given = tomllib.loads(read_regular(path, _LARGEST).decode())
        except FileNotFoundError:
            return cls()
        except OSError as error:
            raise BadRequest(
                f"{path} cannot be read: {error.strerror}. Correct it or remove it."
            ) from error
        except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
            raise BadRequest(f"{path} cannot be read: {error}. Correct it or remove it.") from error
        values: dict[str, Any] = {
            key: _checked(key, value, f"{path}: {key}") for key, value in given.items()
        }
        return cls(**values)

    def override(self, options: Mapping[str, object]) -> Self:
        """Return these settings with a process's options over them.

        :param options: by name with underscores; ``queue`` holds words ``NAME=WIDTH``, and of
            a name given twice the last counts. None and a false flag mean: not given.
        :raises BadRequest: naming the option and the remedy
        """
        given = {k: v for k, v in options.items() if v is not None and v is not False}
        words = cast("Iterable[str]", given.pop("queue", ()))
        values: dict[str, Any] = {
            key: _checked(key, _number(value), _option(key)) for key, value in given.items()
        }
        return replace(self, **{"queues": {**self.queues, **_widths(words)}, **values})

    def words(self) -> dict[str, str]:
        """Return every setting in force, as written on the command line."""
        queues = " ".join(f"{name}={width}" for name, width in sorted(self.queues.items()))
        return {
            "--max-log-size": f"{self.max_log_size:.15g}",
            "--max-output-files": str(self.max_output_files),
            "--lock-timeout": f"{self.lock_timeout:.15g}",
            "--queue": queues,
            "--durability": self.durability,
            "--history-days": str(self.history_days),
            "--idle-exit": f"{self.idle_exit:.15g}",
            "--grace": f"{self.grace:.15g}",
            "--inbox-bound": str(self.inbox_bound),
            "--lease": f"{self.lease:.15g}",
            "--memory-limit": f"{self.memory_limit:.15g}",
            "--no-tasks": "yes" if self.no_tasks else "no",
        }

    def width(self, queue_name: str) -> int:
        """Return how many tasks of a queue run at once."""
        return self.queues.get(queue_name, 1)


def write_default(path: Path) -> None:
    """Create a config file in which every setting is explained and commented out.

    An existing file stays as it is.

    :raises OSError: it cannot be written
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with suppress(FileExistsError), open(os.open(path, flags, 0o600), "wb") as file:
        file.write(_DEFAULT_TEXT.encode())


@dataclass(frozen=True, slots=True)
class _Range:
    """A number's limits, both included."""

    low: float
    high: float
    unit: str
    whole: bool = False

    def check(self, value: object, where: str) -> float:
        """Return ``value`` when it fits."""
        fits = isinstance(value, int if self.whole else (int, float))
        # true is an int too, but no number here.
        if not fits or isinstance(value, bool) or not self.low <= cast("float", value) <= self.high:
            number = "a whole number" if self.whole else "a number"
            raise BadRequest(
                f"{where} = {value!r} is not possible. "
                f"Use {number} of {self.unit} from {self.low:.15g} to {self.high:.15g}."
            )
        return cast("float", value)


_RANGES = {
    "max_log_size": _Range(0.01, 1000, "MB"),
    "max_output_files": _Range(1, 100_000, "files", whole=True),
    "lock_timeout": _Range(0.01, 525_600, "minutes"),
    "history_days": _Range(1, 3650, "days", whole=True),
    "idle_exit": _Range(0.001, 525_600, "minutes"),
    "grace": _Range(0, 300, "seconds"),
    "inbox_bound": _Range(1, 100_000, "messages", whole=True),
    "lease": _Range(1, 86_400, "seconds"),
    "memory_limit": _Range(32, 1_048_576, "MB"),
}
_WIDTH = _Range(1, MAX_WIDTH, "tasks at once", whole=True)
_NAMES = tuple(each.name for each in fields(Settings))


def _checked(key: str, value: object, where: str) -> object:
    """Return the value of one setting when it is possible."""
    if key in _RANGES:
        return _RANGES[key].check(value, where)
    if key not in _NAMES:
        near = " or ".join(names.nearest(key.replace("-", "_"), _NAMES)) or ", ".join(_NAMES)
        raise BadRequest(f"{where} is no setting. Known: {near}. Correct it or remove it.")
    if key == "queues":
        return _checked_widths(value, where)
    if key == "durability" and value not in ("power", "process"):
        raise BadRequest(f"{where} = {value!r} is not possible. Use 'power' or 'process'.")
    if key == "no_tasks" and not isinstance(value, bool):
        raise BadRequest(f"{where} = {value!r} is not possible. Use true or false.")
    return value


def _checked_widths(value: object, where: str) -> dict[str, int]:
    if not isinstance(value, dict):
        raise BadRequest(f"{where} = {value!r} is not possible. Use a table of NAME = WIDTH.")
    widths = cast("dict[str, object]", value)
    return {
        _queue_name(name, where): int(_WIDTH.check(width, f"{where}.{name}"))
        for name, width in widths.items()
    }


def _widths(words: Iterable[str]) -> dict[str, int]:
    """Read ``NAME=WIDTH`` words."""
    widths: dict[str, int] = {}
    for word in words:
        name, equals, width = word.partition("=")
        if not equals:
            raise BadRequest(f"--queue {word!r} has no width. Use NAME=WIDTH, such as builds=2.")
        name = _queue_name(name, "--queue")
        widths[name] = int(_WIDTH.check(_number(width), f"--queue {name}"))
    return widths


def _queue_name(name: str, where: str) -> str:
    try:
        return names.queue_name(name)
    except BadRequest as error:
        raise BadRequest(f"{where}: {error}") from error


def _number(word: object) -> object:
    """Return the number that a command line's word spells; else the word itself."""
    if isinstance(word, str):
        for kind in (int, float):
            with suppress(ValueError):
                return kind(word)
    return word


def _option(key: str) -> str:
    return "--" + key.replace("_", "-")


_DEFAULT_TEXT = """\
# Settings of the Signalpost broker, read when it starts. Each line shows the
# default; take the "# " in front of it away to change it. Options given to the
# process that starts the broker override this file for that broker's life.

# Size in MB at which the log of events, signalpost-logs.json, is moved aside to
# signalpost-logs.json.1; one such older file is kept.
# max_log_size = 5

# So many of the newest task logs are kept.
# max_output_files = 50

# Minutes that a task may hold its slot at most: no task gets a longer time limit.
# lock_timeout = 120

# What a confirmed request survives: "power" (loss of power; every commit waits
# for the disk) or "process" (the death of any process, but not loss of power:
# that may take back the newest messages and tasks that were confirmed).
# durability = "power"

# Days that finished tasks, and messages that are done, stay in the history.
# history_days = 14

# Minutes without anything to do after which a broker ends that was started
# automatically. One started by hand stays.
# idle_exit = 15

# Seconds between asking a command to end (TERM) and killing it (KILL).
# grace = 5

# Unacknowledged messages that an agent's inbox takes, 1 to 100000. Then its
# senders wait for room, and are refused in the end. An agent may ask for
# another number when it registers.
# inbox_bound = 1000

# Seconds, up to 86400, after which a message is offered again whose receiver
# has neither acknowledged it nor shown that it works. The fifth time it
# becomes a dead letter.
# lease = 600

# MB by which the broker's memory may grow, 32 to 1048576. Then it ends, as if
# killed but in order, and who needs one starts the next: nothing that was
# confirmed is lost, and commands that run are.
# memory_limit = 1024

# true: serve messages only and run no commands.
# no_tasks = false

# Queues in which more than one task may run at once, 1 to 64. Every queue that
# is not named here runs one at a time. Keep this table last.
# [queues]
# builds = 2
"""
