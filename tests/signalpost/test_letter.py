from __future__ import annotations

import pytest

from signalpost.letter import Letter, metadata, recipients, unicode
from signalpost.transport.errors import BadRequest


def test_commas_separate_recipients() -> None:
    assert recipients("alice") == ("alice",)
    assert recipients("alice, folder/claude~2,role:consumer") == (
        "alice",
        "folder/claude~2",
        "role:consumer",
    )


@pytest.mark.parametrize("text", ["", " ", "alice,", ",alice", "a,,b"])
def test_an_empty_recipient_is_refused(text: str) -> None:
    with pytest.raises(BadRequest, match="names no recipient"):
        recipients(text)


def test_pairs_are_laid_over_the_object() -> None:
    given = metadata('{"branch": "main", "retries": 2}', ["branch=next", "url=a=b"])
    assert given == {"branch": "next", "retries": 2, "url": "a=b"}
    assert metadata("", []) == {}


@pytest.mark.parametrize("text", ["{", "[]", '"a"', "null", '{"a": NaN}', "[" * 100_000])
def test_what_is_no_json_object_is_refused(text: str) -> None:
    with pytest.raises(BadRequest, match="the metadata is no JSON"):
        metadata(text, [])


@pytest.mark.parametrize("pair", ["branch", "=main", ""])
def test_what_is_no_pair_is_refused(pair: str) -> None:
    with pytest.raises(BadRequest, match="is no metadata"):
        metadata("", [pair])


def test_bytes_that_are_no_utf_8_are_refused() -> None:
    assert unicode("caf\N{LATIN SMALL LETTER E WITH ACUTE}")
    with pytest.raises(BadRequest, match="not UTF-8"):
        unicode("caf\udce9")
    with pytest.raises(BadRequest, match="not UTF-8"):
        metadata("", ["a=\udce9"])


@pytest.mark.parametrize(("wait", "park"), [(None, 20), (3, 3), (60, 20)])
def test_it_waits_for_room_no_longer_than_its_sender_does(wait: float | None, park: float) -> None:
    letter = Letter(to=("alice",), content="x", wait_seconds=wait)
    assert letter.park_seconds == park
