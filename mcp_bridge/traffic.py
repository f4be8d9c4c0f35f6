"""What passes over the pipe, for those who must know what the client has got.

The SDK tells a handler neither that its answer was written nor that an
answered request was cancelled; both decide what becomes of mail.
"""

from __future__ import annotations

from typing import Protocol

import mcp.types as t
from mcp.shared.dispatcher import as_request_id, coerce_request_id

from .deliveries import RequestId


class Listener(Protocol):
    def written(self, request: RequestId) -> None:
        """Note that the answer to this request was written."""
        ...

    def failed(self, request: RequestId) -> None:
        """Note that an error was written instead."""
        ...

    def cancelled(self, request: RequestId) -> None:
        """Note that the client gave this request up, be it answered or not."""
        ...

    def restarted(self) -> None:
        """Note that the client began a session."""
        ...


class Traffic:
    """Sorts what it is shown and tells whoever listens."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def tell(self, listener: Listener) -> None:
        """Tell this one too from now on."""
        self._listeners.append(listener)

    def came(self, message: t.JSONRPCMessage) -> None:
        """Take note of a message from the client, before it is served."""
        if isinstance(message, t.JSONRPCRequest) and message.method == "initialize":
            for listener in self._listeners:
                listener.restarted()
        if isinstance(message, t.JSONRPCNotification):
            self._note(message)

    def went(self, message: t.JSONRPCMessage) -> None:
        """Take note of a message to the client, after it was written."""
        if isinstance(message, t.JSONRPCResponse):
            for listener in self._listeners:
                listener.written(coerce_request_id(message.id))
        elif isinstance(message, t.JSONRPCError) and message.id is not None:
            for listener in self._listeners:
                listener.failed(coerce_request_id(message.id))

    def _note(self, message: t.JSONRPCNotification) -> None:
        if message.method != "notifications/cancelled":
            return
        request = as_request_id((message.params or {}).get("requestId"))
        if request is not None:
            for listener in self._listeners:
                listener.cancelled(coerce_request_id(request))
