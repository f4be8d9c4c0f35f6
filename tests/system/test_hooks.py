"""Hooks as clients start them: processes of their own, a real broker, real bridges."""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import anyio
import anyio.to_thread
import pytest

from signalpost.hook_log import log_path
from signalpost.transport.bell import BellState
from tests.signalpost.hook_inputs import written
from tests.system.bridge import Bridge, bridge
from tests.system.letterbox import receive
from tests.system.place import SECONDS, SIGNALPOST, Place, within

CLAUDE = ("--client", "claude-code", "--limit", "10")
EVENTS = {
    "session-start": "SessionStart",
    "prompt": "UserPromptSubmit",
    "tools": "PostToolUse",
    "stop": "Stop",
    "notification": "Notification (permission)",
    "session-end": "SessionEnd",
}


def begin(place: Place, word: str, *options: str, **changed: object) -> subprocess.Popen[bytes]:
    """Start a hook as Claude Code does, in a conversation that no bridge knows."""
    return begin_inside(place, (), word, *options, **changed)


def begin_inside(
    place: Place, client: Sequence[str], word: str, *options: str, **changed: object
) -> subprocess.Popen[bytes]:
    """As above; ``client`` are words that run what follows them as a child of a client."""
    process = place.start(*client, *SIGNALPOST, "hook", word, *CLAUDE, *options)
    assert process.stdin is not None
    process.stdin.write(written("claude-code", EVENTS[word], **changed))
    process.stdin.close()
    process.stdin = None
    return process


async def ended(process: subprocess.Popen[bytes]) -> bytes:
    """Return what a hook has written; whatever happens, it has exited with 0 and complained of nothing."""
    work = functools.partial(process.communicate, timeout=SECONDS)
    out, err = await anyio.to_thread.run_sync(work, abandon_on_cancel=True)
    assert (process.returncode, err) == (0, b"")
    return out


async def hook(place: Place, word: str, *options: str, **changed: object) -> bytes:
    return await ended(begin(place, word, *options, **changed))


def context(answer: bytes) -> str:
    text: str = json.loads(answer)["hookSpecificOutput"]["additionalContext"]
    return text


async def bell_of(place: Place, agent: str) -> BellState:
    async with place.client(start=False, kind="cli") as person:
        return await person.set_bell(agent)


@asynccontextmanager
async def alice(place: Place) -> AsyncGenerator[Bridge]:
    """A bridge of this process, which is the MCP client then, and its doorbell without pauses."""
    async with bridge(place, "alice") as it:
        await it.handshake()
        await it.text(it.call("list_agents"))
        async with place.client(start=False, kind="cli") as person:
            await person.set_bell("alice", every_seconds=0)
        yield it


async def post(place: Place, text: str, kind: str = "task") -> None:
    async with place.client("bob") as bob:
        await bob.send("alice", text, kind=kind)  # type: ignore[arg-type]


@within(60)
async def test_a_hook_finds_its_agent_by_the_client_that_started_both(place: Place) -> None:
    async with alice(place):
        assert context(await hook(place, "session-start")) == (
            "You are the Signalpost agent alice. No unread mail waits."
        )
        await post(place, "review it")
        told = context(await hook(place, "prompt"))
        assert told.startswith("Signalpost: 1 unread message waits in the inbox of agent alice")
        assert await hook(place, "tools") == b""
        held = json.loads(await hook(place, "stop"))
        assert held == {"decision": "block", "reason": told}
        assert await hook(place, "stop", stop_hook_active=True) == b""
        assert await hook(place, "stop") == b""
        rings = [(ring.way, ring.outcome) for ring in (await bell_of(place, "alice")).rings]
        assert rings == [("hook:stop", "held"), ("hook:prompt", "shown")]
    assert not log_path(place.state).exists()


@within(60)
async def test_what_a_session_had_received_is_offered_again_when_it_begins_anew(
    place: Place,
) -> None:
    async with alice(place) as it:
        await post(place, "review it")
        await it.text(receive(it))
        told = context(await hook(place, "session-start", source="compact"))
        assert "1 unread message waits in your inbox (1 from bob; 1 is a task)" in told
        assert told.endswith("Not yet acknowledged and offered again: 1.")
        assert "review it" in await it.text(receive(it))


@within(60)
async def test_own_tasks_hold_an_agent_once(place: Place) -> None:
    async with alice(place) as it:
        fifo = place.fifo("gate")
        await it.text(it.run_task(f"cat {fifo.path}", notify=True))
        reason = json.loads(await hook(place, "stop"))["reason"]
        assert reason.startswith("Signalpost: Task 1 `cat ")
        assert reason.endswith("` is running: task_status(task_id=1) waits for it.")
        assert await hook(place, "stop") == b""
        assert await hook(place, "stop", "--gate", "off") == b""


@within(60)
async def test_others_see_what_a_client_is_doing(place: Place) -> None:
    async def presence() -> str:
        async with place.client("bob") as bob:
            return next(a.presence for a in await bob.agents() if a.name == "alice")

    async with alice(place):
        seen: list[str] = []
        for word in ("prompt", "notification", "tools", "stop", "session-end", "prompt"):
            assert await hook(place, word) == b""
            seen.append(await presence())
    assert seen == ["working", "blocked", "working", "online", "gone", "working"]


@within(60)
async def test_a_stop_that_waits_is_held_by_a_message(place: Place) -> None:
    async with alice(place):
        process = begin(place, "stop", "--wait", "40")
        await post(place, "all green", kind="status")
        reason = json.loads(await ended(process))["reason"]
        assert "1 unread message waits in the inbox of agent alice (1 from bob)" in reason
        rings = (await bell_of(place, "alice")).rings
        assert [(ring.way, ring.outcome) for ring in rings] == [("hook:stop", "held")]
        assert await hook(place, "stop", "--wait", "0.1", stop_hook_active=True) == b""


@within(60)
async def test_a_stop_whose_client_has_gone_swallows_no_ring(place: Place) -> None:
    async with alice(place):
        process = begin(place, "stop", "--wait", "40")
        assert process.stdout is not None
        process.stdout.close()
        process.stdout = None
        await anyio.to_thread.run_sync(process.wait, abandon_on_cancel=True)
        await post(place, "review it")
        assert "1 unread message waits" in context(await hook(place, "prompt"))


@within(60)
async def test_a_broker_that_hangs_delays_no_client(place: Place) -> None:
    async with alice(place):
        broker = place.broker_process()
        broker.send_signal(signal.SIGSTOP)
        try:
            for word in EVENTS:
                assert await hook(place, word, "--limit", "0.1") == b""
        finally:
            broker.send_signal(signal.SIGCONT)
    lines = log_path(place.state).read_text().splitlines()
    assert len(lines) == len(EVENTS)
    assert all("BROKER_UNAVAILABLE" in line and "0.1 s" in line for line in lines)


@within(60)
async def test_without_a_broker_its_file_tells_once(place: Place) -> None:
    async with place.client("alice") as known:
        await known.agents()
        await post(place, "review it")
    await place.run(*SIGNALPOST, "stop", "--force")
    told = await hook(place, "session-start", "--agent", "alice")
    assert "1 unread message waits in your inbox (1 from bob; 1 is a task)" in context(told)
    for word in EVENTS:
        assert await hook(place, word, "--agent", "alice", "--limit", "0.1") == b""
    lines = log_path(place.state).read_text().splitlines()
    assert all("no broker runs" in line for line in lines)
    with pytest.raises(AssertionError):
        place.broker()


@within(60)
async def test_a_session_starts_a_broker_only_when_told_to(place: Place) -> None:
    await place.run(*SIGNALPOST, "agents")
    await place.run(*SIGNALPOST, "stop", "--force")
    for word in EVENTS:
        assert await hook(place, word, "--limit", "0.1") == b""
        assert await hook(place, "stop", "--start") == b""
    assert await hook(place, "session-start", "--start", "--limit", "1") == b""
    assert place.broker_process().is_running()


@within(60)
async def test_bad_input_and_wrong_words_are_silent(place: Place) -> None:
    await place.run(*SIGNALPOST, "agents")
    inputs = [b"", b"{", b"[]", b"\xff", b'{"hook_event_name":"PreToolUse"}', b"x" * 2_000_000]
    for data in inputs:
        process = place.start(*SIGNALPOST, "hook", "prompt", *CLAUDE)
        out, err = await anyio.to_thread.run_sync(process.communicate, data)
        assert (process.returncode, out, err) == (0, b"", b"")
    for words in ((), ("prompt",), ("lunch", *CLAUDE), ("prompt", "--client", "emacs")):
        process = place.start(*SIGNALPOST, "hook", *words)
        out, err = await anyio.to_thread.run_sync(process.communicate, b"{}")
        assert (process.returncode, out, err) == (0, b"", b"")
    text = log_path(place.state).read_text()
    assert text.count("\n") == len(inputs) + 4
    assert "signalpost hook --help" in text


@within(60)
async def test_what_is_no_file_is_not_waited_for_and_named(place: Place) -> None:
    await place.run(*SIGNALPOST, "agents")
    await place.run(*SIGNALPOST, "stop", "--force")
    os.mkfifo(place.state / "run" / "broker.json")
    (place.state / "unread.json").unlink(missing_ok=True)
    os.mkfifo(place.state / "unread.json")
    assert await hook(place, "prompt") == b""
    said = log_path(place.state).read_text()
    assert f"{place.state}/unread.json cannot be read: it is a named pipe" in said


@within(60)
async def test_a_client_that_writes_nothing_is_not_waited_for(place: Place) -> None:
    process = place.start(*SIGNALPOST, "hook", "prompt", *CLAUDE)
    await anyio.to_thread.run_sync(process.wait, abandon_on_cancel=True)
    assert process.returncode == 0


@within(60)
async def test_its_help_and_its_other_door_stay_as_they_are(place: Place) -> None:
    shown = await place.run(*SIGNALPOST, "hook", "--help")
    assert b"Usage: signalpost hook" in shown.stdout
    process = place.start(*SIGNALPOST, "--data-dir", str(place.state), "hook", "prompt", *CLAUDE)
    out, err = await anyio.to_thread.run_sync(process.communicate, b"{}")
    assert (process.returncode, out, err) == (0, b"", b"")
    misused = await place.run(*SIGNALPOST, "--data-dir", str(place.state), "hook", "prompt")
    assert misused.returncode == 1  # 2 would tell a client to stop what it does
    assert b"--client" in misused.stderr
