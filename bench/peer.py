"""A bare DEALER that speaks the protocol, for measuring without a client's own cost."""

from __future__ import annotations

import os

import zmq

from signalpost.transport import frames, letters, mail, messages

Context = zmq.Context[zmq.Socket[bytes]]


class Peer:
    """One connection, and a session if it says hello."""

    def __init__(self, context: Context, address: str) -> None:
        self.socket: zmq.Socket[bytes] = context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.connect(address)
        self._authority = frames.NO_SESSION
        self._decoder = frames.answer_decoder()

    def hello(self, agent: str = "") -> None:
        """Open a session."""
        self.knock(agent)
        self.enter()

    def knock(self, agent: str = "") -> None:
        """Ask for a session; the answer is for :meth:`enter`."""
        self.send(messages.Hello(software="bench", kind="client", agent=agent))

    def enter(self) -> None:
        """Take the session that was asked for."""
        welcome = self.hear()
        assert isinstance(welcome, messages.Welcome), welcome
        self._authority = welcome.session

    def leave(self) -> None:
        """End the session, and the connection."""
        assert isinstance(self.ask(messages.Bye()), messages.Accepted)
        self.socket.close()

    def send(self, request: messages.Request) -> None:
        """Send a request under a correlation of its own."""
        self.send_raw(frames.encode_request(request))

    def send_raw(self, payload: bytes) -> None:
        """Send a payload that was encoded before."""
        header = frames.header(self._authority, os.urandom(16))
        self.socket.send_multipart((header, payload))

    def hear(self) -> messages.Reply | messages.Push:
        """Return the next answer."""
        return self._decoder.decode(self.socket.recv_multipart()[1])

    def ask(self, request: messages.Request) -> messages.Reply | messages.Push:
        """Send a request and return the next answer."""
        self.send(request)
        return self.hear()

    def park(self) -> None:
        """Wait for mail; return when the broker has taken note of it."""
        self.send(mail.Receive(wait_seconds=None))
        accepted = self.ask(messages.Heartbeat())
        assert isinstance(accepted, messages.Accepted), accepted

    def acknowledge(self, delivered: mail.Deliveries) -> None:
        """Acknowledge what was delivered."""
        held = [letters.Held(message_id=m.id, lease=m.lease) for m in delivered.messages]
        settled = self.ask(mail.Settle(messages=held))
        assert isinstance(settled, mail.SettledAll), settled
        assert not any(one.code for one in settled.messages), settled
