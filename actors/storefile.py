"""The file ``queue.db``: found, made, or refused untouched.

Beside it lies ``store.id``, which names the store that belongs here. SQLite
itself would take a missing or empty file for a new database without a word;
the name tells an empty folder from a lost store.

::

    queue.db            store.id        then
    missing or empty    missing         a new store is made
    missing or empty    there           refused: the store is lost
    ours                missing         store.id is written again
    ours                the same id     used
    ours                another id      refused
    ours                a later life    refused: its log is lost
    an older version    the same id     copied, then migrated
    anything else       any             refused: foreign, damaged or newer

A life is counted in both whenever the store is opened. Without ``queue.db-wal``,
where that and all that is new is at first, SQLite would go on with an older state.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import stat
import struct
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from ..transport.errors import BrokerUnavailable
from ..transport.regular_file import KIB, open_regular, read_regular
from . import fault, schema

logger = logging.getLogger(__name__)

_MAGIC = b"SQLite format 3\0"
_USER_VERSION_AT = 60
_APPLICATION_ID_AT = 68
_HEADER = 100
_LIFE = "life"
_CHECKED_WHOLE = 64 << 20
_ALWAYS_CHECKED = ("meta", "tasks", "agents", "forwards")


@dataclass(frozen=True, slots=True)
class StoreFile:
    """A store that was looked at and found good."""

    path: Path
    store_id: str
    device: int
    inode: int

    def vanished(self) -> bool:
        """Tell whether the path no longer leads to the file that was found."""
        try:
            now = self.path.lstat()
        except FileNotFoundError:
            return True
        return (now.st_dev, now.st_ino) != (self.device, self.inode)


def prepare(path: Path, new_id: str) -> StoreFile:
    """Return the store at ``path``, made under ``new_id`` when the folder holds none.

    :raises BrokerUnavailable: what is there is lost, foreign, damaged or too new;
        nothing was changed, and the text names the remedy
    """
    try:
        if _is_absent(path):
            _create(path, new_id)
        return _look(path)
    except (sqlite3.Error, OSError) as error:
        if _is_damage(error):
            raise _damaged(path, str(error)) from error
        if fault.is_full(error, path.parent):
            raise BrokerUnavailable(fault.full(error, path.parent)) from error
        raise BrokerUnavailable(
            f"{path} cannot be used: {error}. Check the disk and the permissions of the folder."
        ) from error


def connect(path: Path, options: str = "mode=rw") -> sqlite3.Connection:
    """Return a connection to an existing file, without implicit transactions.

    :raises sqlite3.Error: it cannot be opened
    """
    uri = f"file:{quote(os.fsencode(path.absolute()))}?{options}"
    # The timeout bounds how long a person's own sqlite3 can hold up a commit.
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=2.0)
    connection.text_factory = schema.text_of
    return connection


def begin_life(connection: sqlite3.Connection, path: Path) -> None:
    """Count a life of the store, in it and then beside it. What is written is to be synced.

    :raises sqlite3.Error: it cannot be written
    :raises OSError: likewise
    """
    connection.execute(
        "INSERT INTO meta VALUES (?, 1) ON CONFLICT (key) DO UPDATE SET value = value + 1", (_LIFE,)
    )
    meta = dict(connection.execute("SELECT key, value FROM meta"))
    # In its place and not synced: a loss of power leaves the old number or the new one.
    descriptor = open_regular(_id_path(path), os.O_WRONLY | os.O_NOFOLLOW)
    try:
        os.pwrite(descriptor, b"%010d\n" % meta[_LIFE], len(meta["store_id"]) + 1)
    finally:
        os.close(descriptor)


def _is_absent(path: Path) -> bool:
    for each in (path, _wal_path(path), path.with_name(path.name + "-shm")):
        if os.path.lexists(each) and not stat.S_ISREG(each.lstat().st_mode):
            raise BrokerUnavailable(f"{each} is not a regular file. Move it away.")
    if path.exists() and path.stat().st_size:
        return False
    for rest in (_id_path(path), _wal_path(path)):
        if rest.exists():
            raise BrokerUnavailable(
                f"{path} is gone, but {rest.name} beside it says that a store was here. "
                f"Put the file back, or remove {rest.name} to begin with an empty store."
            )
    return True


def _create(path: Path, store_id: str) -> None:
    """Make the whole store under another name, so that a half-made one is never found."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    with closing(connect(draft)) as connection:
        connection.executescript(f"BEGIN; {schema.TABLES} COMMIT; PRAGMA journal_mode = WAL;")
        connection.execute("INSERT INTO meta VALUES ('store_id', ?)", (store_id,))
        connection.execute("INSERT INTO meta VALUES ('version', ?)", (schema.VERSION,))
    _move(draft, path)


def _look(path: Path) -> StoreFile:
    found = _check_header(path)
    with closing(connect(path, _reading(path))) as connection:
        meta = dict(connection.execute("SELECT key, value FROM meta"))
        names = {line[0] for line in connection.execute("SELECT name FROM sqlite_master")}
        marked = connection.execute("PRAGMA user_version").fetchone()[0]
        problem = _problem(connection, found.st_size)
    store_id, version = meta.get("store_id"), meta.get("version")
    known = version if version in schema.STEPS else schema.VERSION
    if missing := schema.names(known) - names:
        raise _damaged(path, f"{min(missing)} is missing")
    if problem != "ok" or not isinstance(store_id, str) or not isinstance(version, int):
        raise _damaged(path, problem if problem != "ok" else "its marks are missing")
    _check_version(path, version)
    if version != marked:
        raise _damaged(path, "its two marks of a version differ")
    _check_id(path, store_id, int(meta.get(_LIFE, 0)))
    path.chmod(0o600)
    if version < schema.VERSION:
        _migrate(path, version)
    return StoreFile(path, store_id, found.st_dev, found.st_ino)


def _migrate(path: Path, version: int) -> None:
    """Make an older store one of this version, and keep a copy of what it was."""
    copy = path.with_name(f"{path.name}.version-{version}")
    draft = copy.with_name(copy.name + ".new")
    draft.unlink(missing_ok=True)
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    with closing(connect(path)) as connection:
        with closing(connect(draft)) as other:
            connection.backup(other)
        _move(draft, copy)
        connection.executescript(schema.migration(version))
    logger.info("%s is of store version %d now; %s is a copy", path, schema.VERSION, copy.name)


def _problem(connection: sqlite3.Connection, size: int) -> str:
    """Return "ok", or what is damaged: in all, or where a check of all would take seconds, in some.

    Damage elsewhere is found when it is read.
    """
    parts = ("1",) if size <= _CHECKED_WHOLE else _ALWAYS_CHECKED
    found = (connection.execute(f"PRAGMA quick_check ({part})").fetchone()[0] for part in parts)
    return next((problem for problem in found if problem != "ok"), "ok")


def _check_header(path: Path) -> os.stat_result:
    """Read the first bytes only: SQLite would write beside a file in opening it."""
    descriptor = open_regular(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        found, header = os.fstat(descriptor), os.read(descriptor, _HEADER)
    finally:
        os.close(descriptor)
    if len(header) < _HEADER or not header.startswith(_MAGIC):
        raise _damaged(path, "no database") if _id_path(path).exists() else _foreign(path)
    if struct.unpack_from(">I", header, _APPLICATION_ID_AT)[0] != schema.APPLICATION_ID:
        raise _foreign(path)
    _check_version(path, struct.unpack_from(">I", header, _USER_VERSION_AT)[0])
    return found


def _reading(path: Path) -> str:
    """With no log to read beside it, a file is read without leaving a trace."""
    return "mode=ro" if _wal_path(path).exists() else "mode=ro&immutable=1"


def _check_version(path: Path, version: int) -> None:
    if version < min(schema.STEPS):
        raise _damaged(path, f"store version {version} has never been")
    if version > schema.VERSION:
        raise BrokerUnavailable(
            f"{path} was written by a newer Signalpost (store version {version}; this one knows "
            f"{schema.VERSION}). Upgrade Signalpost, or choose another folder with --data-dir."
        )


def _check_id(path: Path, store_id: str, life: int) -> None:
    beside = _id_path(path)
    if not beside.exists():
        draft = beside.with_name(beside.name + ".new")
        draft.unlink(missing_ok=True)
        draft.touch(0o600, exist_ok=False)
        draft.write_text(store_id + "\n")
        _move(draft, beside)
        return
    named, _, lived = _named(beside).strip().partition(b"\n")
    if named != store_id.encode():
        raise BrokerUnavailable(
            f"{path} is another store than {beside.name} beside it names. "
            f"Put the right file back, or remove {beside.name} to use this one."
        )
    if lived.isdigit() and life < int(lived):
        raise BrokerUnavailable(
            f"{path} is older than {beside.name} beside it says: {path.name}-wal, which held what "
            f"is newer, is lost, or an old copy was put back. Put {path.name}-wal back, or remove "
            f"{beside.name} to go on with what {path.name} holds."
        )


def _named(beside: Path) -> bytes:
    try:
        return read_regular(beside, KIB)
    except OSError as error:
        raise BrokerUnavailable(
            f"{beside} cannot be read: {error.strerror}. Put the right file back, or remove it to"
            " use the store that is beside it."
        ) from error


def _move(draft: Path, path: Path) -> None:
    """Give a finished file its name, on disk too."""
    _sync(draft)
    draft.replace(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _id_path(path: Path) -> Path:
    return path.with_name("store.id")


def _wal_path(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _is_damage(error: Exception) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_ERROR,  # a table is missing
    )


def _foreign(path: Path) -> BrokerUnavailable:
    return BrokerUnavailable(
        f"{path} is not a store of Signalpost. "
        "Move it away, or choose another folder with --data-dir."
    )


def _damaged(path: Path, detail: str) -> BrokerUnavailable:
    return BrokerUnavailable(
        f"{path} is damaged ({detail}). Put a copy back, or move {path.name}, {path.name}-wal "
        "and store.id away to begin with an empty store."
    )
