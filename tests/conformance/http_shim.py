"""Streamable HTTP in front of a stdio server: the conformance suite speaks nothing else.

One process of the server per session of the older protocols, one for every
request of the stateless one. What only HTTP has (checks of headers, of the
origin) is not made up here: it would be the shim that passed.
"""

from __future__ import annotations

import json
import queue
import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.conformance.aliases import translated
from tests.conformance.child import Child, Message, Open, inner

STATELESS = "2026"
ANSWER_SECONDS = 60.0
_STATUS = {-32022: 400, -32021: 400, -32020: 400, -32601: 404, -32602: 400, -32600: 400}


class HttpShim(ThreadingHTTPServer):
    """Listens on a free port of 127.0.0.1 from its making; ``start`` makes a server."""

    daemon_threads = True

    def __init__(self, start: Callable[[], Child]) -> None:
        super().__init__(("127.0.0.1", 0), _Exchange)
        self._start = start
        self._sessions: dict[str, Child] = {}
        self._stateless: Child | None = None
        self._making = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/mcp"

    def new_session(self) -> tuple[str, Child]:
        """Start a server of its own for a session."""
        session = uuid.uuid4().hex
        self._sessions[session] = child = self._start()
        return session, child

    def child_of(self, session: str, version: str) -> Child | None:
        """Return the server that a request goes to, if there is one."""
        if version < STATELESS:
            return self._sessions.get(session)
        with self._making:
            self._stateless = self._stateless or self._start()
        return self._stateless

    def end_session(self, session: str) -> bool:
        """End the server of a session; tell whether there was one."""
        child = self._sessions.pop(session, None)
        if child is not None:
            child.end()
        return child is not None

    def end(self) -> None:
        """Stop listening and end every server."""
        self.shutdown()
        self.server_close()
        for session in list(self._sessions):
            self.end_session(session)
        if self._stateless is not None:
            self._stateless.end()


class _Exchange(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def _shim(self) -> HttpShim:
        assert isinstance(self.server, HttpShim)
        return self.server

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: the suite says what matters."""

    def do_GET(self) -> None:
        self._reply(405)

    def do_DELETE(self) -> None:
        gone = self._shim.end_session(self.headers.get("mcp-session-id", ""))
        self._reply(200 if gone else 404)

    def do_POST(self) -> None:
        message: Message = json.loads(self.rfile.read(int(self.headers["content-length"])))
        session = self.headers.get("mcp-session-id", "")
        version = self.headers.get("mcp-protocol-version", "")
        opened = ""
        if message.get("method") == "initialize" and version < STATELESS:
            opened, child = self._shim.new_session()
        elif found := self._shim.child_of(session, version):
            child = found
        else:
            self._reply(404 if session else 400, _no_session())
            return
        if "id" in message and "method" in message:
            self._exchange(child, translated(message), opened)
        else:
            child.send(message)
            self._reply(202)

    def _exchange(self, child: Child, message: Message, opened: str) -> None:
        number, asked = child.ask(message)
        first = asked.said.get(timeout=ANSWER_SECONDS)
        if "method" in first:
            self._stream(child, number, asked, first)
            return
        code = inner(first, "error").get("code", 0)
        self._reply(_STATUS.get(code, 200), json.dumps(first).encode(), opened)

    def _stream(self, child: Child, number: int, asked: Open, first: Message) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            self._event(first)
            while "method" in first:
                first = asked.said.get(timeout=ANSWER_SECONDS)
                self._event(first)
        except (OSError, queue.Empty):
            params = {"requestId": number}
            child.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params})

    def _event(self, message: Message) -> None:
        self.wfile.write(b"event: message\ndata: " + json.dumps(message).encode() + b"\n\n")
        self.wfile.flush()

    def _reply(self, status: int, body: bytes = b"", opened: str = "") -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        if opened:
            self.send_header("mcp-session-id", opened)
        with suppress(OSError):  # the suite may not wait for every answer
            self.end_headers()
            self.wfile.write(body)


def _no_session() -> bytes:
    error = {"code": -32600, "message": "no such session"}
    return json.dumps({"jsonrpc": "2.0", "id": None, "error": error}).encode()
