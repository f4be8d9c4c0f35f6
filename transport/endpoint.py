"""Where a broker keeps its things and how it is found.

    <data-dir>/            0700
        run/broker.json    the published endpoint; clients read only this
        run/b-*.sock       the socket, unless its path would be too long
        output/            logs of tasks
    <data-dir>.lock        held by the broker; a sibling, so that emptying the folder frees nothing
    <data-dir>.start       held while somebody starts a broker

Discovery depends on nothing but the data dir: clients filter the environment,
and two agents that disagree would silently get two brokers.
"""

from __future__ import annotations

import os
import pwd
import socket
import stat
import struct
import sys
from pathlib import Path

import msgspec

from .errors import BadRequest, BrokerUnavailable
from .regular_file import KIB, read_regular

ENV_DATA_DIR = "SIGNALPOST_DATA_DIR"
_LARGEST = 64 * KIB
MAX_SOCKET_PATH = 100
"""Linux takes 107 bytes, macOS 103; the streams of `run` have longer names than the socket."""

_NETWORK = frozenset(
    {
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "9p",
        "afs",
        "ceph",
        "glusterfs",
        "lustre",
        "fuse.sshfs",
    }
)


class Published(msgspec.Struct, frozen=True):
    """What ``run/broker.json`` says of the serving broker."""

    endpoint: str
    epoch: str
    pid: int
    start_time: float
    version: str


def data_dir(option: str | os.PathLike[str] | None = None) -> Path:
    """Return the data dir: the option, ``SIGNALPOST_DATA_DIR``, else the default of the platform.

    :raises BadRequest: a relative path, which two agents would read differently; or no home
    """
    chosen = option or os.environ.get(ENV_DATA_DIR)
    if not chosen:
        return default_data_dir()
    path = Path(os.path.expanduser(chosen))
    if not path.is_absolute():
        raise BadRequest(f"the data dir {str(chosen)!r} is relative. Give an absolute path.")
    return Path(os.path.normpath(path))


def default_data_dir() -> Path:
    """Return the data dir that is found where none is named."""
    own = home()
    if sys.platform == "darwin":
        return own / "Library" / "Application Support" / "signalpost"
    return own / ".local" / "state" / "signalpost"


def home() -> Path:
    """Return the home folder; a relative HOME, which leads anywhere, counts for nothing."""
    named = Path(os.environ.get("HOME", ""))
    if named.is_absolute():
        return named
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError as error:
        raise BadRequest(
            f"HOME is not an absolute path, and uid {os.getuid()} has no entry in the password"
            " database. Set HOME, or give --data-dir."
        ) from error


def run_dir(folder: Path) -> Path:
    """Return the folder of the socket, ``broker.json`` and the records of running tasks."""
    return folder / "run"


def output_dir(folder: Path) -> Path:
    """Return the folder of the tasks' logs."""
    return folder / "output"


def lock_path(folder: Path) -> Path:
    """Return the file whose lock makes a broker the only one of its data dir."""
    return folder.with_name(folder.name + ".lock")


def start_lock_path(folder: Path) -> Path:
    """Return the file whose lock makes one process the only one that starts a broker."""
    return folder.with_name(folder.name + ".start")


def log_path(folder: Path) -> Path:
    """Return the broker's own log."""
    return folder / "broker.log"


def prepare(folder: Path) -> None:
    """Make the data dir and the folders in it, private to this user.

    :raises BadRequest: one is a symlink, someone else's, open to others or on a network
    """
    _make_parents(folder.parent)
    refuse_network(folder.parent)
    for path in (folder, run_dir(folder), output_dir(folder)):
        make_private(path)


def _make_parents(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BadRequest(
            f"cannot make {folder}: {error.strerror}. Choose another place with --data-dir."
        ) from error


def make_private(path: Path) -> None:
    """Make a folder that is private to this user, or check that the one there is.

    :raises BadRequest: it cannot be made, or others could have prepared or can enter it
    """
    try:
        path.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise BadRequest(
            f"cannot make {path}: {error.strerror}. Choose another place with --data-dir."
        ) from error
    check_private(path)


def check_private(path: Path) -> None:
    """Refuse a folder that others could have prepared or can enter.

    :raises BadRequest: a symlink, another owner, or open to group or others
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise BadRequest(
            f"{path} is no folder of its own ({error.strerror}). Remove it or choose another --data-dir."
        ) from error
    try:
        status = os.fstat(fd)
    finally:
        os.close(fd)
    if status.st_uid != os.getuid():
        raise BadRequest(f"{path} belongs to uid {status.st_uid}. Choose another --data-dir.")
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise BadRequest(f"{path} is open to other users. Run: chmod 700 '{path}'")


def refuse_network(path: Path) -> None:
    """Refuse a network file system: locks and sockets are not dependable there.

    :raises BadRequest: ``path`` lies on one
    """
    kind = _file_system(path)
    if kind in _NETWORK:
        raise BadRequest(
            f"{path} is on a network file system ({kind}). Choose a local folder with --data-dir."
        )


def _file_system(path: Path) -> str:
    try:
        lines = Path("/proc/self/mountinfo").read_text(errors="replace").splitlines()
    except OSError:
        return ""  # no such file outside Linux: nothing is known, nothing is refused
    real = os.path.realpath(path)
    best, kind = -1, ""
    for line in lines:
        left, _, right = line.partition(" - ")
        mount = left.split(" ")[4].replace("\\040", " ")
        inside = mount == "/" or real == mount or real.startswith(mount + "/")
        if inside and len(mount) >= best:
            best, kind = len(mount), right.split(" ")[0]
    return kind


def choose_socket(folder: Path, epoch: str) -> Path:
    """Return a fresh path for the broker's socket, short enough for the kernel."""
    inside = run_dir(folder) / f"b-{epoch[:8]}.sock"
    if len(os.fsencode(str(inside))) <= MAX_SOCKET_PATH - 12:
        return inside
    import tempfile  # what only looks for a broker has no use for it

    # Predictable names in /tmp can be prepared by others; mkdtemp's are random and 0700.
    return Path(tempfile.mkdtemp(prefix="signalpost-", dir="/tmp")) / "b.sock"


def publish(folder: Path, published: Published) -> None:
    """Write ``run/broker.json`` in one step.

    :raises BrokerUnavailable: a folder is in its place
    """
    target = run_dir(folder) / "broker.json"
    scratch = target.with_name(f".broker.{os.urandom(4).hex()}")
    fd = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(msgspec.json.encode(published))
    try:
        scratch.rename(target)
    except IsADirectoryError as error:
        scratch.unlink()
        raise BrokerUnavailable(f"{target} is a folder. Move it away.") from error


def read_published(folder: Path) -> Published | None:
    """Return what the last broker published, or None when there is nothing to read."""
    try:
        data = read_regular(run_dir(folder) / "broker.json", _LARGEST)
    except OSError:
        return None
    try:
        return msgspec.json.decode(data, type=Published)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def find(folder: Path) -> Published | None:
    """Return the broker that serves ``folder`` now, or None.

    The socket itself is asked, since a pid means nothing in another PID namespace.
    Whoever listens there gets commands and their environment: it must be this user.

    :raises BrokerUnavailable: it exists but belongs to another user
    :raises BadRequest: others could have put there what is published
    """
    published = read_published(folder)
    if published is None:
        return None
    for path in (folder, run_dir(folder)):
        check_private(path)
    probe = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with probe:
        probe.setblocking(False)
        try:
            probe.connect(published.endpoint.removeprefix("ipc://"))
        except PermissionError as error:
            raise _not_ours(published) from error
        except BlockingIOError:
            return published  # so many knock that none more may wait: somebody does listen
        except (OSError, ValueError):
            return None
        if _uid_behind(probe) != os.getuid():
            raise _not_ours(published)
    return published


def _not_ours(published: Published) -> BrokerUnavailable:
    return BrokerUnavailable(f"{published.endpoint} is not ours. Choose another --data-dir.")


def _uid_behind(probe: socket.socket) -> int:
    """Return the user who listens at the other end; our own where the kernel does not tell."""
    if sys.platform != "linux":
        return os.getuid()
    told = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", told)[1])
