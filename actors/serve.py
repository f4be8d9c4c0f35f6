"""The broker's process: takes the lock, opens everything, serves, and leaves in order.

lock ─> settle what an earlier life left ─> store ─> socket ─> publish ─> SERVING
                                                                            │
    stop, SIGTERM, idle, folder gone, store failed                          v
release <── store closed <── sessions told <── tasks ended or killed <── DRAINING
"""

from __future__ import annotations

import gc
import logging
import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

import anyio

from ..transport import endpoint, lifeline
from ..transport.errors import SignalpostError
from ..transport.version import software
from . import settings as settings_module
from .life import Life
from .lock import Lock
from .settings import Settings
from .shim_tree import become_subreaper

logger = logging.getLogger(__name__)

EXIT_REFUSED = 69
EXIT_STORE = 75
_PATIENCE = 5.0
"""Seconds that a broker started by a client waits for one that is just leaving."""


def main(*, data_dir: Path, options: Mapping[str, object], auto: bool) -> int:
    """Serve ``data_dir`` until stopped and return the exit code.

    :param options: settings that override ``config.toml`` for this life
    :param auto: started by a client: stdin holds the start lock and stdout a
        pipe to the starter; both are let go of once the broker serves
    """
    os.umask(0o077)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    try:
        endpoint.prepare(data_dir)
        lock = Lock.take(endpoint.lock_path(data_dir), patience=_PATIENCE if auto else 0.0)
        settings = _settings(data_dir, options)
        return anyio.run(_serve, data_dir, lock, settings, auto)
    except SignalpostError as error:
        _say(f"{error}\n", auto=auto)
        return EXIT_REFUSED


def _settings(data_dir: Path, options: Mapping[str, object]) -> Settings:
    path = data_dir / "config.toml"
    settings_module.write_default(path)
    return Settings.from_toml(path).override(options)


async def _serve(data_dir: Path, lock: Lock, settings: Settings, auto: bool) -> int:
    become_subreaper()
    epoch = secrets.token_hex(12)
    socket = endpoint.choose_socket(data_dir, epoch)
    published = endpoint.Published(
        endpoint=f"ipc://{socket}",
        epoch=epoch,
        pid=os.getpid(),
        start_time=lifeline.start_time(os.getpid()),
        version=software(),
    )
    async with Life.open(data_dir, lock, settings, published, idle_exit=auto) as ending:
        _sweep_sockets(data_dir, keep=socket.name)
        endpoint.publish(data_dir, published)
        logger.info("serving %s at %s", data_dir, published.endpoint)
        _spare_the_collector()
        _say("ready\n", auto=auto)
        await ending.over()
    _withdraw(data_dir, published, socket)
    logger.info("stopped")
    return EXIT_STORE if ending.failed else 0


def _spare_the_collector() -> None:
    """Look for garbage seldom, and never among what the broker is made of.

    Nearly all that a message leaves behind is freed by counting. Looking for the rest after
    every 700 objects cost a fifth of each message.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def _say(text: str, *, auto: bool) -> None:
    """Tell the starter, then let go of it and of the start lock; by hand: tell the person."""
    if not auto:
        if text != "ready\n":
            sys.stderr.write(f"signalpost broker: {text}")
        return
    os.write(1, text.encode())
    if text != "ready\n":
        return  # the end of this process lets go: until then the lock is not free
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.close(null)


def _sweep_sockets(data_dir: Path, keep: str) -> None:
    """Remove the sockets of lives that were killed; the lock says that they are dead."""
    for old in endpoint.run_dir(data_dir).glob("b-*.sock"):
        if old.name != keep:
            old.unlink(missing_ok=True)


def _withdraw(data_dir: Path, published: endpoint.Published, socket: Path) -> None:
    now = endpoint.read_published(data_dir)
    if now is not None and now.epoch == published.epoch:
        (endpoint.run_dir(data_dir) / "broker.json").unlink(missing_ok=True)
    socket.unlink(missing_ok=True)
    if socket.parent != endpoint.run_dir(data_dir) and socket.parent.is_dir():
        socket.parent.rmdir()
