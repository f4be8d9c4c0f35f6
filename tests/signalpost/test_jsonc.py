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
    "empty lines": "{\n\n}\n",
    "an empty place": '{\n  "mcpServers": {},\n  "hooks": {"Stop": []}\n}\n',
    "an empty place with a comment": '{"mcpServers": { /* mine */ }, "hooks": {\n}}',
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
    assert jsonc.remove(jsonc.put(text, PATH, OURS), PATH, text) == text


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
    assert jsonc.remove_items(twice, path, lambda item: "theirs" in item, text) == once
    assert jsonc.remove_items(once, path, lambda item: "ours" in item, text) == text
    assert jsonc.get(jsonc.remove_items(twice, path, lambda item: "ours" in item), path) == [
        {"theirs": 2}
    ]


def test_it_is_written_as_the_rest_is() -> None:
    text = '{\n    "theme": "dark" // mine\n}\n'
    assert jsonc.put(text, PATH, {"command": "signalpost"}) == (
        '{\n    "theme": "dark", // mine\n    "mcpServers": {\n        "signalpost": {\n'
        '            "command": "signalpost"\n        }\n    }\n}\n'
    )


@pytest.mark.parametrize("text", ["", "\n", "\ufeff", "// nothing", "/* no */\r\n", " \n"])
def test_a_blank_text_becomes_a_document_and_is_blank_again(text: str) -> None:
    edited = jsonc.put(text, PATH, OURS)
    assert jsonc.get(edited, PATH) == OURS
    assert jsonc.remove(edited, PATH, text) == text


def test_of_an_object_that_is_there_only_what_differs_is_replaced() -> None:
    text = '{"mcpServers": {"signalpost": {"command": "old", "args": ["mcp"], /* why */ "x": 1}}}'
    assert jsonc.merge(text, PATH, OURS) == text.replace("old", "signalpost")
    assert jsonc.get(jsonc.merge("{}", PATH, OURS), PATH) == OURS


def test_lists_of_words_stand_on_one_line() -> None:
    assert jsonc.put("{}\n", PATH, OURS) == (
        '{\n  "mcpServers": {\n    "signalpost": {\n      "command": "signalpost",\n'
        '      "args": ["mcp"]\n    }\n  }\n}\n'
    )


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('{ // mine\n "a": 1, "b": 2}', '{ // mine\n"b": 2}'),
        ('{"b": 1, // mine\n "a": 2}', '{"b": 1 // mine\n}'),
        ('{ // mine\n "a": 1 }', "{ // mine\n }"),
        ('{"b": 1,\n "a": 2 // of a\n}', '{"b": 1 // of a\n}'),
        ('{"a": 1, "b": 0, "a": 2}', '{"b": 0}'),
    ],
)
def test_no_comment_swallows_what_is_left(text: str, left: str) -> None:
    assert "".join(jsonc.remove(text, ("a",)).split()) == "".join(left.split())
    assert read(jsonc.remove(text, ("a",))) is not None


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
SPACE = st.sampled_from(["", " ", "\n", "\n  ", "\r\n", " // no\n", "/* c\n */", "\t"])


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
    assert jsonc.remove(edited, ("new", "ours"), text) == text
    removed = read(jsonc.remove(edited, ("new", "ours")))
    assert removed is not None
    assert removed.plain() == plain


@given(documents(), st.data())
def test_a_value_put_anywhere_is_taken_back_to_the_last_byte(
    document: tuple[str, Plain], data: st.DataObject
) -> None:
    text, plain = document
    objects = [path for path, value in _within(plain) if isinstance(value, dict)]
    path = (*data.draw(st.sampled_from(objects)), "ours")
    edited = jsonc.put(text, path, {"x": [1, 2]})
    assert jsonc.get(edited, path) == {"x": [1, 2]}
    assert jsonc.remove(edited, path, text) == text


@given(documents(), st.data())
def test_an_item_appended_anywhere_is_taken_back_to_the_last_byte(
    document: tuple[str, Plain], data: st.DataObject
) -> None:
    text, plain = document
    lists = [path for path, value in _within(plain) if isinstance(value, list)]
    path = data.draw(st.sampled_from(lists)) if lists else ("new",)
    edited = jsonc.append(text, path, "ours, no other's")
    assert jsonc.get(edited, path)[-1] == "ours, no other's"
    assert jsonc.remove_items(edited, path, lambda item: item == "ours, no other's", text) == text


@given(documents(), st.data())
def test_whatever_is_removed_the_others_stay(
    document: tuple[str, Plain], data: st.DataObject
) -> None:
    text, plain = document
    members = [path for path, _ in _within(plain) if path]
    if not members:
        return
    path = data.draw(st.sampled_from(members))
    left = read(jsonc.remove(text, path, text))
    wanted = json.loads(json.dumps(plain))
    _at(wanted, path[:-1]).pop(path[-1])
    assert left is not None
    assert left.plain() == wanted


def _within(value: object, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], object]]:
    members = cast("dict[str, object]", value).items() if isinstance(value, dict) else ()
    return [(path, value), *(each for k, v in members for each in _within(v, (*path, k)))]


def _at(value: Plain, path: tuple[str, ...]) -> Plain:
    for key in path:
        value = value[key]
    return value


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


def test_a_text_is_read_once_however_often_it_is_asked() -> None:
    text = '{"a": [1]}'
    assert read(text) is read(text)
