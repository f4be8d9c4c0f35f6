"""Mail is acknowledged when it has been printed, and not before."""

from __future__ import annotations

import errno
import sys
from collections.abc import Sequence

import anyio.to_thread
import click

from .notice import say
from .transport.client import Client
from .transport.letters import Delivery, Held
from .transport.safe_text import one_line

_DETAIL = 500


async def print_and_acknowledge(client: Client, text: str, messages: Sequence[Delivery]) -> None:
    """Print ``text``, which shows ``messages``; then acknowledge these.

    Whatever goes wrong before the text has left this process: nothing is acknowledged.
    """
    if messages and sys.stdout is None:
        raise OSError(errno.EBADF, "standard output is closed")
    if text:
        # In a thread: a reader that takes its time must not silence our heartbeat.
        await anyio.to_thread.run_sync(click.echo, text, abandon_on_cancel=True)
    if not messages:
        return
    for settled in await client.settle([Held(m.id, m.lease) for m in messages], "ack"):
        if settled.code:
            detail = one_line(settled.detail, _DETAIL)
            say(f"{settled.code}: message {settled.message_id} is not acknowledged: {detail}")
