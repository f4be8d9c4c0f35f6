"""One stdio server under test: requests go in as lines, what belongs to each comes out in order."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

Message = dict[str, Any]


def inner(message: Message, name: str) -> Message:
    """Return an object in a message, empty when it is not there."""
    found = message.get(name)
    return cast("Message", found) if isinstance(found, dict) else {}


@dataclass(slots=True)
class Open:
    """A request that is not answered yet."""

    id: object
    """As the client numbered it."""
    token: object
    """Its progress token."""
    said: queue.SimpleQueue[Message] = field(default_factory=queue.SimpleQueue[Message])


class Child:
    """A process of the server."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, env=dict(environment))
        self._writing = threading.Lock()
        self._open: dict[int, Open] = {}
        self._count = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def ask(self, message: Message) -> tuple[int, Open]:
        """Send a request; return its number on the pipe, and what will be said of it."""
        meta = inner(inner(message, "params"), "_meta")
        asked = Open(message["id"], meta.get("progressToken"))
        with self._writing:
            self._count += 1
            number = self._count
            self._open[number] = asked
        self.send({**message, "id": number})
        return number, asked

    def send(self, message: Message) -> None:
        """Send a message that has no answer."""
        assert self._process.stdin is not None
        with self._writing:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()

    def end(self) -> None:
        """Close its stdin and wait until it is gone."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._reader.join(10)

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self._pass_on(json.loads(line))

    def _pass_on(self, message: Message) -> None:
        if "method" in message:
            self._note(message)
        elif asked := self._open.pop(message.get("id", 0), None):
            asked.said.put({**message, "id": asked.id})

    def _note(self, message: Message) -> None:
        token = inner(message, "params").get("progressToken")
        for asked in list(self._open.values()):
            if token is not None and asked.token == token:
                asked.said.put(message)
