from __future__ import annotations

import tomllib
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalpost import toml_text
from signalpost.transport.errors import BadRequest

PATH = ("mcp_servers", "signalpost")
OURS: dict[str, Any] = {"command": "/bin/signalpost", "args": ["mcp"], "tool_timeout_sec": 3600}
BY_HAND = """\
# mine
model = "gpt-5" # good
when = 1979-05-27 07:32:00 # a space in a value
notes = \"\"\"
[mcp_servers.signalpost]
command = "this is text"\"\"\"\"
list = [ # why
  "a]", 'b#',
  {x = "}"},
]

[[jobs]]
name = 'x'

  [mcp_servers . "other.one"] # kept
  command = "y"
"""
DOCUMENTS = {
    "missing": "",
    "by hand": BY_HAND,
    "windows": BY_HAND.replace("\n", "\r\n"),
    "bom": "\ufeff" + BY_HAND,
    "no last line break": 'model = "x"',
    "windows without it": "[a]\r\nb = 1\r\n\r\n# the end",
    "a comment alone": "# nothing yet",
    "empty lines at the end": "a = 1\n\n\n",
    "one empty line": "\n",
    "space at the end": "a = 1\n  ",
}


@pytest.mark.parametrize("text", DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_table_is_added_once_and_taken_back_to_the_last_byte(text: str) -> None:
    edited = toml_text.merge(text, PATH, OURS)
    assert toml_text.get(edited, PATH) == OURS
    assert edited.startswith(text)
    assert ("\r\n" in edited) == ("\r\n" in text)
    assert toml_text.merge(edited, PATH, OURS) == edited
    assert toml_text.remove(edited, PATH) == text


EDITED = """\
[mcp_servers.signalpost] # mine
  command = "old" # why
env_vars = [
  "A", # first
]
enabled = false

  # the next one
[mcp_servers.signalpost.env]
X = "1"
[other]
x = 1
"""


def test_of_a_table_edited_by_hand_only_what_differs_is_replaced() -> None:
    edited = toml_text.merge(EDITED, PATH, OURS)
    assert edited == EDITED.replace('"old"', '"/bin/signalpost"').replace(
        "enabled = false\n", 'enabled = false\nargs = ["mcp"]\ntool_timeout_sec = 3600\n'
    )
    assert toml_text.merge(edited, PATH, OURS) == edited


def test_a_table_goes_with_the_tables_in_it() -> None:
    assert toml_text.remove(EDITED, PATH) == "\n  # the next one\n[other]\nx = 1\n"


def test_a_key_goes_with_its_line() -> None:
    left = toml_text.remove(EDITED, (*PATH, "env_vars"))
    assert left == EDITED.replace('env_vars = [\n  "A", # first\n]\n', "")
    assert toml_text.remove(EDITED, (*PATH, "nothing")) == EDITED


@pytest.mark.parametrize(
    "text",
    [
        'mcp_servers = {signalpost = {command = "x"}}\n',
        'mcp_servers.signalpost.command = "x"\n',
        '[mcp_servers]\nsignalpost = {command = "x"}\n',
        "mcp_servers = {}\n",
        "mcp_servers = 1\n",
        "[[mcp_servers.signalpost]]\n",
    ],
)
def test_a_table_in_another_form_is_refused_with_the_remedy(text: str) -> None:
    with pytest.raises(BadRequest, match=r"\[mcp_servers\.signalpost\], or remove it"):
        toml_text.merge(text, PATH, OURS)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('mcp_servers.signalpost.command = "x"\na = 1\n', "a = 1\n"),
        ('[mcp_servers]\nsignalpost = {command = "x"}\no = {}\n', "[mcp_servers]\no = {}\n"),
        ("[mcp_servers.signalpost]\na=1\n[x]\n[mcp_servers.signalpost.env]\nb=2\n", "[x]\n"),
    ],
)
def test_it_is_removed_in_whatever_form_it_has_lines_of_its_own(text: str, left: str) -> None:
    assert toml_text.remove(text, PATH) == left


def test_what_is_no_toml_is_refused_with_its_place() -> None:
    with pytest.raises(BadRequest, match="at line 2, column 5"):
        toml_text.merge("a = 1\nb = \n", PATH, OURS)


KEYS = st.sampled_from(["a", "b-1", '"q.x"', "'l'", "mcp_servers", "x.y"])
STRINGS = st.sampled_from(
    ['"[a]"', "'#'", '"\\""', '"""x\n[b]\n"""', "'''\n'a'''", '""""q"""', "''"]
)
PLAIN = st.one_of(STRINGS, st.sampled_from(["1", "true", "1.5e3", "1979-05-27 07:32:00", "inf"]))
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda each: "[\n # x]\n" + ",\n".join(each) + "]"),
        st.lists(inner, max_size=1).map(
            lambda each: "{" + ",".join(f"k = {one}" for one in each) + "}"
        ),
    ),
    max_leaves=6,
)
KEY_LINES = st.tuples(
    KEYS, st.sampled_from(["=", " = ", "\t="]), VALUES, st.sampled_from(["", " # c"])
)
LINES = st.one_of(
    KEY_LINES.map("".join),
    st.sampled_from(["", "# [c]", "[t]", "[[u]]", "[ t . 'v' ]", "[mcp_servers.o]", "  ", "[w]"]),
)
DOCUMENT = st.tuples(
    st.lists(LINES, max_size=8).map("\n".join), st.sampled_from(["", "\n", "\n\n", "\n# c"])
).map("".join)


@given(DOCUMENT, st.booleans())
def test_any_document_takes_a_table_and_gives_it_up(text: str, windows: bool) -> None:
    text = text.replace("\n", "\r\n") if windows else text
    try:
        plain = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        with pytest.raises(BadRequest):
            toml_text.merge(text, PATH, OURS)
        return
    with suppress(BadRequest):
        edited = toml_text.merge(text, PATH, OURS)
        wanted = {**plain, "mcp_servers": {**plain.get("mcp_servers", {}), "signalpost": OURS}}
        assert tomllib.loads(edited) == wanted
        assert toml_text.remove(edited, PATH) == text
        changed = toml_text.merge(edited, PATH, {**OURS, "command": "/other", "new": True})
        assert tomllib.loads(changed)["mcp_servers"]["signalpost"]["command"] == "/other"
        assert toml_text.remove(changed, PATH) == text
