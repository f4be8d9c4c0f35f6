from __future__ import annotations

import json
from contextlib import suppress
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalpost import jsonc
from signalpost.jsonc_tree import Plain, read
from signalpost.transport.errors import BadRequest

OURS = {"command": "signalpost", "args": ["mcp"]}
PATH = ("mcpServers", "signalpost")
DOCUMENTS = {
    "members on lines": '{\n  "theme": "dark",\n  "mcpServers": {\n    "other": {"command": "x"}\n  }\n}\n',
    "no such member": '{\n    "theme": "dark"\n}\n',
    "tabs": '{\n\t"theme": "dark"\n}',
    "one line": '{"theme": "dark", "list": [1, 2]}\n',
    "windows": '{\r\n  "theme": "dark"\r\n}\r\n',
    "bom": '\ufeff{\n  "theme": "dark"\n}\n',
    "comments": '// mine\n{\n  // why\n  "theme": "dark" // because\n  /* end */\n}\n// bye\n',
    "trailing commas": '{\n  "theme": "dark",\n  "list": [1, 2,],\n}\n',
    "a comment behind the last comma": '{\n  "theme": "dark", // because\n}\n',
    "empty": "{}\n",
    "a comment alone": "{\n  // nothing yet\n}\n",
}


@pytest.mark.parametrize("text", DOCUMENTS.values(), ids=DOCUMENTS)
def test_what_is_put_is_there_and_the_rest_as_it_was(text: str) -> None:
    edited = jsonc.put(text, PATH, OURS)
    assert jsonc.get(edited, PATH) == OURS
    before, after = read(text), read(edited)
    assert before is not None
    assert after is not None
    wanted = before.plain()
    wanted.setdefault("mcpServers", {})["signalpost"] = OURS
    assert after.plain() == wanted
    assert [line for line in text.splitlines() if "//" in line and line not in edited] in (
        [],
        ['  "theme": "dark" // because'],
    )
    assert ("\r\n" in text) == ("\r\n" in edited)


@pytest.mark.parametrize("text", DOCUMENTS.values(), ids=DOCUMENTS)
def test_what_was_put_is_removed_to_the_last_byte(text: str) -> None:
    assert jsonc.remove(jsonc.put(text, PATH, OURS), PATH) == text


@pytest.mark.parametrize("text", DOCUMENTS.values(), ids=DOCUMENTS)
def test_what_is_there_already_is_not_touched(text: str) -> None:
    edited = jsonc.put(text, PATH, OURS)
    assert jsonc.put(edited, PATH, OURS) == edited


@pytest.mark.parametrize("text", DOCUMENTS.values(), ids=DOCUMENTS)
def test_an_item_is_appended_and_removed_to_the_last_byte(text: str) -> None:
    path = ("hooks", "Stop")
    once = jsonc.append(text, path, {"ours": 1})
    twice = jsonc.append(once, path, {"theirs": 2})
    assert jsonc.get(twice, path) == [{"ours": 1}, {"theirs": 2}]
    assert jsonc.remove_items(twice, path, lambda item: "theirs" in item) == once
    assert jsonc.remove_items(once, path, lambda item: "ours" in item) == text
    assert jsonc.get(jsonc.remove_items(twice, path, lambda item: "ours" in item), path) == [
        {"theirs": 2}
    ]


def test_it_is_written_as_the_rest_is() -> None:
    text = '{\n    "theme": "dark" // mine\n}\n'
    assert jsonc.put(text, PATH, {"command": "signalpost"}) == (
        '{\n    "theme": "dark", // mine\n    "mcpServers": {\n        "signalpost": {\n'
        '            "command": "signalpost"\n        }\n    }\n}\n'
    )


def test_a_blank_text_becomes_a_document() -> None:
    assert json.loads(jsonc.put("", PATH, OURS)) == {"mcpServers": {"signalpost": OURS}}


def test_a_value_that_differs_is_replaced_alone() -> None:
    text = '{\n  "mcpServers": {\n    "signalpost": {"command": "old"} // ours\n  }\n}\n'
    edited = jsonc.put(text, PATH, OURS)
    assert jsonc.get(edited, PATH) == OURS
    assert edited.endswith("} // ours\n  }\n}\n")


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('{"a": }', "line 1, column 7"),
        ('{\n  "a": 1\n  "b": 2\n}', "line 3, column 3"),
        ("{", "line 1, column 2"),
        ('{"a": 1} x', "line 1, column 10"),
        ("{a: 1}", "line 1, column 2"),
        ('{"a": "b\n"}', "line 1, column 7"),
        ('{"a": tru}', "line 1, column 7"),
        ('{"a": NaN}', "line 1, column 7"),
        ('{"a" 1}', "line 1, column 6"),
        ("[" * 300, "line 1, column 202"),
    ],
)
def test_what_is_no_json_is_refused_with_its_place(text: str, where: str) -> None:
    with pytest.raises(BadRequest, match=where):
        jsonc.put(text, PATH, OURS)


@pytest.mark.parametrize("text", ["[]", '"x"', '{"mcpServers": []}', '{"mcpServers": null}'])
def test_what_has_no_place_for_it_is_refused(text: str) -> None:
    with pytest.raises(BadRequest, match="no object"):
        jsonc.put(text, PATH, OURS)


NAMES = st.sampled_from(["a", "b", "hooks", "mcpServers", 'q"', "\u00e9"])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(max_size=5),
    st.floats(allow_nan=False, allow_infinity=False),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from(["a", "b", "c"]), VALUES, max_size=3)
SPACE = st.sampled_from(["", " ", "\n", "\n  ", " // no\n", "/* c */", "\t"])


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, Plain]:
    """A document and its value."""
    value = draw(OBJECTS)
    return draw(SPACE) + _spread(draw, value) + draw(SPACE), value


def _spread(draw: st.DrawFn, value: object) -> str:
    if isinstance(value, dict):
        members = cast("dict[str, object]", value)
        parts = [
            f"{json.dumps(k)}{draw(SPACE)}:{draw(SPACE)}{_spread(draw, v)}"
            for k, v in members.items()
        ]
        return "{" + _joined(draw, parts) + "}"
    if isinstance(value, list):
        return (
            "[" + _joined(draw, [_spread(draw, item) for item in cast("list[object]", value)]) + "]"
        )
    return json.dumps(value, ensure_ascii=draw(st.booleans()))


def _joined(draw: st.DrawFn, parts: list[str]) -> str:
    text = draw(SPACE)
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        text += part + draw(SPACE) + ("" if last and draw(st.booleans()) else ",") + draw(SPACE)
    return text


@given(documents(), VALUES)
def test_any_document_takes_a_value_and_gives_it_up(
    document: tuple[str, Plain], value: Plain
) -> None:
    text, plain = document
    edited = jsonc.put(text, ("new", "ours"), value)
    node = read(edited)
    assert node is not None
    assert node.plain() == {**plain, "new": {"ours": value}}
    removed = read(jsonc.remove(edited, ("new", "ours")))
    assert removed is not None
    assert removed.plain() == plain


@given(documents(), VALUES)
def test_any_document_takes_an_item_and_gives_it_up(
    document: tuple[str, Plain], value: Plain
) -> None:
    text, plain = document
    edited = jsonc.append(jsonc.append(text, ("new",), "first"), ("new",), {"ours": value})
    node = read(edited)
    assert node is not None
    assert node.plain() == {**plain, "new": ["first", {"ours": value}]}
    left = jsonc.remove_items(edited, ("new",), lambda item: isinstance(item, dict))
    assert jsonc.get(left, ("new",)) == ["first"]


@given(st.text('{}[]":,/* \n\\ab1', max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(BadRequest):
        assert jsonc.get(jsonc.put(text, PATH, OURS), PATH) == OURS
