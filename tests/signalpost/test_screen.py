from __future__ import annotations

import pytest

from signalpost.screen import KEPT, Screen


def showing(*pieces: bytes) -> Screen:
    screen = Screen()
    for number, piece in enumerate(pieces):
        screen.showed(piece, float(number))
    return screen


@pytest.mark.parametrize(
    "shown",
    [
        "Do you want to proceed?\r\n\x1b[34m\u276f 1. Yes\x1b[39m\r\n  2. No".encode(),
        "Allow command?\r\n\x1b[1C\u203a 1. Approve".encode(),
        "\u25cf 1. Allow once".encode(),
        b"Overwrite? [y/N] ",
        b"Sure (Y/n)",
        b"Press Enter to continue",
        b"[sudo] password for alice: ",
    ],
)
def test_a_question_that_only_a_person_may_answer_is_a_dialog(shown: bytes) -> None:
    assert showing(shown).asks


def test_a_question_in_two_pieces_is_one() -> None:
    assert showing(b"Overwrite? [y", b"/N] ").asks


@pytest.mark.parametrize("shown", [b"", b"Do you want me to go on?", b"1. Yes, that is done"])
def test_what_a_model_says_is_none(shown: bytes) -> None:
    assert not showing(shown).asks


def test_a_dialog_is_open_until_a_key_is_struck() -> None:
    screen = showing(b"Overwrite? [y/N] ", b"\x1b[2K waiting")
    assert screen.asks
    screen.struck()
    assert not screen.asks


def test_what_was_asked_long_ago_does_not_count() -> None:
    assert not showing(b"Overwrite? [y/N] ", b"x" * KEPT).asks


def test_it_knows_whether_pastes_are_told_from_typing() -> None:
    assert not showing(b"$ ").takes_pastes
    assert showing(b"\x1b[?20", b"04h").takes_pastes
    assert not showing(b"\x1b[?2004h", b"\x1b[?2004l").takes_pastes
    assert showing(b"\x1b[?2004h", b"more").takes_pastes


def test_dialogs_can_be_said_otherwise() -> None:
    screen = Screen(["(?i)really"])
    screen.showed(b"Overwrite? [y/N] ", 0.0)
    assert not screen.asks
    screen.showed(b"REALLY?", 0.0)
    assert screen.asks
