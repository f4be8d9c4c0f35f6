"""The broker's process: takes the lock, opens everything, serves, and leaves in order.

lock ─> settle what an earlier life left ─> store ─> socket ─> publish ─> SERVING
                                                                            │
    stop, SIGTERM, idle, files gone, store failed, memory                   v
release <── store closed <── sessions told <── tasks ended or killed <── DRAINING
"""

from __future__ import annotations

import gc
import logging
import os
import secrets
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import anyio
from anyio.lowlevel import checkpoint

from ..transport import endpoint, process
from ..transport.errors import BrokerUnavailable
from ..transport.version import software
from . import fault
from . import settings as settings_module
from .flood import Flood
from .holder import Holder
from .life import Life
from .lock import Lock
from .settings import Settings
from .shim_tree import become_subreaper

logger = logging.getLogger(__name__)

EXIT_REFUSED = 69
EXIT_STORE = 75
_PATIENCE = (0.05, 0.2, 0.75, 4.0)
"""Seconds that a broker started by a client waits for one that is just leaving.

In between it looks whether that one can be found again, and is not needed then.
"""
SWITCH_SECONDS = 0.0003
"""How long the thread of the store waits for the interpreter's lock, instead of 5 ms: what the
loop takes in meanwhile would wait for the next commit."""


def main(*, data_dir: Path, options: Mapping[str, object], auto: bool) -> int:
    """Serve ``data_dir`` until stopped and return the exit code.

    :param options: settings that override ``config.toml`` for this life
    :param auto: started by a client: stdin holds the start lock and stdout a
        pipe to the starter; both are let go of once the broker serves
    """
    os.umask(0o077)
    # Until the loop hears it, a nudge must not kill. A function, for commands inherit SIG_IGN.
    signal.signal(signal.SIGHUP, _not_yet)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    for handler in logging.getLogger().handlers:
        handler.addFilter(Flood())
    try:
        endpoint.prepare(data_dir)
        lock = _take_lock(data_dir, auto=auto)
        settings = _settings(data_dir, options)
        return anyio.run(_serve, data_dir, lock, settings, auto)
    except Exception as error:  # noqa: BLE001 - the edge of the process: the starter is told
        _say(f"{fault.words(error, data_dir)}\n", auto=auto)
        return EXIT_REFUSED


def _not_yet(_number: int, _frame: object) -> None: ...


def _take_lock(data_dir: Path, *, auto: bool) -> Lock:
    """Take the lock, unless a broker serves or does so again now that it was nudged.

    :raises BrokerUnavailable: one does, or one that ends does not end in time
    """
    path = endpoint.lock_path(data_dir)
    for seconds in _PATIENCE if auto else ():
        try:
            lock = Lock.take(path, seconds)
        except BrokerUnavailable:
            if endpoint.find(data_dir) is not None:
                raise
        else:
            return _alone(lock, data_dir)
    return _alone(Lock.take(path), data_dir)


def _alone(lock: Lock, data_dir: Path) -> Lock:
    """Refuse to serve beside a broker that answers although its lock is free: it was removed."""
    found = endpoint.find(data_dir)
    if found is None:
        return lock
    Holder(found.pid, found.start_time).nudge()
    raise BrokerUnavailable(
        f"a broker (pid {found.pid}) already serves this data dir, though its lock file was"
        " removed. It ends when its running tasks have ended: try again then."
    )


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
        start_time=process.start_time(os.getpid()),
        version=software(),
    )
    async with Life.open(data_dir, lock, settings, published, idle_exit=auto) as ending:
        await checkpoint()  # who hears of us may send a signal at once: it is heeded from here on
        _sweep_sockets(data_dir, keep=socket.name)
        endpoint.publish(data_dir, published)
        logger.info("serving %s at %s", data_dir, published.endpoint)
        _spare_the_collector()
        sys.setswitchinterval(SWITCH_SECONDS)
        _say("ready\n", auto=auto)
        await ending.over()
    if not ending.failed:  # else clients see it as killed, and have the next one keep their places
        _withdraw(data_dir, published)
    _remove(data_dir, socket)
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
    with suppress(BrokenPipeError):  # it was killed meanwhile: others may want this broker
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


def _withdraw(data_dir: Path, published: endpoint.Published) -> None:
    now = endpoint.read_published(data_dir)
    if now is not None and now.epoch == published.epoch:
        (endpoint.run_dir(data_dir) / "broker.json").unlink(missing_ok=True)


def _remove(data_dir: Path, socket: Path) -> None:
    socket.unlink(missing_ok=True)
    if socket.parent != endpoint.run_dir(data_dir):
        with suppress(OSError):  # gone already, or somebody's output goes through it
            socket.parent.rmdir()
