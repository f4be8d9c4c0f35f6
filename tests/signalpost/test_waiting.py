from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anyio
import pytest
from msgspec.structs import replace

from signalpost import vigil, waiting
from signalpost.transport.bell import AWAITS_AGENTS, Doorstep
from signalpost.transport.client import Client
from signalpost.transport.errors import BadRequest, BrokerUnavailable, UnknownAgent
from signalpost.transport.messages import TaskReport, Welcome
from signalpost.waiting import Wanted, as_line
from tests.signalpost.conftest import Reports
from tests.transport.stand_in_broker import WELCOME

Capture = pytest.CaptureFixture[str]
DIR = Path("/state")
MAIL = Doorstep(
    agent="alice", unread=3, unread_tasks=1, senders={"bob": 2, "signalpost": 1}, news=True
)


class Door:
    """Answers what it was given; what it was not given never comes."""

    def __init__(self) -> None:
        self.step: Doorstep | None = None
        self.steps: list[Doorstep] = []
        """What the bell answers before :attr:`step`."""
        self.minor = AWAITS_AGENTS
        self.is_first = True
        self.expected: list[object] = []
        self.reports: dict[int, TaskReport] = {}
        self.known = True
        self.asked: list[object] = []
        self.welcome: Welcome | None = None
        self.coming: list[str] = []
        """The names of the agents that come, each when it is waited for."""

    def begin(self, _folder: Path, _client: int) -> bool:
        return self.is_first

    async def ping(self) -> None:
        self.welcome = replace(WELCOME, minor=self.minor)

    async def await_agent(self, agent: str = "", *, thread: str = "") -> Doorstep:
        self.expected.append((agent, thread))
        if not self.coming:
            await anyio.sleep_forever()
        return Doorstep(agent=self.coming.pop(0))

    async def look_at_bell(self, agent: str = "", *, thread: str = "") -> Doorstep:
        if thread:
            self.asked.append(("look", agent, thread))
            return Doorstep(agent="alice")
        return Doorstep(agent=agent if self.known else "")

    async def await_bell(self, agent: str = "", *, thread: str = "") -> Doorstep:
        self.asked.append((agent, thread))
        if self.steps:
            return self.steps.pop(0)
        if self.step is None:
            await anyio.sleep_forever()
        assert self.step is not None
        return self.step

    async def task_status(self, task_id: int, wait_seconds: float | None) -> TaskReport:
        self.asked.append((task_id, wait_seconds))
        if task_id == 99:
            raise BadRequest("there is no task 99.")
        if task_id not in self.reports:
            await anyio.sleep_forever()
        return self.reports[task_id]


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Door:
    found = Door()

    def act(_: Path, work: Any, *, start: bool, kind: str) -> object:  # noqa: ANN401
        assert (start, kind) == (True, "door")
        try:
            return anyio.run(work, found)
        except ExceptionGroup as group:
            raise group.exceptions[0] from None

    monkeypatch.setattr(waiting, "act", act)
    monkeypatch.setattr(waiting, "nobody_left", anyio.sleep_forever)
    monkeypatch.setattr(vigil, "begin", found.begin)
    monkeypatch.delenv("CLAUDE_CODE_ENTRYPOINT", raising=False)
    return found


def test_mail_is_one_line_of_facts(door: Door, capsys: Capture) -> None:
    door.step = MAIL
    assert waiting.wait(DIR, Wanted("alice", "t-1")) == 0
    assert capsys.readouterr().out == (
        "3 unread messages for alice (1 task): 2 from bob, 1 from signalpost\n"
    )
    assert door.asked == [("alice", "t-1")]


@pytest.mark.parametrize(
    ("step", "line"),
    [
        (Doorstep(agent="a", unread=1, senders={"b": 1}), "1 unread message for a: 1 from b"),
        (Doorstep(agent="a", unread=0), "0 unread messages for a"),
        (
            Doorstep(agent="a", unread=9, unread_tasks=2, senders={"b": 4}),
            "9 unread messages for a (2 tasks): 4 from b, 5 from others",
        ),
    ],
)
def test_the_line_counts(step: Doorstep, line: str) -> None:
    assert as_line(step) == line


def test_the_line_does_no_harm_whatever_others_are_called() -> None:
    said = as_line(Doorstep(agent="a\x1b[2J", unread=1, senders={"b\n": 1}))
    assert said.isprintable()


def test_a_task_that_has_ended_is_told_with_how(
    door: Door, capsys: Capture, report: Reports
) -> None:
    door.reports[8] = report(state="failed", exit_code=2)
    assert waiting.wait(DIR, Wanted(tasks=(7, 8))) == 0
    assert capsys.readouterr().out == (
        "task 8 has ended: FAILED exit=2 31.2s output=/state/output/task_8.log\n"
    )
    assert {(7, None), (8, None)} <= set(door.asked)


def test_nothing_in_time_has_a_code_of_its_own(door: Door, capsys: Capture) -> None:
    assert waiting.wait(DIR, Wanted(timeout=0.01)) == 3
    assert capsys.readouterr().out == ""


def test_who_is_quiet_prints_nothing(door: Door, capsys: Capture) -> None:
    door.step = MAIL
    assert waiting.wait(DIR, Wanted(quiet=True)) == 0
    assert capsys.readouterr().out == ""


def test_json_says_the_same(door: Door, capsys: Capture, report: Reports) -> None:
    door.step = MAIL
    waiting.wait(DIR, Wanted(as_json=True))
    value = json.loads(capsys.readouterr().out)
    assert (value["event"], value["agent"], value["unread"]) == ("mail", "alice", 3)
    assert waiting.as_value(report()) == {"event": "task_ended", "task_id": 8, "state": "success"}


def test_nobody_is_meant_is_a_refusal_unless_a_task_is_meant(door: Door, report: Reports) -> None:
    door.step = Doorstep()
    with pytest.raises(UnknownAgent, match="Name one with --agent"):
        waiting.wait(DIR, Wanted())
    door.reports[8] = report()
    assert waiting.wait(DIR, Wanted("bob", tasks=(8,))) == 0


def test_a_name_that_nobody_has_yet_is_waited_for_and_told(door: Door, capsys: Capture) -> None:
    door.known, door.step = False, MAIL
    assert waiting.wait(DIR, Wanted("alcie")) == 0
    assert "no agent is called alcie yet; waiting for it" in capsys.readouterr().err
    assert waiting.wait(DIR, Wanted("alcie", quiet=True)) == 0
    door.known = True
    assert waiting.wait(DIR, Wanted("alice")) == 0
    assert capsys.readouterr().err == ""


def test_an_unknown_task_is_refused(door: Door) -> None:
    with pytest.raises(BadRequest):
        waiting.wait(DIR, Wanted(tasks=(99,)))


def test_a_rewake_wakes_by_two_and_a_line_on_standard_error(door: Door, capsys: Capture) -> None:
    door.step, door.coming = MAIL, ["alice"]
    assert waiting.rewake(DIR, Wanted()) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("Signalpost: 3 unread messages wait in the inbox of agent alice (")
    assert "receive_message takes them" in err


def test_a_rewake_finds_its_agent_by_the_conversation_of_the_hook(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    door.step, door.coming = MAIL, ["alice", "bob"]
    monkeypatch.setenv("CLAUDE_CODE_SESSION_ID", "t-7")
    assert waiting.rewake(DIR, Wanted()) == 2
    assert waiting.rewake(DIR, Wanted(thread="t-8")) == 2
    assert door.expected == [("", "t-7"), ("", "t-8")]
    assert door.asked == [("alice", ""), ("bob", "")]
    assert waiting.wait(DIR, Wanted()) == 0
    assert door.asked[-1] == ("", "")


def test_a_rewake_waits_again_for_an_agent_that_went_without_a_trace(door: Door) -> None:
    door.step, door.steps, door.coming = MAIL, [Doorstep()], ["alice", "alice~2"]
    assert waiting.rewake(DIR, Wanted()) == 2
    assert door.asked == [("alice", ""), ("alice~2", "")]


async def test_a_rewake_does_not_wait_for_ever_for_an_agent(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "_COMING_SECONDS", 0.01)
    client: Any = door
    with anyio.fail_after(5):
        assert await waiting.first_news(client, Wanted(expects=True)) is None
    assert (len(door.expected), door.asked) == (1, [])


def test_a_rewake_at_an_older_broker_finds_only_who_is_there(door: Door) -> None:
    door.step, door.minor = MAIL, 1
    assert waiting.rewake(DIR, Wanted(thread="t-7")) == 2
    assert door.expected == []
    assert door.asked == [("look", "", "t-7"), ("alice", "")]


def test_a_rewake_leaves_when_another_one_waits_or_nothing_wakes_the_client(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    door.step, door.coming, door.is_first = MAIL, ["alice"], False
    assert waiting.rewake(DIR, Wanted()) == 0
    door.is_first = True
    monkeypatch.setenv("CLAUDE_CODE_ENTRYPOINT", "sdk-cli")
    assert waiting.rewake(DIR, Wanted()) == 0
    assert door.expected == []
    monkeypatch.setenv("CLAUDE_CODE_ENTRYPOINT", "cli")
    assert waiting.rewake(DIR, Wanted()) == 2


def test_a_rewake_lets_the_model_be_when_nothing_came_or_something_failed(
    door: Door, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert waiting.rewake(DIR, Wanted(timeout=0.01)) == 0
    assert waiting.rewake(DIR, Wanted(tasks=(99,))) == 0

    def fails(*_: object, **__: object) -> None:
        raise BrokerUnavailable("none")

    monkeypatch.setattr(waiting, "act", fails)
    assert waiting.rewake(DIR, Wanted()) == 0
    assert capsys.readouterr() == ("", "")


async def test_it_ends_with_who_has_started_it(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once() -> None: ...

    monkeypatch.setattr(waiting, "nobody_left", at_once)
    client: Any = door
    typed: Client = client
    with anyio.fail_after(5):
        assert await waiting.first_news(typed, Wanted()) is None
