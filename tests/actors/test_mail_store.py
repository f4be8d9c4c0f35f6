from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from anyio import fail_after

from signalpost.actors.mail_store import PRUNE_AT_ONCE, MailStore
from signalpost.actors.store import SqliteStore
from tests.actors.letters_kept import agent, message


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "queue.db"


@pytest.fixture
async def mail(path: Path) -> AsyncGenerator[MailStore, None]:
    with fail_after(20):
        async with SqliteStore.open(path) as store:
            yield store.mail


async def test_mail_is_found_again_after_closing(path: Path) -> None:
    row = message(3, content="a\0b \N{SNOWMAN}", metadata=b'{"n":1}', state="leased", deliveries=1)
    async with SqliteStore.open(path) as store:
        store.mail.keep(row)
        store.mail.put_agent(agent(2))
        store.mail.put_forward("old", 2)
    async with SqliteStore.open(path) as store:
        assert await store.mail.open_messages() == [row]
        assert await store.mail.agents() == [agent(2)]
        assert await store.mail.forwards() == {"old": 2}


async def test_whoever_keeps_a_message_is_told_when_it_is_on_disk(mail: MailStore) -> None:
    told: list[Exception | None] = []
    mail.keep(message(1), told.append)
    mail.note(message(1, state="leased"), told.append)
    mail.when_committed(told.append)
    assert told == []
    await mail.committed()
    assert told == [None, None, None]


async def test_open_messages_come_in_their_order(mail: MailStore) -> None:
    for seq, state in [(4, "ready"), (1, "leased"), (2, "done"), (3, "dead"), (5, "expired")]:
        mail.keep(message(seq, state=state))
    assert [row.seq for row in await mail.open_messages()] == [1, 4]


async def test_the_latest_note_counts_whether_the_message_is_on_disk_or_not(
    mail: MailStore,
) -> None:
    mail.keep(message(1))
    mail.note(message(1, state="leased", deliveries=1, delivered_at=5.0))
    mail.note(message(1, state="dead", deliveries=1, attempts=5, reason="why"))
    assert await mail.message("m1") == message(
        1, state="dead", deliveries=1, attempts=5, reason="why"
    )
    mail.note(message(1, state="ready", agent_id=8))
    assert await mail.message("m1") == message(1, state="ready", agent_id=8)


async def test_a_message_that_was_put_back_without_a_time_to_live_has_none_on_disk(
    mail: MailStore,
) -> None:
    mail.keep(message(1, state="dead", expires_at=1060.0))
    mail.note(message(1, expires_at=None))
    assert [row.expires_at for row in await mail.open_messages()] == [None]


async def test_a_forgotten_message_leaves_no_trace(mail: MailStore) -> None:
    mail.keep(message(1))
    await mail.committed()
    mail.keep(message(2))
    for seq in (1, 2):
        mail.note(message(seq, state="leased"))
        mail.forget(seq)
    assert await mail.message("m1") is None
    assert await mail.message("m2") is None
    assert await mail.history() == []


async def test_open_mail_and_dead_letters_move_along_and_history_stays(mail: MailStore) -> None:
    for seq, state in [(1, "ready"), (2, "leased"), (3, "done"), (4, "dead")]:
        mail.keep(message(seq, state=state, agent_id=5))
    mail.keep(message(5, agent_id=6))
    mail.move(5, 6)
    mail.move(6, 7)
    await mail.committed()
    owners = {row.seq: row.agent_id for row in await mail.history()}
    assert owners == {1: 7, 2: 7, 3: 5, 4: 7, 5: 7}


async def test_the_newest_state_of_an_agent_counts(mail: MailStore) -> None:
    mail.put_agent(agent(1))
    await mail.committed()
    mail.put_agent(agent(1, name="new", inbox_bound=3, pid=7))
    mail.put_agent(agent(2, name="agent1"))
    assert await mail.agents() == [
        agent(1, name="new", inbox_bound=3, pid=7),
        agent(2, name="agent1"),
    ]


async def test_a_name_passes_from_one_agent_to_another_in_one_commit(mail: MailStore) -> None:
    mail.put_agent(agent(1, name="a"))
    mail.put_agent(agent(2, name="b"))
    await mail.committed()
    mail.put_agent(agent(2, name="c"))
    mail.put_agent(agent(1, name="b"))
    mail.put_agent(agent(2, name="a"))
    assert [row.name for row in await mail.agents()] == ["b", "a"]
    mail.forget_agent(1)
    mail.put_agent(agent(3, name="b"))
    assert [(row.id, row.name) for row in await mail.agents()] == [(2, "a"), (3, "b")]


async def test_a_former_name_leads_to_the_latest(mail: MailStore) -> None:
    mail.put_forward("old", 1)
    mail.put_forward("older", 1)
    mail.put_forward("old", 2)
    assert await mail.forwards() == {"old": 2, "older": 1}
    mail.forget_forward("old")
    assert await mail.forwards() == {"older": 1}


async def test_former_names_come_back_in_the_order_in_which_they_were_given_up(
    mail: MailStore,
) -> None:
    for name in ("c", "a", "b"):
        mail.put_forward(name, 1)
        await mail.committed()
    mail.put_forward("c", 1)
    assert list(await mail.forwards()) == ["a", "b", "c"]


async def test_a_place_is_never_given_out_again(path: Path) -> None:
    async with SqliteStore.open(path) as store:
        assert await store.mail.highest_seq() == 0
        store.mail.keep(message(7, state="dead"))
        store.mail.keep(message(8, state="done", ended_at=10.0, sent_at=9.0))
        assert await store.mail.highest_seq() == 8
        await store.mail.prune(11.0)
        assert await store.mail.purge(["m7"]) == ["m7"]
        assert await store.mail.history() == []
    async with SqliteStore.open(path) as store:
        assert await store.mail.highest_seq() == 8
        store.mail.keep(message(3, state="dead"))
        await store.mail.purge(["m3"])
        assert await store.mail.highest_seq() == 8
        store.mail.keep(message(9))
        assert await store.mail.highest_seq() == 9


async def test_an_agents_number_is_never_given_out_again(path: Path) -> None:
    async with SqliteStore.open(path) as store:
        assert await store.mail.highest_agent_id() == 0
        store.mail.put_agent(agent(6))
        store.mail.forget_agent(6)
        store.mail.put_agent(agent(2))
    async with SqliteStore.open(path) as store:
        assert await store.mail.highest_agent_id() == 6


async def test_replies_are_known_by_their_hops_newest_first(mail: MailStore) -> None:
    for seq in (1, 2, 3):
        mail.keep(message(seq, hops=10 * seq))
    assert await mail.replies_known(2) == [("m3", 30), ("m2", 20)]


async def test_what_one_send_made_is_found_by_its_request(mail: MailStore) -> None:
    for seq in (1, 2, 3):
        mail.keep(message(seq, request_id=b"r" * 16 if seq != 2 else b"s" * 16))
    assert [row.seq for row in await mail.by_request(b"r" * 16)] == [1, 3]
    assert await mail.by_request(b"t" * 16) == []


async def test_the_latest_request_of_each_client_is_known(mail: MailStore) -> None:
    assert await mail.latest_requests() == []
    requests = [(b"client-1", 1), (b"client-1", 256), (b"client-2", 9), (b"client-1", 2)]
    for seq, (client, number) in enumerate(requests):
        mail.keep(message(seq, request_id=client + number.to_bytes(8)))
    mail.keep(message(9, request_id=b""))
    assert set(await mail.latest_requests()) == {
        b"client-1" + (256).to_bytes(8),
        b"client-2" + (9).to_bytes(8),
        b"",
    }


async def test_posted_results_name_their_tasks(mail: MailStore) -> None:
    for seq, task_id in [(1, 9), (2, None), (3, 4), (4, 9)]:
        mail.keep(message(seq, task_id=task_id))
    assert await mail.task_ids() == [4, 9]


async def test_dead_letters_are_counted_by_agent(mail: MailStore) -> None:
    for seq in range(1, 7):
        mail.keep(message(seq, state="dead" if seq != 2 else "ready", agent_id=seq % 2))
    assert await mail.dead_counts() == {0: 2, 1: 3}


async def test_only_dead_letters_are_purged(mail: MailStore) -> None:
    for seq, state in enumerate(["dead", "ready", "leased", "done", "expired", "dead"]):
        mail.keep(message(seq, state=state))
    mail.note(message(5, state="ready"))
    assert await mail.purge(["m5", "m1", "m2", "m3", "m4", "unknown", "m0", "m0"]) == ["m0"]
    assert [row.seq for row in await mail.history()] == [5, 4, 3, 2, 1]


async def test_pruning_removes_what_ended_long_ago_and_nothing_else(mail: MailStore) -> None:
    mail.keep(message(1, state="dead", ended_at=50.0, sent_at=1.0))
    mail.keep(message(2, sent_at=1.0))
    for seq in range(3, 2 * PRUNE_AT_ONCE):
        state = "done" if seq % 2 else "expired"
        mail.keep(message(seq, state=state, ended_at=50.0, sent_at=1.0))
    mail.keep(message(9_000, state="done", ended_at=150.0, sent_at=1.0))
    mail.keep(message(9_001, state="done", ended_at=150.0, sent_at=140.0))
    await mail.prune(100.0)
    assert [row.seq for row in await mail.history(limit=99)] == [9_001, 9_000, 2, 1]
    await mail.prune(200.0)
    assert [row.seq for row in await mail.history(limit=99)] == [2, 1]
