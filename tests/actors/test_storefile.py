import os
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from signalpost.actors import schema, storefile
from signalpost.transport.errors import BrokerUnavailable, SignalpostError

Snapshot = dict[str, tuple[bytes, int]]


def contents(folder: Path) -> Snapshot:
    return {p.name: (p.read_bytes(), p.stat().st_mode) for p in folder.iterdir() if p.is_file()}


def refusal(path: Path) -> str:
    """Return the text of the refusal, after checking that it changed nothing."""
    before = contents(path.parent)
    with pytest.raises(BrokerUnavailable) as caught:
        storefile.prepare(path, "new")
    assert contents(path.parent) == before
    return str(caught.value)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "queue.db"


@pytest.fixture
def made(path: Path) -> Path:
    storefile.prepare(path, "first")
    return path


def test_an_empty_folder_gets_a_new_store(path: Path) -> None:
    assert storefile.prepare(path, "first").store_id == "first"
    assert path.with_name("store.id").read_text() == "first\n"
    assert {p.name for p in path.parent.iterdir()} == {"queue.db", "store.id"}


def test_a_store_keeps_its_id(made: Path) -> None:
    assert storefile.prepare(made, "second").store_id == "first"


def test_only_the_owner_may_read_the_store(made: Path) -> None:
    made.chmod(0o644)
    storefile.prepare(made, "x")
    for file in made.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_zero_length_file_in_an_empty_folder_is_new(path: Path) -> None:
    path.touch()
    assert storefile.prepare(path, "first").store_id == "first"


def test_a_draft_of_a_creation_that_was_killed_is_no_obstacle(path: Path) -> None:
    path.with_name("queue.db.new").write_bytes(b"half")
    assert storefile.prepare(path, "first").store_id == "first"


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("lose", [Path.unlink, empty])
@pytest.mark.parametrize("left", ["store.id", "queue.db-wal"])
def test_a_lost_file_is_not_replaced_by_an_empty_store(
    made: Path, lose: Callable[[Path], object], left: str
) -> None:
    lose(made)
    made.with_name("store.id").rename(made.with_name(left))
    text = refusal(made)
    assert "is gone" in text
    assert f"remove {left}" in text


def test_a_store_without_its_mark_gets_it_back(made: Path) -> None:
    made.with_name("store.id").unlink()
    assert storefile.prepare(made, "x").store_id == "first"
    assert made.with_name("store.id").read_text() == "first\n"


def test_another_store_than_the_mark_names_is_refused(made: Path) -> None:
    made.with_name("store.id").write_text("other\n")
    assert "another store" in refusal(made)


@pytest.mark.parametrize("mark", [None, "PRAGMA application_id = 7"])
def test_a_foreign_database_is_refused(path: Path, mark: str | None) -> None:
    with closing(sqlite3.connect(path)) as foreign:
        foreign.executescript("PRAGMA journal_mode = WAL; CREATE TABLE queue (id); " + (mark or ""))
    text = refusal(path)
    assert "is not a store of Signalpost" in text
    assert "Move it away" in text


@pytest.mark.parametrize("content", [b"my notes", b"x" * 5000])
def test_a_file_that_is_no_database_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert "is not a store of Signalpost" in refusal(path)


def test_a_newer_store_is_refused(made: Path) -> None:
    with closing(sqlite3.connect(made)) as newer:
        newer.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    text = refusal(made)
    assert "newer Signalpost" in text
    assert "Upgrade" in text


def test_a_newer_version_in_the_table_is_refused_too(made: Path) -> None:
    with closing(sqlite3.connect(made)) as newer, newer:
        newer.execute("UPDATE meta SET value = value + 1 WHERE key = 'version'")
    assert "newer Signalpost" in refusal(made)


def test_a_store_without_its_tables_is_damaged(made: Path) -> None:
    with closing(sqlite3.connect(made)) as other:
        other.executescript("DROP TABLE meta")
    assert "is damaged" in refusal(made)


def test_a_store_without_its_marks_is_damaged(made: Path) -> None:
    with closing(sqlite3.connect(made)) as other, other:
        other.execute("DELETE FROM meta")
    assert "is damaged" in refusal(made)


def damaged_header(content: bytes) -> bytes:
    return b"\0" * 100 + content[100:]


def damaged_tree(content: bytes) -> bytes:
    return content[:4096] + b"\xff" * (len(content) - 4096)


def truncated(content: bytes) -> bytes:
    return content[:5000]


def damaged_page_size(content: bytes) -> bytes:
    return content[:16] + b"\xff\xff" + content[18:]


def damaged_unread(content: bytes) -> bytes:
    """Damage the last page, which only a check of everything looks at."""
    return content[:-4096] + b"\xff" * 4096


@pytest.mark.parametrize(
    "damage", [damaged_header, damaged_tree, truncated, damaged_page_size, damaged_unread]
)
def test_a_damaged_store_is_refused(made: Path, damage: Callable[[bytes], bytes]) -> None:
    made.write_bytes(damage(made.read_bytes()))
    text = refusal(made)
    assert "is damaged" in text
    assert "move queue.db, queue.db-wal and store.id away" in text


def test_moving_the_damaged_files_away_is_a_remedy(made: Path) -> None:
    made.write_bytes(b"\0" * 4096)
    for name in ("queue.db", "store.id"):
        made.with_name(name).rename(made.with_name(name + ".old"))
    assert storefile.prepare(made, "second").store_id == "second"


def test_a_link_is_not_followed(made: Path) -> None:
    made.rename(made.with_name("elsewhere"))
    made.symlink_to("elsewhere")
    assert "not a regular file" in refusal(made)


@pytest.mark.parametrize("part", ["queue.db", "queue.db-wal", "queue.db-shm", "store.id"])
def test_a_pipe_in_the_place_of_a_part_is_named_and_not_waited_for(made: Path, part: str) -> None:
    file = made.with_name(part)
    file.unlink(missing_ok=True)
    os.mkfifo(file)
    with pytest.raises(BrokerUnavailable, match=f"{part} (is not a|cannot be read: it is)"):
        storefile.prepare(made, "other")


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(SignalpostError, match="cannot be used"):
        storefile.prepare(tmp_path / "missing" / "queue.db", "x")


def test_a_moved_or_replaced_file_has_vanished(made: Path) -> None:
    file = storefile.prepare(made, "x")
    assert not file.vanished()
    made.rename(made.with_name("moved"))
    assert file.vanished()
    made.touch()
    assert file.vanished()
    made.with_name("moved").replace(made)
    assert not file.vanished()


def test_a_path_of_any_characters_will_do(tmp_path: Path) -> None:
    folder = tmp_path / "a ?#%41 é\udcff"
    folder.mkdir()
    assert storefile.prepare(folder / "queue.db", "first").store_id == "first"
    assert storefile.prepare(folder / "queue.db", "x").store_id == "first"


def test_a_refused_store_keeps_its_log_too(made: Path) -> None:
    crashed = made.parent / "crashed"
    crashed.mkdir()
    with closing(sqlite3.connect(made)) as writer:
        with writer:
            writer.execute("UPDATE meta SET value = 'unlike' WHERE key = 'store_id'")
        for name in ("queue.db", "queue.db-wal", "store.id"):
            (crashed / name).write_bytes(made.with_name(name).read_bytes())
    before = contents(crashed)
    with pytest.raises(BrokerUnavailable, match="another store"):
        storefile.prepare(crashed / "queue.db", "x")
    after = contents(crashed)
    after.pop("queue.db-shm", None)  # an index of the log, made anew by every reader
    assert after == before
