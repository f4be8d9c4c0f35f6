"""Hypothesis opens, loses, resumes and ends sessions on few connections."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from signalpost.transport.messages import Hello
from signalpost.transport.session import LOST_SECONDS, SILENCE_SECONDS, Sessions

HELLO = Hello(software="1", kind="bridge")
PLACES = st.sampled_from([b"i", b"j", b"k"])
PICK = st.integers(0, 20)


@dataclass
class Peer:
    place: bytes
    heard: int
    lost: int | None = None

    def gone_at(self) -> float:
        return self.heard + SILENCE_SECONDS if self.lost is None else self.lost + LOST_SECONDS


class SessionMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.sessions = Sessions()
        self.tokens: list[bytes] = []
        self.peers: dict[bytes, Peer] = {}
        self.speaker: dict[bytes, bytes] = {}  # whose a connection is: the last to say hello on it

    def token(self, pick: int) -> bytes:
        return self.tokens[pick % len(self.tokens)] if self.tokens else b"none"

    def forget(self, token: bytes) -> None:
        peer = self.peers.pop(token)
        if self.speaker.get(peer.place) == token:
            del self.speaker[peer.place]

    @rule(place=PLACES)
    def hello(self, place: bytes) -> None:
        token = b"%012d" % len(self.tokens)
        self.tokens.append(token)
        self.sessions.open(token, place, 1, HELLO, self.now)
        self.peers[token] = Peer(place, self.now)
        self.speaker[place] = token

    @rule(pick=PICK, place=PLACES)
    def hello_again(self, pick: int, place: bytes) -> None:
        token = self.token(pick)
        session = self.sessions.resume(token, place, HELLO, self.now)
        assert (session is None) == (token not in self.peers)
        if session is not None:
            self.forget(token)
            self.peers[token] = Peer(place, self.now)
            self.speaker[place] = token

    @rule(pick=PICK, place=PLACES)
    def speak(self, pick: int, place: bytes) -> None:
        token = self.token(pick)
        session = self.sessions.hear(place, token, self.now)
        assert (session is not None) == (self.speaker.get(place) == token)
        if session is not None:
            self.peers[token].heard = self.now

    @rule(pick=PICK)
    def die(self, pick: int) -> None:
        token = self.token(pick)
        self.sessions.lose(token, self.now)
        if token in self.peers and self.peers[token].lost is None:
            self.peers[token].lost = self.now

    @rule(pick=PICK)
    def bye(self, pick: int) -> None:
        token = self.token(pick)
        assert (self.sessions.close(token) is None) == (token not in self.peers)
        if token in self.peers:
            self.forget(token)

    @rule(seconds=st.sampled_from([1, 2, 4, 10, 29]))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds

    @rule()
    def wake(self) -> None:
        gone = {token for token, peer in self.peers.items() if peer.gone_at() <= self.now}
        assert {s.token for s in self.sessions.expire(self.now)} == gone
        for token in gone:
            self.forget(token)

    @rule(gap=st.integers(1, 100))
    def the_broker_was_stopped(self, gap: int) -> None:
        self.now += gap
        self.sessions.extend(gap)
        for peer in self.peers.values():
            peer.heard += gap
            peer.lost = None if peer.lost is None else peer.lost + gap

    @invariant()
    def the_deadline_is_that_of_the_first_to_go(self) -> None:
        first = min((peer.gone_at() for peer in self.peers.values()), default=None)
        assert self.sessions.next_deadline() == first
        assert len(self.sessions) == len(self.peers)


TestSessions = SessionMachine.TestCase
TestSessions.settings = settings(stateful_step_count=30)
