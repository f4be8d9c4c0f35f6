"""``signalpost doctor``: looks for what is wrong, and changes nothing."""

from __future__ import annotations

import dataclasses
import json
import platform
import resource
import sqlite3
import sys
from collections.abc import Callable
from functools import partial
from importlib import metadata
from pathlib import Path

import click
import psutil

from . import bridge_processes, checks, client_doctor, exit_codes, stray
from .actors.settings import Settings
from .checks import Check
from .person import act
from .setup_run import this_place
from .transport import endpoint
from .transport.client import Client
from .transport.errors import BadRequest, BrokerUnavailable, SignalpostError
from .transport.housekeeping import Info
from .transport.safe_text import one_line
from .transport.version import software
from .wake_probe import probe, verdicts

_DEAD_COUNTED = 100
_LONGEST_LINE = 4000
_MARKS = {"ok": ("ok", "green"), "warning": ("warning", "yellow"), "wrong": ("WRONG", "red")}


def examine(data_dir: Path, *, as_json: bool) -> int:
    """Print every finding and return the exit code: 1 when something is wrong."""
    found = [*_versions(), *_folders(data_dir), *_store_log(data_dir), _open_files()]
    found += [*_broker(data_dir), *bridge_processes.examine(), *client_doctor.examine(this_place())]
    return _tell(found, as_json=as_json)


def wake(data_dir: Path, agent: str, *, as_json: bool) -> int:
    """Send an agent a probe, print what was reached, and return the exit code: 1 when it was not.

    :raises SignalpostError: no broker runs, or nobody has this name
    """
    found = verdicts(act(data_dir, partial(probe, name=agent)))
    reached = all(check.state == "ok" for check in found)
    _tell(found, as_json=as_json)
    return exit_codes.OK if reached else exit_codes.WRONG


def _tell(found: list[Check], *, as_json: bool) -> int:
    wrong = any(check.state == "wrong" for check in found)
    if as_json:
        values = [dataclasses.asdict(check) for check in found]
        click.echo(json.dumps({"ok": not wrong, "checks": values}))
    else:
        _show(found)
    return exit_codes.WRONG if wrong else exit_codes.OK


def _versions() -> list[Check]:
    import zmq

    return [
        Check("signalpost", software()),
        Check("python", f"{platform.python_version()} {sys.executable}"),
        Check("pyzmq", f"{zmq.pyzmq_version()} with libzmq {zmq.zmq_version()}"),
        checks.sqlite("sqlite", sqlite3.sqlite_version),
        Check("mcp", metadata.version("mcp")),
    ]


def _folders(data_dir: Path) -> list[Check]:
    """Look at the folders that are there; the others are made at first use."""
    folders = {
        "data dir": data_dir,
        "run": endpoint.run_dir(data_dir),
        "output": endpoint.output_dir(data_dir),
    }
    found = [
        checks.folder(name, str(path), _complaint(endpoint.check_private, path))
        if path.is_symlink() or path.exists()
        else Check(name, f"{path} (made at first use)")
        for name, path in folders.items()
    ]
    network = _complaint(endpoint.refuse_network, data_dir)
    return [*found, checks.folder("file system", "network" if network else "local", network)]


def _store_log(data_dir: Path) -> list[Check]:
    """Look at the log of the store while there is one."""
    path = data_dir / "queue.db-wal"
    try:
        return [checks.store_log(path, path.stat().st_size)]
    except OSError:
        return []


def _open_files() -> Check:
    return checks.open_files(*resource.getrlimit(resource.RLIMIT_NOFILE))


def _broker(data_dir: Path) -> list[Check]:
    """Ask the broker, if one runs, and compare what it says with ``config.toml``."""
    try:
        config = Settings.from_toml(data_dir / "config.toml").words()
        file = Check("config.toml", "read" if (data_dir / "config.toml").exists() else "none")
    except BadRequest as error:
        config, file = None, Check("config.toml", "unusable", "wrong", str(error))
    try:
        lost = stray.of(data_dir)
        if lost is not None:
            return [file, checks.stray(lost.pid, endpoint.lock_path(data_dir))]
        running = endpoint.find(data_dir)
        if running is None:
            return [file, Check("broker", "none runs; one is started when it is needed")]
        try:
            info, mail = act(data_dir, _ask)
        except BrokerUnavailable:
            log, stopped = data_dir / "broker.log", _is_stopped(running.pid)
            return [file, checks.silent(running.pid, log, stopped=stopped)]
    except SignalpostError as error:
        return [file, Check("broker", "does not serve", "wrong", str(error))]
    return [file, *_running(info, config), *mail]


def _is_stopped(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_STOPPED
    except psutil.Error:
        return False


async def _ask(client: Client) -> tuple[Info, list[Check]]:
    """Ask what the broker is, and judge the mail that it keeps."""
    info = await client.info()
    dead = await client.history(state="dead", limit=_DEAD_COUNTED)
    return info, [
        checks.agents(await client.agents()),
        checks.inboxes(await client.inboxes()),
        checks.dead_letters(len(dead), _DEAD_COUNTED),
    ]


def _running(info: Info, config: dict[str, str] | None) -> list[Check]:
    where = f"pid {info.pid} at {info.endpoint}"
    does = f"{info.sessions} connected, {info.running} running, {info.waiting} waiting"
    files = f"{info.open_files} of {info.open_files_limit}"
    return [
        Check("broker", f"{where}: {does}"),
        checks.broker_version(info.software, software()),
        *_broker_libraries(info),
        Check("broker open files", files),
        *([checks.settings(info.settings, config)] if config is not None else []),
    ]


def _broker_libraries(info: Info) -> list[Check]:
    """Judge its libraries where they are not those judged already."""
    if info.sqlite == sqlite3.sqlite_version:
        return []
    return [checks.sqlite("broker sqlite", info.sqlite)]


def _complaint(look: Callable[[Path], None], path: Path) -> str:
    try:
        look(path)
    except BadRequest as error:
        return str(error)
    return ""


def _show(found: list[Check]) -> None:
    for check in found:
        word, colour = _MARKS[check.state]
        # Names, paths and rules may be a stranger's, and this is a terminal.
        line = one_line(f"{check.name}: {check.found}", _LONGEST_LINE)
        click.echo(f"{click.style(f'{word:<8}', fg=colour)} {line}")
        if check.remedy:
            click.echo(f"{'':<8} {one_line(check.remedy, _LONGEST_LINE)}")
