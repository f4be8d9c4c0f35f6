from __future__ import annotations

import pytest

from signalpost.client_edits import Block
from signalpost.markers import MARKDOWN
from signalpost.transport.errors import BadRequest

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


@pytest.mark.parametrize(
    "text",
    [
        f"# Mine\n{MARKDOWN.begin}\nours\n\nmine as well\n",
        f"# Mine\n{MARKDOWN.end}\nmine as well\n",
        f"{MARKDOWN.end}\nmine\n{MARKDOWN.begin}\n",
        f"{MARKDOWN.begin}\nours\n{MARKDOWN.begin}\nours\n{MARKDOWN.end}\n",
    ],
    ids=["no end", "no beginning", "the wrong way round", "two beginnings"],
)
def test_a_text_with_a_marker_that_stands_alone_is_refused_with_the_remedy(text: str) -> None:
    for act in (Block("ours", MARKDOWN).put, MARKDOWN.remove):
        with pytest.raises(BadRequest, match=r"stands there alone.*Put back the missing one"):
            act(text)


def test_markers_inside_a_line_are_a_persons_words() -> None:
    text = f"Signalpost writes `{MARKDOWN.begin}` and `{MARKDOWN.end}`.\n"
    once = Block("ours", MARKDOWN).put(text)
    assert once.startswith(text)
    assert Block("ours", MARKDOWN).remove(once, None) == text


def test_a_block_that_was_copied_is_kept_up_and_taken_out_in_each_place() -> None:
    twice = _block("old") + "between\n" + _block("old")
    new = Block("new", MARKDOWN).put(twice)
    assert (new.count("new"), new.count("old")) == (2, 0)
    assert Block("new", MARKDOWN).remove(new, None) == "between\n"


def test_a_text_of_mixed_line_breaks_has_it_once() -> None:
    once = Block("ours", MARKDOWN).put("one\rtwo\r")
    assert Block("ours", MARKDOWN).put(once) == once


def _block(text: str) -> str:
    return f"{MARKDOWN.begin}\n{text}\n{MARKDOWN.end}\n"
