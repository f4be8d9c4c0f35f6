"""One question to a running broker, asked and answered at once: no event loop, no thread.

For processes that live for a tenth of a second, as hooks do. It starts no broker,
and it never waits longer than it was told.
"""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from typing import Self, TypeVar

import msgspec
import zmq

from . import endpoint, frames, messages
from .errors import BrokerUnavailable, ProtocolMismatch, from_code
from .version import software

R = TypeVar("R", bound=msgspec.Struct)


def ask(data_dir: Path, request: messages.Request, expected: type[R], *, seconds: float) -> R:
    """Return the answer of the broker of ``data_dir`` to one request of a ``door`` session.

    :raises BrokerUnavailable: none runs, or it does not answer within ``seconds``
    :raises ProtocolMismatch: what answers is not the broker that is published there
    :raises SignalpostError: what the broker refused the request with
    """
    published = endpoint.find(data_dir)
    if published is None:
        raise BrokerUnavailable("no broker runs. The next use of signalpost starts one.")
    with _Line(published, seconds) as line:
        welcome = line.ask(messages.Hello(software=software(), kind="door"), messages.Welcome)
        line.authority = welcome.session
        try:
            return line.ask(request, expected)
        finally:
            line.say(messages.Bye())


class _Line:
    def __init__(self, published: endpoint.Published, seconds: float) -> None:
        self.authority = frames.NO_SESSION
        self._epoch = bytes.fromhex(published.epoch)
        self._until = time.monotonic() + seconds
        self._seconds = seconds
        self._decoder = frames.answer_decoder()
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.linger = 50
        self._socket.connect(published.endpoint)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        self._context.term()

    def say(self, request: messages.Request) -> bytes:
        """Send a request and return its correlation."""
        correlation = secrets.token_bytes(16)
        header = frames.header(self.authority, correlation)
        self._socket.send_multipart((header, frames.encode_request(request)))
        return correlation

    def ask(self, request: messages.Request, expected: type[R]) -> R:
        """Send a request and return its answer."""
        correlation = self.say(request)
        while True:
            header, payload = self._hear()
            if frames.authority_of(header) != self._epoch:
                raise ProtocolMismatch("another broker answers than the one that is published.")
            answer = self._decoder.decode(payload)
            if frames.correlation_of(header) != correlation:
                continue
            if isinstance(answer, messages.Failed):
                raise from_code(answer.code, answer.detail)
            if not isinstance(answer, expected):
                raise ProtocolMismatch(
                    f"expected {expected.__name__}, got {type(answer).__name__}."
                    " Run `signalpost stop`, then try again."
                )
            return answer

    def _hear(self) -> list[bytes]:
        left = self._until - time.monotonic()
        if left <= 0 or not self._socket.poll(int(left * 1000)):
            raise BrokerUnavailable(
                f"the broker has not answered within {self._seconds:g} s. Run: signalpost doctor"
            )
        parts = self._socket.recv_multipart()
        frames.check(parts)
        return parts
