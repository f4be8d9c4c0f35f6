"""A client that is always far ahead of the broker's answers, for ever. Run as a script."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import anyio

from signalpost.transport import endpoint, frames, mail, messages
from signalpost.transport.sockets import Dealer

AHEAD = 400
"""So many requests are unanswered: more than are read in a turn, or than a peer's queue holds."""
REQUESTS: dict[str, messages.Request] = {
    "stored": mail.Send(to=["victim"], content="x" * 100_000, park_seconds=0),
    "refused": mail.Send(to=["nobody"], content="x" * 100_000),
    "full": mail.Send(to=["victim"], content="x", park_seconds=0),
    "asking": mail.ListAgents(),
}


async def main(folder: str, what: str) -> None:
    published = endpoint.find(Path(folder))
    assert published is not None
    payload = frames.encode_request(REQUESTS[what])
    numbers = itertools.count(1)
    session = frames.NO_SESSION

    with Dealer(published.endpoint) as dealer:

        def ask(session: bytes) -> None:
            dealer.send(frames.header(session, next(numbers).to_bytes(16, "big")), payload)

        def hear(parts: list[bytes]) -> None:
            nonlocal session
            if session == frames.NO_SESSION:
                welcome = frames.answer_decoder().decode(parts[1])
                assert isinstance(welcome, messages.Welcome)
                session = welcome.session
                for _ in range(AHEAD):
                    ask(session)
                sys.stdout.write("flooding\n")
                sys.stdout.flush()
            ask(session)

        hello = messages.Hello(software="test", kind="client", agent="flooder")
        dealer.send(frames.header(session, bytes(16)), frames.encode_request(hello))
        await dealer.serve(hear)


if __name__ == "__main__":
    anyio.run(main, sys.argv[1], sys.argv[2])
