"""All messages of one send are in one commit: after a death there are all of them, or none."""

from __future__ import annotations

import sqlite3
import time
from typing import Any

import pytest

from signalpost.actors.commit_work import Job
from signalpost.actors.mail_store import MailStore
from signalpost.actors.message_row import MessageRow
from signalpost.actors.pending import Pending
from signalpost.transport import mail
from tests.actors.correspondent import Correspondent, correspondent, deliveries
from tests.actors.counter import Counter, counter

AGENTS = ["bob", "carol", "dave", "erin"]


def let_the_store_hurry(monkeypatch: pytest.MonkeyPatch, *, full: bool = False) -> list[int]:
    """Give its thread time after each message that is put, and note what its commits held.

    ``full``: there is no room for the first of them.
    """
    sizes: list[int] = []
    refused: list[Exception] = []
    keep, commit = MailStore.keep, Pending.commit

    def kept(self: MailStore, row: MessageRow, *then: Any) -> None:  # noqa: ANN401 - handed on
        keep(self, row, *then)
        time.sleep(0.02)

    def noted(
        self: Pending, connection: sqlite3.Connection, jobs: list[Job], *, new_too: bool
    ) -> None:
        if full and self.any_new and not refused:
            error = sqlite3.OperationalError("planned")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            refused.append(error)
            raise error
        before = _count(connection)
        commit(self, connection, jobs, new_too=new_too)
        sizes.append(_count(connection) - before)

    monkeypatch.setattr(MailStore, "keep", kept)
    monkeypatch.setattr(Pending, "commit", noted)
    return sizes


def _count(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM messages").fetchone()[0])


async def crowd(place: Counter) -> tuple[Correspondent, list[Correspondent]]:
    alice = await correspondent(place, "alice")
    return alice, [await correspondent(place, name) for name in AGENTS]


async def test_a_send_to_many_is_one_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    async with counter() as place:
        alice, _ = await crowd(place)
        sizes = let_the_store_hurry(monkeypatch)
        answer = await alice.send("any:role:consumer", *AGENTS)
        assert [one.name for one in answer.sent] == AGENTS
        assert [size for size in sizes if size] == [len(AGENTS)]


async def test_a_send_to_many_some_of_whom_wait_or_are_full_is_one_commit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with counter() as place:
        alice, [bob, carol, *_] = await crowd(place)
        await bob.register("bob", inbox_bound=1)
        await alice.send("bob", content="first")
        waiting = carol.say(mail.Receive(wait_seconds=None))
        await carol.speaker.settle()
        sizes = let_the_store_hurry(monkeypatch)
        answer = await alice.send("*")
        assert [one.name for one in answer.sent] == AGENTS[1:]
        assert [(one.name, one.code) for one in answer.refused] == [("bob", "INBOX_FULL")]
        assert deliveries(await carol.speaker.answer(waiting)).messages
        assert [size for size in sizes if size] == [len(AGENTS) - 1]


async def test_a_send_to_many_that_cannot_be_stored_reaches_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with counter() as place:
        alice, others = await crowd(place)
        let_the_store_hurry(monkeypatch, full=True)
        answer = await alice.send("*")
        assert answer.sent == []
        assert {one.code for one in answer.refused} == {"STORE_FULL"}
        assert [await each.contents() for each in others] == [[]] * len(AGENTS)
