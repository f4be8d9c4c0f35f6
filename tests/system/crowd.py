"""Very many connections from one process, each an agent of its own: bare sockets, no event loop."""

from __future__ import annotations

import itertools
import secrets
from types import TracebackType
from typing import Self

import zmq

from signalpost.transport import frames, letters, mail, messages
from tests.system.place import SECONDS


class Crowd:
    """Every one of them says hello and then waits for mail."""

    def __init__(self, endpoint: str, count: int) -> None:
        self._context = zmq.Context()
        self._context.set(zmq.MAX_SOCKETS, count + 10)
        self._endpoint = endpoint
        self._decoder = frames.answer_decoder()
        self._numbers = itertools.count(1)
        self._nonce = secrets.token_bytes(8)
        self._members = {f"a{number}": self._connection() for number in range(count)}
        self._sessions: dict[str, bytes] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self._context.destroy(linger=0)

    @property
    def names(self) -> list[str]:
        return list(self._members)

    def wait_for_mail(self) -> None:
        """Return when the broker has served every one's request to receive."""
        for name, member in self._members.items():
            hello = messages.Hello(software="test", kind="client", agent=name)
            self._say(member, frames.NO_SESSION, hello)
        for name, member in self._members.items():
            welcome = self._hear(member)
            assert isinstance(welcome, messages.Welcome), welcome
            self._sessions[name] = welcome.session
            self._say(member, welcome.session, mail.Receive(wait_seconds=None))
            self._say(member, welcome.session, messages.Heartbeat())
        for member in self._members.values():
            assert isinstance(self._hear(member), messages.Accepted)

    def got(self) -> dict[str, list[letters.Delivery]]:
        """Return the messages that have come, by agent; each gets some."""
        return {name: self._delivered(member) for name, member in self._members.items()}

    def acknowledge(self, got: dict[str, list[letters.Delivery]]) -> None:
        """Have every one acknowledge what has come, all at once."""
        for name, some in got.items():
            held = [letters.Held(message.id, message.lease) for message in some]
            self._say(self._members[name], self._sessions[name], mail.Settle(messages=held))
        for name, some in got.items():
            settled = self._hear(self._members[name])
            assert isinstance(settled, mail.SettledAll), settled
            assert [one.code for one in settled.messages] == [""] * len(some)

    # ------------------------------------------------------------ inside

    def _connection(self) -> zmq.Socket[bytes]:
        socket: zmq.Socket[bytes] = self._context.socket(zmq.DEALER)
        socket.rcvtimeo = int(SECONDS * 1000)
        socket.connect(self._endpoint)
        return socket

    def _say(self, member: zmq.Socket[bytes], token: bytes, request: messages.Request) -> None:
        correlation = self._nonce + next(self._numbers).to_bytes(8, "big")
        member.send_multipart([frames.header(token, correlation), frames.encode_request(request)])

    def _hear(self, member: zmq.Socket[bytes]) -> messages.Reply | messages.Push:
        return self._decoder.decode(member.recv_multipart()[1])

    def _delivered(self, member: zmq.Socket[bytes]) -> list[letters.Delivery]:
        answer = self._hear(member)
        assert isinstance(answer, mail.Deliveries), answer
        return answer.messages
