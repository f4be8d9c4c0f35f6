"""The right to run a job: its running record, which only one shim can make.

    drafted, nobody sees it ──take──> there is the record: it runs
                               ├────> another has made it, or the broker is dead: it does not
                               └────> it cannot be written: it runs without

Standard library only: this module runs inside the shim.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from . import shim_record


class Claim:
    """To the record at ``path``.

    ``identity`` returns what it is to tell, ``cut_off`` whether the broker is dead; what
    hinders the writing is added to ``faults``.
    """

    def __init__(
        self,
        path: str,
        identity: Callable[[], Mapping[str, object]],
        cut_off: Callable[[], bool],
        faults: list[str],
    ) -> None:
        self.recorded = False
        self._path = path
        self._identity = identity
        self._cut_off = cut_off
        self._faults = faults
        self._draft: shim_record.Draft | None = None

    def draft(self) -> None:
        """Write the record beforehand, with what is known now, where nobody sees it."""
        self._draft = self._draft or shim_record.draft(self._path, self._identity())

    def take(self) -> bool:
        """Take the right. The broker may have died before this shim came to its job.

        The next one lets a task without a record start anew, and has seen this record if
        this shim then finds the lifeline whole.
        """
        try:
            self._publish()
        except FileExistsError:
            return False
        except OSError as error:
            self._faults.append(f"record: {error.strerror}")
            return not self._cut_off()
        if self._cut_off():
            os.unlink(self._path)
            return False
        self.recorded = True
        return True

    def _publish(self) -> None:
        draft, self._draft = self._draft, None
        if draft is None or not draft.publish(self._path):
            shim_record.create(self._path, self._identity())
