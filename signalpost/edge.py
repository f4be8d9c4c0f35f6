"""The edge of the command line, where errors become exit codes."""

from __future__ import annotations

import contextlib
import errno
import sys
from collections.abc import Sequence
from io import FileIO, TextIOWrapper

import click

from . import exit_codes
from .command_line import give_output_up, signalpost
from .notice import say
from .transport.errors import SignalpostError

_NO_OUTPUT = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)


def exit_code(words: Sequence[str]) -> int:
    """Do what ``words`` ask for and return the exit code. Errors are one line on stderr."""
    if sys.stdout is not None and isinstance(getattr(sys.stdout, "buffer", None), FileIO):
        # PYTHONUNBUFFERED: Python forgets what the system did not take in one go.
        sys.stdout = open(1, "w", encoding=sys.stdout.encoding, closefd=False)  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal without Unicode shows a question mark rather than a traceback.
            stream.reconfigure(errors="replace")
    try:
        code: object = signalpost.main(list(words), "signalpost", standalone_mode=False)
    except click.ClickException as error:
        with contextlib.suppress(OSError):  # there is nobody to show it to
            error.show()
        return error.exit_code
    except SignalpostError as error:
        say(f"{error.code}: {error}")
        return exit_codes.of_error(error)
    except OSError as error:
        return _of_system(error)
    except (KeyboardInterrupt, click.Abort):
        return exit_codes.INTERRUPTED
    return code if isinstance(code, int) else exit_codes.OK


def _of_system(error: OSError) -> int:
    """Tell what the system refused; where no file is named it is the output, most often."""
    what = error.strerror or str(error)
    if error.errno in _NO_OUTPUT and error.filename is None:
        what = f"cannot write the output: {what}"
        give_output_up()
    say(f"{error.filename}: {what}" if error.filename is not None else what)
    return exit_codes.WRONG
