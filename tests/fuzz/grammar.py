"""Bytes of a fuzzer become what somebody says to the broker: sound, damaged, or anything at all."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from signalpost.transport import bell, frames, letters, mail, messages

_HELD = [letters.Held(message_id="0123456789abcdef", lease=b"l" * 12)]
_RUN = messages.RunTask(
    command="make",
    working_directory="/",
    env_vars={"A": "b"},
    environment={b"PATH": b"/bin"},
    limits={"RLIMIT_NOFILE": 9},
    wait_seconds=0.0,
    progress=True,
)
REQUESTS: tuple[messages.Request, ...] = (
    messages.Hello(software="1", kind="bridge", agent="zoe", thread="t", label="a/b", client="c"),
    messages.Heartbeat(),
    _RUN,
    messages.KeepPlace(request_id=bytes(16), run_task=frames.encode(_RUN)),
    messages.TaskStatus(task_id=1, wait_seconds=0.0),
    messages.CancelTask(task_id=2),
    messages.CancelCall(correlation=bytes(16)),
    messages.ClearTaskLogs(),
    messages.ClearQueue(queue_name="global"),
    messages.QueueStatus(),
    messages.ListTasks(limit=5),
    messages.FollowOutput(task_id=1, stream="/s"),
    mail.Register(name="zoe", role="both", description="d", inbox_bound=5),
    mail.Unregister(force=True),
    mail.ListAgents(),
    mail.Send(
        to=["zoe", "*"], content="text", metadata=b'{"a":1}', in_reply_to="x", park_seconds=0
    ),
    mail.Send(to=["any:role:both"], content="text", ttl_seconds=9.0, wait_for="acked"),
    mail.Receive(wait_seconds=0.0, sender="zoe", max_messages=3, acknowledge=_HELD),
    mail.Settle(messages=_HELD, outcome="nack"),
    mail.Extend(messages=_HELD),
    mail.Peek(agent="zoe", sender="a", max_messages=3),
    mail.ReadMessage(message_id="0123456789abcdef"),
    mail.InboxStatus(agent="zoe"),
    mail.History(search="text", agent="zoe", state="dead", limit=3, before=5.0),
    mail.Redrive(message_ids=["0123456789abcdef"]),
    mail.Purge(message_ids=["0123456789abcdef"]),
    bell.LookAtBell(agent="zoe", event="prompt", source="clear", way="hook:prompt", tell=True),
    bell.AwaitBell(agent="zoe", thread="t", way="pty", after=1, wait_seconds=0.0),
    bell.AwaitAgent(agent="zoe", thread="t"),
    bell.NoteRing(agent="zoe", cursor=1, way="pty", outcome="gave_up", detail="busy"),
    bell.SetBell(agent="zoe", on=True, every_seconds=0.5),
)
"""All but those that end the broker or the session."""
SOUND = tuple(frames.encode(request) for request in REQUESTS)


NOTHING: tuple[list[object] | dict[str, object], ...] = ([], {}, [list[object]()])
STRANGE: tuple[object, ...] = (
    *(None, True, 0, 1, 2, 3, -1, 255, 2**31, 2**63 - 1, 2**63, 2**64 - 1, -(2**63)),
    *(0.0, -0.0, 1e-300, 1e308, -1.5, float("nan"), float("inf"), float("-inf")),
    *(
        "",
        " ",
        "\0",
        "a\0b",
        "x" * 70_000,
        "é" * 300,
        "\u202e",
        "\x1b[2J",
        "\n",
        "\ufffd",
        "..",
        "/",
    ),
    *(
        "alice",
        "bob",
        "mallory",
        "person",
        "signalpost",
        "*",
        "role:both",
        "any:role:",
        "@",
        "alice~2",
    ),
    *("global", "-x", "bridge", "cli", "door", "ack", "reply", "leased", "0123456789abcdef"),
    *NOTHING,
    *(b"", b"\0" * 12, b"\xff" * 70_000, b'{"a":1}', b"[", [None], [""], ["bob"]),
    *(
        ["bob"] * 2000,
        ["*", "*"],
        {"a": None},
        {"A": "b\0"},
        {"=": "c"},
        {"": ""},
        {"a": 2**64 - 1},
    ),
    *({b"\0": b"\0"}, {b"=": b"="}, [{"message_id": "x", "lease": b""}]),
    *(msgspec.msgpack.Ext(1, b"x"), datetime.fromtimestamp(0, UTC)),
)


class Reader:
    """Takes numbers and bytes off a fuzzer's input; zeros when that is used up."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def number(self, below: int) -> int:
        """Return a number from 0 on."""
        width = 1 if below <= 256 else 2
        return int.from_bytes(self.some(width), "big") % below

    def some(self, count: int) -> bytes:
        """Return so many bytes, or what is left."""
        taken = self._data[self._at : self._at + count]
        self._at += count
        return taken

    def rest(self) -> bytes:
        return self.some(len(self._data))


def said(data: bytes, token: bytes) -> list[bytes]:
    """Return the frames that ``data`` stands for; ``token`` is a session that they may speak for."""
    reader = Reader(data)
    shape = reader.number(16)
    if shape == 0:
        return [reader.some(reader.number(64)) for _ in range(reader.number(5))]
    header = _header(reader, token)
    if shape == 1:
        return [header, reader.rest()]
    if shape == 2:
        return [header, *(reader.some(8) for _ in range(reader.number(4)))]
    if shape < 8:
        return [header, _with_a_strange_field(reader)]
    return [header, _request(reader, sound=shape < 10)]


def _header(reader: Reader, token: bytes) -> bytes:
    correlation = reader.some(2).rjust(16, b"\0")
    kind = reader.number(32)
    if kind == 0:
        return reader.some(32)
    if kind == 1:
        return frames.header(reader.some(12).ljust(12, b"\0"), correlation)
    if kind == 2:
        return reader.some(4) + token + correlation
    return frames.header(token, correlation)


def _with_a_strange_field(reader: Reader) -> bytes:
    """Return a request of which one field has a value that few have thought of."""
    fields: dict[str, object] = msgspec.msgpack.decode(SOUND[reader.number(len(SOUND))])
    name = sorted(fields)[reader.number(len(fields))]
    fields[name] = STRANGE[reader.number(len(STRANGE))]
    return msgspec.msgpack.encode(fields)


def _request(reader: Reader, *, sound: bool) -> bytes:
    """Return a request, unless it is to be sound after as much damage as the input tells."""
    payload = bytearray(SOUND[reader.number(len(SOUND))])
    while reader and payload and not sound:
        _harm(payload, reader)
    return bytes(payload)


def _harm(payload: bytearray, reader: Reader) -> None:
    place = reader.number(len(payload))
    match reader.number(8):
        case 0:
            del payload[place:]
        case 1:
            del payload[place : place + 1 + reader.number(8)]
        case 2:
            payload[place:place] = reader.some(reader.number(16))
        case 3:
            other = SOUND[reader.number(len(SOUND))]
            payload[place:] = other[reader.number(len(other)) :]
        case 4:
            payload[place:place] = payload[place : place + reader.number(64)]
        case 5:
            payload[place] ^= 1 << reader.number(8)
        case _:
            payload[place] = reader.number(256)
