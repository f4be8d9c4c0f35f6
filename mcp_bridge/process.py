"""The life of a bridge process.

    start -> serve -> the client closes stdin, stdout breaks, or a signal comes
          -> bye to the broker for every agent -> exit

MCP clients are rough: Claude Code sends SIGINT, SIGTERM 0.1 s later and
SIGKILL 0.4 s later. So the bye is bounded, and the interpreter is not
finalised: a thread sits in read(stdin) and would hold it up.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
from anyio.abc import TaskGroup

from ..transport.caller import Caller
from .broker_port import BrokerPort, Dial
from .clients import Clients
from .eras import serve_both_eras
from .identity import AgentIdentity
from .options import BridgeOptions
from .server import Bridge, Surroundings
from .stdio import Pipe, claim_stdio
from .traffic import Traffic
from .wakers import Channel, CodexQueue, Wakers

logger = logging.getLogger(__name__)

BYE_SECONDS = 0.3
SETTLE_SECONDS = 0.5
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main(options: BridgeOptions, dial: Dial | None = None) -> None:
    """Serve one MCP client, then end the process: status 0, or 1 after a fault.

    For the parameters see :func:`serve`.
    """
    anyio.run(_serve_and_exit, options, dial)


async def serve(options: BridgeOptions, dial: Dial | None = None) -> None:
    """Serve one MCP client on stdin and stdout until it is gone or a signal comes.

    Returns when the broker has heard bye, within :data:`BYE_SECONDS`, and what
    else the client asked is answered, within :data:`SETTLE_SECONDS`.
    ``dial`` makes the broker's clients; left out, real ones.
    """
    traffic = Traffic()
    pipe = Pipe(*claim_stdio(), traffic)
    async with anyio.create_task_group() as tasks:
        clients = Clients(tasks, dial or _dialler(options))
        around = _surroundings(_caller(options, tasks))
        wakers = _wakers(options, clients, pipe)
        bridge = Bridge(options, clients, around, traffic, pipe.notify, wakers)
        tasks.start_soon(_watch_signals, pipe)
        tasks.start_soon(serve_both_eras, bridge.server(), pipe.reading, pipe.writing)
        tasks.start_soon(pipe.write)
        tasks.start_soon(pipe.read)
        await pipe.ended.wait()
        with anyio.move_on_after(BYE_SECONDS):
            await clients.close()
        with anyio.move_on_after(SETTLE_SECONDS):
            await pipe.settle()
        tasks.cancel_scope.cancel()


async def _serve_and_exit(options: BridgeOptions, dial: Dial | None) -> None:
    status = 1
    try:
        await serve(options, dial)
        status = 0
    except Exception:
        logger.exception("the bridge failed")
    finally:
        sys.stderr.flush()
        os._exit(status)


async def _watch_signals(pipe: Pipe) -> None:
    with anyio.open_signal_receiver(*_SIGNALS) as signals:
        async for _ in signals:
            pipe.ended.set()


def _caller(options: BridgeOptions, tasks: TaskGroup) -> Callable[[], Awaitable[Caller]]:
    if not options.login_env:
        return _own_caller
    from .login_shell import LoginShell  # most bridges have none

    login = LoginShell()
    tasks.start_soon(login.read)
    return login.caller


def _wakers(options: BridgeOptions, clients: Clients, pipe: Pipe) -> Wakers | None:
    match options.wake:
        case "channel":
            return Wakers(clients, Channel(pipe.writing.clone()))
        case "codex-queue":
            return Wakers(clients, CodexQueue())
        case "":
            return None


async def _own_caller() -> Caller:
    return Caller.of_this_process()


def _surroundings(caller: Callable[[], Awaitable[Caller]]) -> Surroundings:
    return Surroundings(
        environment=dict(os.environ),
        working_directory=_working_directory(),
        caller=caller,
    )


def _working_directory() -> str:
    try:
        return os.fsencode(Path.cwd()).decode(errors="replace")  # of any bytes, but sent as text
    except FileNotFoundError:
        return ""  # deleted under us


def _dialler(options: BridgeOptions) -> Callable[[AgentIdentity], BrokerPort]:
    def dial(agent: AgentIdentity) -> BrokerPort:
        # ZeroMQ and the rest are loaded once the client has its tools: it must not wait for them.
        from ..transport.client import Client, Identity

        who = Identity(
            kind="bridge",
            agent=agent.agent,
            thread=agent.thread,
            label=agent.label,
            client=agent.client,
            working_directory=agent.working_directory,
        )
        return Client(who, data_dir=options.data_dir, options=options.broker_options)

    return dial
