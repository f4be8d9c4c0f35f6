"""``signalpost`` and ``python -m signalpost``: what comes before everything else is loaded.

interpreter ──> Ctrl-C leaves at once ──> load, read the words ──> Ctrl-C is an error like others
                                      └─> a bridge, set up by its defaults
"""

from __future__ import annotations

import os
import signal
import sys

TYPE_CHECKING = False  # as type checkers know it; loading typing takes longer than all of this
if TYPE_CHECKING:
    from typing import NoReturn


def main() -> NoReturn:
    """Run the command line of this process and exit."""
    heeded = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if heeded:  # not in the background of a script, where it is ignored
        signal.signal(signal.SIGINT, _leave)
    _open_missing_descriptors()
    if sys.argv[1:2] == ["hook"]:
        from .hook import main as hook

        hook(sys.argv[2:])
    if sys.argv[1:2] == ["mcp"]:
        _take_shortcut()
    from . import edge, exit_codes

    try:
        if heeded:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        code = edge.exit_code(sys.argv[1:])
    except KeyboardInterrupt:
        code = exit_codes.INTERRUPTED
    if heeded:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # nobody is left to be told of one
    sys.exit(code)


def _take_shortcut() -> None:
    """Be a bridge until the end of the process; return when the words say more than that."""
    from . import shortcut

    if options := shortcut.bridge(sys.argv[1:]):
        from .mcp_bridge.start import main

        main(options)


def _leave(number: int, _frame: object) -> NoReturn:
    """End now: nothing has begun that would have to be cleared up."""
    os._exit(128 + number)


def _open_missing_descriptors() -> None:
    """Fill closed standard streams, or our next socket would be taken for one."""
    for fd in (0, 1, 2):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


if __name__ == "__main__":
    main()
