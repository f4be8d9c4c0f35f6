"""A few questions to a running broker, asked without an event loop and without a thread.

For processes that live for a tenth of a second, as hooks do. It starts no broker,
and it never waits longer than it was told.

    dial ──> hello, welcome ──> ask … ask ──> (wait, with heartbeats) ──> bye
"""

from __future__ import annotations

import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec
import zmq

from . import bell, endpoint, frames, messages
from .errors import BrokerUnavailable, ProtocolMismatch, from_code
from .version import software

R = TypeVar("R", bound=msgspec.Struct)

_Answer = bell.Reply | messages.Welcome | messages.Accepted | messages.Failed | messages.Rehello
"""What a door session may hear: a decoder of everything would take longer to make than to ask."""
_LATE_SECONDS = 2.0
"""A broker may be so late with the answer to a request that it was to answer at a given time."""


def ask(data_dir: Path, request: messages.Request, expected: type[R], *, seconds: float) -> R:
    """Return the answer of the broker of ``data_dir`` to one request of a ``door`` session.

    :raises BrokerUnavailable: none runs, or it does not answer within ``seconds``
    :raises ProtocolMismatch: what answers is not the broker that is published there
    :raises SignalpostError: what the broker refused the request with
    """
    with dial(data_dir, seconds=seconds) as line:
        return line.ask(request, expected)


@contextmanager
def dial(data_dir: Path, *, seconds: float) -> Generator[Line]:
    """Open a ``door`` session, whose questions together may take ``seconds``; see :func:`ask`."""
    published = endpoint.find(data_dir)
    if published is None:
        raise BrokerUnavailable("no broker runs. The next use of signalpost starts one.")
    line = Line(published, seconds)
    try:
        line.greet()
        try:
            yield line
        finally:
            line.say(messages.Bye())
    except BrokerUnavailable:
        line.close(linger=0)  # nobody takes what is still to be sent
        raise
    finally:
        line.close(linger=50)


class Line:
    """One session of kind ``door``."""

    def __init__(self, published: endpoint.Published, seconds: float) -> None:
        self._authority = frames.NO_SESSION
        self._epoch = bytes.fromhex(published.epoch)
        self._until = time.monotonic() + seconds
        self._seconds = seconds
        self._heartbeat = seconds
        self.minor = 0
        """The minor version that the broker speaks."""
        self._decoder: frames.Decoder[_Answer] = frames.Decoder(_Answer, frames.MAX_ANSWER)
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.connect(published.endpoint)

    def greet(self) -> None:
        """Say hello.

        :raises SignalpostError: see :func:`ask`
        """
        hello = messages.Hello(software=software(), kind="door")
        welcome = self.ask(hello, messages.Welcome)
        self._authority = welcome.session
        self._heartbeat = welcome.heartbeat_seconds
        self.minor = welcome.minor

    def close(self, *, linger: int) -> None:
        """Leave; what is on its way gets ``linger`` milliseconds. A second time: nothing."""
        self._socket.close(linger)
        self._context.term()

    def say(self, request: messages.Request) -> bytes:
        """Send a request and return its correlation."""
        correlation = os.urandom(16)
        header = frames.header(self._authority, correlation)
        self._socket.send_multipart((header, frames.encode_request(request)))
        return correlation

    def ask(self, request: messages.Request, expected: type[R]) -> R:
        """Send a request and return its answer.

        :raises SignalpostError: see :func:`ask`
        """
        correlation = self.say(request)
        while True:
            if not self._socket.poll(self._left()):
                raise BrokerUnavailable(
                    f"the broker has not answered within {self._seconds:g} s."
                    " Run: signalpost doctor"
                )
            answer = self._hear(correlation, expected)
            if answer is not None:
                return answer

    def expect(self, request: messages.Request, expected: type[R], *, seconds: float) -> R | None:
        """Send a request and return its answer if it comes within ``seconds``.

        That time is not part of the time for the other questions.

        :raises SignalpostError: what the broker refused it with
        """
        began = time.monotonic()
        correlation = self.say(request)
        answer: R | None = None
        while (left := began + seconds - time.monotonic()) > 0 and answer is None:
            if self._socket.poll(int(left * 1000) + 1):
                answer = self._hear(correlation, expected)
        if answer is None:
            self.say(messages.CancelCall(correlation=correlation))
        self._until += time.monotonic() - began
        return answer

    def wait(
        self, request: messages.Request, expected: type[R], *, seconds: float, witness: int
    ) -> R | None:
        """Send a request that is answered within ``seconds``, and wait for it.

        :param witness: a descriptor; once its other end is closed nobody wants the answer
        :returns: the answer; None: nobody wants it any more
        :raises SignalpostError: see :func:`ask`
        """
        self._seconds = seconds + _LATE_SECONDS
        self._until = time.monotonic() + self._seconds
        correlation = self.say(request)
        silent = 0
        poller = zmq.Poller()
        poller.register(self._socket, zmq.POLLIN)
        poller.register(witness, zmq.POLLERR)
        while True:
            events = dict(poller.poll(min(self._left(), int(self._heartbeat * 1000))))
            if witness in events:  # should it be answered already, that was for nobody
                self.say(messages.CancelCall(correlation=correlation))
                return None
            if self._socket in events:
                silent = 0
                answer = self._hear(correlation, expected)
                if answer is not None:
                    return answer
                continue
            silent += 1
            if silent > 3 or not self._left():
                raise BrokerUnavailable("the broker is silent. Run: signalpost doctor")
            self.say(messages.Heartbeat())

    def _left(self) -> int:
        """Return the milliseconds that are left."""
        return max(0, int((self._until - time.monotonic()) * 1000))

    def _hear(self, correlation: bytes, expected: type[R]) -> R | None:
        """Return what has come, if it is the answer to ``correlation``."""
        parts = self._socket.recv_multipart()
        frames.check(parts)
        header, payload = parts
        if frames.authority_of(header) != self._epoch:
            raise ProtocolMismatch("another broker answers than the one that is published.")
        answer = self._decoder.decode(payload)
        if frames.correlation_of(header) != correlation:
            return None
        if isinstance(answer, messages.Failed):
            raise from_code(answer.code, answer.detail)
        if not isinstance(answer, expected):
            raise ProtocolMismatch(
                f"expected {expected.__name__}, got {type(answer).__name__}."
                " Run `signalpost stop`, then try again."
            )
        return answer
