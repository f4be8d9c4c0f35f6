"""The options that several commands share."""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import cast

import click

from .transport.errors import BadRequest
from .variables import BROKER as BROKER_VARIABLES

Command = Callable[..., object]

_BROKER = {
    "max_log_size": ("MB", "Start a new log of events when this one is so large. [5]"),
    "max_output_files": ("N", "Keep the logs of the newest N tasks. [50]"),
    "lock_timeout": ("MINUTES", "The longest a task may hold its slot. [120]"),
    "queue": ("NAME=WIDTH", "Run WIDTH tasks of queue NAME at once; repeatable. [1]"),
    "durability": ("power|process", "What a confirmed request survives. [power]"),
    "history_days": ("DAYS", "Remember finished tasks and messages so long. [14]"),
    "idle_exit": ("MINUTES", "Started on demand, end after so long without use. [15]"),
    "grace": ("SECONDS", "Time between SIGTERM and SIGKILL when a task is killed. [5]"),
    "inbox_bound": ("N", "Unacknowledged messages that an inbox takes. [1000]"),
    "lease": ("SECONDS", "Offer mail again after so long without a sign of work. [600]"),
    "memory_limit": ("MB", "Make room for a new broker when grown by so much. [1024]"),
}
"""Metavariable and help by setting; the brackets hold the defaults."""


class Seconds(click.FloatRange):
    """A number of seconds; ``inf`` stands for no limit, and nothing for no number."""

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number.

        :raises click.BadParameter: it is none, or out of range
        """
        number = float(super().convert(cast("float", value), param, ctx))
        if math.isnan(number):
            self.fail(f"{value!r} is no number of seconds.", param, ctx)
        return number


def broker_options(command: Command) -> Command:
    """Add the broker's options; ``command`` gets those given, checked, as ``settings``."""

    @functools.wraps(command)
    def collected(*args: object, **options: object) -> object:
        chosen = {name: options.pop(name) for name in (*_BROKER, "no_tasks")}
        return command(*args, settings=_with_variables(checked(chosen)), **options)

    wrapped = click.option("--no-tasks", is_flag=True, help="Run no commands at all.")(collected)
    for name, (metavar, text) in reversed(_BROKER.items()):
        many = name == "queue"
        wrapped = click.option(_option(name), name, metavar=metavar, multiple=many, help=text)(
            wrapped
        )
    return wrapped


def checked(options: Mapping[str, object]) -> dict[str, object]:
    """Return the options that were given.

    :raises click.UsageError: one of them is not possible
    """
    given = {name: value for name, value in options.items() if value not in (None, False, ())}
    if not given:
        return given
    from .actors.settings import Settings

    try:
        Settings().override(given)
    except BadRequest as error:
        raise click.UsageError(str(error)) from error
    return given


def _with_variables(given: dict[str, object]) -> dict[str, object]:
    """Add the settings that the environment holds and no option has given.

    :raises click.UsageError: naming the variable that is not possible
    """
    for name, variables in BROKER_VARIABLES.items():
        variable = next((each for each in variables if os.environ.get(each)), None)
        if variable is None or name in given:
            continue
        try:
            given |= checked({name: os.environ[variable]})
        except click.UsageError as error:
            text = error.message.removeprefix(_option(name))
            raise click.UsageError(f"the environment variable {variable}{text}") from error
    return given


def as_words(settings: Mapping[str, object]) -> tuple[str, ...]:
    """Return settings as the words of a command line that say the same."""
    words: list[str] = []
    for name, value in settings.items():
        if value is True:
            words.append(_option(name))
        elif isinstance(value, str):
            words += [_option(name), value]
        elif isinstance(value, Iterable):
            for one in value:  # pyright: ignore[reportUnknownVariableType]
                words += [_option(name), str(one)]  # pyright: ignore[reportUnknownArgumentType]
    return tuple(words)


def data_dir_option(command: Command) -> Command:
    """Add ``--data-dir``; ``command`` gets the folder in force as ``data_dir``."""
    return click.option(
        "--data-dir",
        callback=_data_dir,
        metavar="DIR",
        help="State folder. [$SIGNALPOST_DATA_DIR, else ~/.local/state/signalpost]",
    )(command)


def _data_dir(ctx: click.Context, _: click.Parameter, value: str | None) -> Path:
    """Resolve it: this command's option, the one in front of it, the environment, the default."""
    from .transport import endpoint

    return endpoint.data_dir(value or ctx.obj)


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")
