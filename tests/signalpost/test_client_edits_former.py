"""What earlier versions have written goes, and what is a person's own stays."""

from __future__ import annotations

import pytest

from signalpost.client_edits import FormerFile, FormerItem
from signalpost.opencode_text import FIRST_LINE, plugin_text

OURS = "file:///home/alice/.config/opencode/signalpost.js"
ITEM = FormerItem(("plugin",), OURS)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f'{{\n  "plugin": ["{OURS}"],\n  "theme": "x"\n}}\n', '{\n  "theme": "x"\n}\n'),
        (
            f'{{\n  "plugin": ["mine", "{OURS}"] // two\n}}\n',
            '{\n  "plugin": ["mine"] // two\n}\n',
        ),
    ],
)
def test_an_item_of_a_list_goes_and_nothing_else(text: str, left: str) -> None:
    assert ITEM.put(text) == left
    assert ITEM.put(left) == left
    assert ITEM.remove(text, None) == left


@pytest.mark.parametrize(
    "text",
    ["", "\n", "{}", '{"plugin": ["file:///home/alice/own/signalpost.js"]}', '{"plugin": 1}'],
)
def test_what_is_not_ours_stays(text: str) -> None:
    assert ITEM.put(text) == text
    assert ITEM.remove(text, None) == text


def test_a_file_goes_by_its_first_line() -> None:
    former = FormerFile(FIRST_LINE)
    ours = plugin_text(["signalpost"], "", "")
    assert former.put(ours) == former.remove(ours, None) == ""
    mine = f"// mine\n{ours}"
    assert former.put(mine) == former.remove(mine, None) == mine
