from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from signalpost.transport import bell, housekeeping, letters, mail, messages
from signalpost.transport.messages import Push, Reply, Request

SNAPSHOT = Path(__file__).parent / "messages_snapshot.json"
BY_DIRECTION: dict[str, tuple[type[msgspec.Struct], ...]] = {
    "requests": get_args(Request),
    "replies": get_args(Reply),
    "pushes": get_args(Push),
}
ALL = [kind for kinds in BY_DIRECTION.values() for kind in kinds]
PARTS: list[type[msgspec.Struct]] = [
    bell.OpenTask,
    messages.Leftover,
    messages.QueueState,
    messages.RunningTask,
    letters.Held,
    letters.Settled,
    letters.Delivery,
    letters.SentMessage,
    letters.Refusal,
    letters.Ring,
    letters.AgentState,
    letters.InboxState,
    letters.StoredMessage,
]


def tag(kind: type[msgspec.Struct]) -> str:
    return str(kind.__struct_config__.tag)


def fields(kind: type[msgspec.Struct]) -> list[str]:
    """Name and kind of each field, in order; ``?`` where it has a default."""
    return [
        f"{'' if field.required else '?'}{field.encode_name}: {_shown(field.type)}"
        for field in msgspec.structs.fields(kind)
    ]


def _shown(kind: object) -> str:
    shown = kind.__name__ if isinstance(kind, type) and not get_args(kind) else str(kind)
    return re.sub(r"typing\.|signalpost\.transport\.(messages|letters|bell|mail)\.", "", shown)


def test_the_wire_is_as_it_was() -> None:
    # A change here changes the protocol: MINOR grows, new fields go last and have
    # defaults, tags are never used again. Then write the snapshot anew.
    now = {
        **{d: {tag(k): fields(k) for k in kinds} for d, kinds in BY_DIRECTION.items()},
        "parts": {kind.__name__: fields(kind) for kind in PARTS},
        "minor": messages.MINOR,
    }
    assert now == json.loads(SNAPSHOT.read_text())


def test_every_part_is_in_the_snapshot_and_frozen() -> None:
    parts = {
        kind
        for home in (messages, letters, bell)
        for kind in vars(home).values()
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct)
        if kind.__struct_config__.tag is None and not kind.__name__.startswith("_")
    }
    assert parts == set(PARTS)
    assert all(kind.__struct_config__.frozen and kind.__doc__ for kind in parts)


def test_no_field_is_called_as_the_tag_is() -> None:
    # So what people and models read as "type" is "kind" here.
    assert [k for k in [*ALL, *PARTS] if "type" in k.__struct_fields__] == []


def test_tags_are_unique_and_in_lower_case() -> None:
    tags = [tag(kind) for kind in ALL]
    assert sorted(set(tags)) == sorted(tags)
    assert all(t.replace("_", "").isalpha() and t.islower() for t in tags)


@pytest.mark.parametrize("kind", ALL, ids=tag)
def test_every_message_is_frozen_and_refuses_what_it_does_not_know(
    kind: type[msgspec.Struct],
) -> None:
    assert kind.__struct_config__.frozen
    assert kind.__struct_config__.forbid_unknown_fields
    assert kind.__doc__


def test_every_message_goes_in_one_direction() -> None:
    tagged = {
        kind
        for home in (messages, mail, bell, housekeeping)
        for kind in vars(home).values()
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct)
        if kind.__struct_config__.tag is not None
    }
    assert tagged == set(ALL)


def test_open_states_are_states() -> None:
    assert set(messages.OPEN_STATES) < set(get_args(messages.TaskState))
