"""What a person is told besides the answer."""

from __future__ import annotations

import click


def say(text: str) -> None:
    """Tell the person something that is not the answer: one line on standard error."""
    try:
        click.echo(f"signalpost: {text}", err=True)
    except OSError:
        return  # the terminal is gone; there is nobody to tell
