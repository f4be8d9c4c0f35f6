import sqlite3
import threading
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import anyio
import pytest
from anyio import fail_after

from signalpost.actors import mail_search
from signalpost.actors.mail_search import MAX_WORDS, MailSearch
from signalpost.actors.store import SqliteStore
from signalpost.transport.errors import BadRequest, BrokerUnavailable
from tests.actors.letters_kept import message


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "queue.db"


@pytest.fixture
async def store(path: Path) -> AsyncGenerator[SqliteStore, None]:
    with fail_after(20):
        async with SqliteStore.open(path) as store:
            yield store


async def fill(store: SqliteStore, *contents: str) -> None:
    for seq, content in enumerate(contents, 1):
        store.mail.keep(message(seq, content=content))
    await store.mail.committed()


async def found(store: SqliteStore, search: str) -> list[int]:
    return [row.seq for row in await store.mail.history(search)]


async def test_the_newest_come_first_and_no_more_than_asked_for(store: SqliteStore) -> None:
    await fill(store, *"abcde")
    assert [row.content for row in await store.mail.history(limit=3)] == ["e", "d", "c"]


async def test_all_words_must_occur_in_any_case_and_order(store: SqliteStore) -> None:
    await fill(store, "Build FAILED in core", "build ok", "core dumped")
    assert await found(store, "failed build") == [1]
    assert await found(store, "BUILD") == [2, 1]
    assert await found(store, "ui") == [2, 1]
    assert await found(store, "build dumped") == []
    assert await found(store, " \n ") == [3, 2, 1]


async def test_words_are_looked_for_in_the_names_too(store: SqliteStore) -> None:
    store.mail.keep(message(1, sender="alice", recipient="Zoe", content="x"))
    store.mail.keep(message(2, sender="zoe", recipient="bob", content="y"))
    await store.mail.committed()
    assert await found(store, "ZOE") == [2, 1]
    assert await found(store, "zoe x") == [1]


@pytest.mark.parametrize("word", ["100%", "a_b", "\\", "'", '"', "a\0b", "%", "_"])
async def test_no_character_of_a_word_means_anything_else(store: SqliteStore, word: str) -> None:
    await fill(store, f"before {word} after", "100 aXb ab")
    assert await found(store, word) == [1]


async def test_letters_beyond_ascii_are_found_in_their_usual_cases(store: SqliteStore) -> None:
    await fill(store, "ÜBUNG", "übung", "Übung", "ubung")
    assert await found(store, "Übung") == [3, 2, 1]


async def test_what_an_agent_sent_or_got(store: SqliteStore) -> None:
    for seq, (sender, recipient) in enumerate([("a", "b"), ("b", "c"), ("c", "a"), ("A", "x")]):
        store.mail.keep(message(seq, sender=sender, recipient=recipient))
    await store.mail.committed()
    assert [row.seq for row in await store.mail.history(agent="a")] == [2, 0]


async def test_only_a_state_and_only_before_a_time(store: SqliteStore) -> None:
    for seq, state in enumerate(["done", "dead", "done", "done"]):
        store.mail.keep(message(seq, state=state, sent_at=float(seq)))
    await store.mail.committed()
    assert [row.seq for row in await store.mail.history(state="done", before=3.0)] == [2, 0]


async def test_a_search_of_too_many_words_is_refused(store: SqliteStore) -> None:
    with pytest.raises(BadRequest, match="Leave some out"):
        await found(store, " ".join(f"w{n}" for n in range(MAX_WORDS + 1)))
    assert await found(store, " ".join(f"w{n}" for n in range(MAX_WORDS))) == []
    assert await found(store, "w " * 99) == []


async def fill_long(store: SqliteStore) -> None:
    await fill(store, *["x" * 100_000] * 300)


async def test_a_search_that_takes_too_long_says_how_to_narrow_it(
    store: SqliteStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill_long(store)
    monkeypatch.setattr(mail_search, "_STEPS", 10)
    search = MailSearch(path, seconds=0.0)
    with pytest.raises(BadRequest, match=r"after 0 s. Narrow it: name an agent"):
        await search.history("nowhere")
    assert await MailSearch(path).history("nowhere") == []


class Gated(sqlite3.Connection):
    """Waits in the middle of a search until the gate opens."""

    begun = threading.Event()
    gate = threading.Event()
    stopped = threading.Event()

    def set_progress_handler(
        self, progress_handler: Callable[[], int | None] | None, n: int
    ) -> None:
        assert progress_handler

        def stop() -> int | None:
            Gated.begun.set()
            Gated.gate.wait(10)
            answer = progress_handler()
            if answer:
                Gated.stopped.set()
            return answer

        super().set_progress_handler(stop, 1)


@pytest.fixture
def gated(path: Path) -> MailSearch:
    def connect(path: Path, options: str) -> sqlite3.Connection:
        uri = f"file:{path}?{options}"
        return sqlite3.connect(uri, uri=True, isolation_level=None, factory=Gated)

    for event in (Gated.begun, Gated.gate, Gated.stopped):
        event.clear()
    return MailSearch(path, connect=connect)


async def happens(event: threading.Event) -> bool:
    return await anyio.to_thread.run_sync(event.wait, 10)


async def test_mail_is_kept_while_a_search_goes_on(store: SqliteStore, gated: MailSearch) -> None:
    await fill(store, "one", "two")
    seen: list[int] = []

    async def search() -> None:
        seen.extend([row.seq for row in await gated.history("one")])

    async with anyio.create_task_group() as group:
        group.start_soon(search)
        await happens(Gated.begun)
        for seq in range(10, 60):
            store.mail.keep(message(seq))
            await store.mail.committed()
        assert seen == []
        Gated.gate.set()
    assert seen == [1]


async def test_a_search_that_nobody_waits_for_ends(store: SqliteStore, gated: MailSearch) -> None:
    await fill(store, *["x"] * 1000)
    async with anyio.create_task_group() as group:
        group.start_soon(gated.history)
        await happens(Gated.begun)
        group.cancel_scope.cancel()
    assert not Gated.stopped.is_set()
    Gated.gate.set()
    assert await happens(Gated.stopped)


async def test_a_search_can_only_read(store: SqliteStore, path: Path) -> None:
    class Greedy(sqlite3.Connection):
        def close(self) -> None:
            refusals.append(refusal(self))
            super().close()

    def refusal(connection: sqlite3.Connection) -> str:
        with pytest.raises(sqlite3.OperationalError) as caught:
            connection.execute("DELETE FROM messages")
        return str(caught.value)

    def connect(path: Path, options: str) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{path}?{options}", uri=True, factory=Greedy)

    refusals: list[str] = []
    await fill(store, "a")
    await MailSearch(path, connect=connect).history()
    assert refusals == ["attempt to write a readonly database"]


async def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(BrokerUnavailable, match="cannot be read"):
        await MailSearch(tmp_path / "missing.db").history()
