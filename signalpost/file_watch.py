"""Waits until a file that others append to and replace changes. Nothing polls."""

from __future__ import annotations

import os
import select
import sys
from pathlib import Path

if sys.platform == "linux":
    import ctypes

    _MODIFY, _MOVED_TO, _CREATE = 0x02, 0x80, 0x100  # of <sys/inotify.h>
    _EVENTS = 64 * 1024

    class FileWatch:
        """Open it before reading the file, so that no change is missed in between.

        :raises OSError: the file's folder is missing, or this user watches too much
        """

        def __init__(self, path: Path) -> None:
            libc = ctypes.CDLL(None, use_errno=True)
            self._fd = _checked(libc.inotify_init1(os.O_CLOEXEC))
            # The folder, for the file may be replaced, or not be there yet.
            folder = os.fsencode(path.parent)
            _checked(libc.inotify_add_watch(self._fd, folder, _MODIFY | _MOVED_TO | _CREATE))

        def wait(self, seconds: float | None = None) -> None:
            """Return when something has changed since the last call, perhaps another file.

            :param seconds: or after so long
            """
            if select.select([self._fd], [], [], seconds)[0]:
                os.read(self._fd, _EVENTS)

        def close(self) -> None:
            """Stop watching."""
            os.close(self._fd)

    def _checked(result: int) -> int:
        if result < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return result

else:

    class FileWatch:
        """Open it before reading the file, so that no change is missed in between.

        :raises OSError: the file's folder is missing
        """

        def __init__(self, path: Path) -> None:
            self._path = path
            self._queue = select.kqueue()
            self._folder = os.open(path.parent, os.O_RDONLY)
            self._file = -1
            self._watch(self._folder)
            self._open_file()

        def wait(self, seconds: float | None = None) -> None:
            """Return when something has changed since the last call, perhaps another file.

            :param seconds: or after so long
            """
            self._queue.control(None, 1, seconds)
            self._open_file()

        def close(self) -> None:
            """Stop watching."""
            for fd in (self._folder, self._file):
                if fd >= 0:
                    os.close(fd)
            self._queue.close()

        def _open_file(self) -> None:
            """Watch the file that has the name now."""
            if self._file >= 0:
                os.close(self._file)
            try:
                self._file = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK)
            except FileNotFoundError:
                self._file = -1  # the folder tells when it comes
            else:
                self._watch(self._file)

        def _watch(self, fd: int) -> None:
            notes = select.KQ_NOTE_WRITE | select.KQ_NOTE_EXTEND | select.KQ_NOTE_RENAME
            flags = select.KQ_EV_ADD | select.KQ_EV_CLEAR
            event = select.kevent(fd, select.KQ_FILTER_VNODE, flags, notes)
            self._queue.control([event], 0)
