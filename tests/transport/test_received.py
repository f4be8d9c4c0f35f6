from __future__ import annotations

import dataclasses

import pytest

from signalpost.transport.errors import ProtocolMismatch
from signalpost.transport.mail_client import MailClient
from signalpost.transport.received import Received
from tests.transport.postman import letter

NOBODY = MailClient.__new__(MailClient)


def test_a_message_says_what_its_delivery_says() -> None:
    delivery = letter(3, in_reply_to="m2", attempt=2, redelivered=True, kind="status")
    received = Received.of(delivery, NOBODY)
    shared = set(delivery.__struct_fields__) - {"metadata", "lease"}
    assert {n: getattr(received, n) for n in shared} == {n: getattr(delivery, n) for n in shared}


def test_metadata_are_read_when_they_are_asked_for() -> None:
    received = Received.of(letter(metadata=b'{"a": [1, "\xc3\xa9"]}'), NOBODY)
    assert received.metadata == {"a": [1, "é"]}
    assert Received.of(letter(), NOBODY).metadata == {}


@pytest.mark.parametrize("harm", [b"[1]", b"{", b'{"a": "\xff"}', b'{"a":' + b"[" * 9000])
def test_metadata_that_are_no_object_harm_nothing_but_who_reads_them(harm: bytes) -> None:
    received = Received.of(letter(metadata=harm), NOBODY)
    assert received.content == "build it"
    with pytest.raises(ProtocolMismatch, match="metadata of message m1"):
        _ = received.metadata


def test_a_message_cannot_be_changed_and_shows_no_innards() -> None:
    received = Received.of(letter(), NOBODY)
    with pytest.raises(dataclasses.FrozenInstanceError):
        received.content = "other"  # type: ignore[misc]
    assert "build it" in repr(received)
    assert "_by" not in repr(received)
    assert received == Received.of(letter(), NOBODY)
