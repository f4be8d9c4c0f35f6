from __future__ import annotations

import pytest

from signalpost.client_edits import Block
from signalpost.markers import MARKDOWN

NOTES = {
    "missing": "",
    "by hand": "# Rules\n\nBe brief.\n",
    "windows": "# Rules\r\n\r\nBe brief.\r\n",
    "an empty line at the end": "# Rules\n\n",
    "no last line break": "# Rules",
}


@pytest.mark.parametrize("text", NOTES.values(), ids=NOTES)
def test_a_block_is_put_once_replaced_and_taken_back_to_the_last_byte(text: str) -> None:
    once = Block("old", MARKDOWN).put(text)
    new = Block("new", MARKDOWN).put(once)
    assert "old" not in new
    assert Block("new", MARKDOWN).put(new) == new
    assert Block("new", MARKDOWN).remove(new, text) == text


def test_what_a_person_writes_around_a_block_stays() -> None:
    text = Block("ours", MARKDOWN).put("before\n") + "after\n"
    assert Block("x", MARKDOWN).remove(text, None) == "before\nafter\n"
