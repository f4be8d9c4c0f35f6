"""Case 47: when something of ours fails, neither the log nor the answer tells what was secret."""

from __future__ import annotations

import pytest

from signalpost.transport import frames, mail, messages
from tests.actors.correspondent import correspondent
from tests.actors.counter import Counter, counter, run

CANARY = "canary-5e1f"
SECRET = run(environment={b"SECRET": CANARY.encode()}, env_vars={"ALSO": CANARY}, wait_seconds=0)


class Planted(Exception):
    """A fault of ours."""


def fail(*_: object, **__: object) -> None:
    raise Planted


def plant(place: Counter, where: str, patch: pytest.MonkeyPatch) -> None:
    """Have a part of the broker fail from now on."""
    match where:
        case "runner":
            place.runner.fault = Planted()
        case "queue":
            patch.setattr("signalpost.actors.desk.check", fail)
        case "sending":
            patch.setattr("signalpost.actors.sending.Sending.send", fail)
        case _:
            patch.setattr("signalpost.actors.receiving.Receiving.receive", fail)


@pytest.mark.parametrize("where", ["runner", "queue", "sending", "receiving"])
async def test_no_traceback_and_no_answer_shows_an_environment_or_what_a_message_says(
    where: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with counter() as place:
        alice = await correspondent(place, "alice")
        await alice.register("alice", description=CANARY)
        await alice.send("alice", content=CANARY, metadata=f'{{"a":"{CANARY}"}}'.encode())
        plant(place, where, monkeypatch)
        requests: list[messages.Request] = [
            SECRET,
            mail.Send(to=["alice"], content=CANARY, metadata=b'{"a":"canary-5e1f"}'),
            mail.Receive(wait_seconds=0),
        ]
        answers = [await alice.ask(request) for request in requests]
        failed = [answer for answer in answers if isinstance(answer, messages.Failed)]
        told = [answer for answer in answers if isinstance(answer, messages.TaskReport)]
        assert CANARY not in f"{failed} {told}"
        await alice.speaker.settle()
        assert "Planted" in caplog.text
        assert CANARY not in caplog.text


async def test_what_is_told_of_a_malformed_message_is_not_what_it_says(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with counter() as place:
        guest = await place.speaker(agent="alice")
        sound = frames.encode(mail.Send(to=["alice"], content=CANARY))
        for payload in (sound + b"\0", sound[:-1], sound.replace(b"\x91\xa5alice", b"\x91\x05")):
            correlation = bytes(15) + bytes([len(payload) % 256])
            guest.dealer.send(frames.header(guest.token, correlation), payload)
            failed = await guest.answer(correlation)
            assert isinstance(failed, messages.Failed)
            assert CANARY not in failed.detail
        assert caplog.text.count("malformed message") == 3
        assert CANARY not in caplog.text
