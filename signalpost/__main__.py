"""``signalpost`` and ``python -m signalpost``: the edge where errors become exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import NoReturn

import click

from . import exit_codes
from .command_line import signalpost
from .transport.errors import SignalpostError


def main() -> NoReturn:
    """Run the command line of this process and exit."""
    _open_missing_descriptors()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal without Unicode shows a question mark rather than a traceback.
            stream.reconfigure(errors="replace")
    sys.exit(exit_code(sys.argv[1:]))


def exit_code(words: Sequence[str]) -> int:
    """Do what ``words`` ask for and return the exit code. Errors are one line on stderr."""
    try:
        code: object = signalpost.main(list(words), "signalpost", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except SignalpostError as error:
        click.echo(f"signalpost: {error.code}: {error}", err=True)
        return exit_codes.of_error(error)
    except (KeyboardInterrupt, click.Abort):
        return exit_codes.INTERRUPTED
    return code if isinstance(code, int) else exit_codes.OK


def _open_missing_descriptors() -> None:
    """Fill closed standard streams, or our next socket would be taken for one."""
    for fd in (0, 1, 2):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


if __name__ == "__main__":
    main()
