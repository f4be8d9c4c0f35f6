"""A configuration file of another program: read whole, written whole, never left half."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from .transport.errors import BadRequest
from .transport.regular_file import MIB, open_regular, read_within

MOST = 64 * MIB
_NEW_MODE = 0o600


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """One file; a link leads to the file that is meant."""

    path: Path

    def read(self) -> bytes | None:
        """Return what is in it; None: it is missing.

        :raises BadRequest: it cannot be read, or is no file of this user
        """
        try:
            with open(open_regular(self.target), "rb") as file:
                owner, content = os.fstat(file.fileno()).st_uid, read_within(file, MOST)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise BadRequest(
                f"cannot read it: {error.strerror}. See to {self.target}, and try again."
            ) from error
        if owner != os.getuid():
            raise BadRequest("it belongs to another user. Run setup as that user.")
        return content

    def write(self, data: bytes | None, before: bytes | None) -> None:
        """Put ``data`` in its place at once, or remove it; mode and links stay.

        :param before: what was read
        :raises BadRequest: it has changed since, or cannot be written
        """
        if self.read() != before:
            raise BadRequest(
                "it has changed meanwhile. Close the program that writes it, and try again."
            )
        target = self.target
        try:
            if data is None:
                target.unlink(missing_ok=True)
                return
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._replace(target, data)
        except OSError as error:
            raise BadRequest(
                f"cannot write it: {error.strerror}. Nothing was changed in it; see whether you may"
                f" write into {target.parent}, and whether there is room."
            ) from error

    @property
    def target(self) -> Path:
        """Return the file that is meant, behind all links."""
        return Path(os.path.realpath(self.path))

    def missing_folders(self) -> list[Path]:
        """Return the folders that are made when it is written, the outermost first."""
        return [folder for folder in reversed(self.target.parents) if not folder.exists()]

    def _replace(self, target: Path, data: bytes) -> None:
        mode, group = _NEW_MODE, -1
        with contextlib.suppress(FileNotFoundError):
            old = target.stat()
            mode, group = stat.S_IMODE(old.st_mode), old.st_gid
            if not mode & stat.S_IWUSR:
                raise BadRequest(
                    f"it is read-only. To have it changed: chmod u+w {quote(str(target))}"
                )
        fresh = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        try:
            with open(descriptor, "wb") as file:
                with contextlib.suppress(PermissionError):  # not every group may be given
                    os.fchown(descriptor, -1, group)
                os.fchmod(descriptor, mode)
                file.write(data)
                file.flush()
                os.fsync(descriptor)
            fresh.replace(target)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise
