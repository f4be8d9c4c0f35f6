"""What a client asked of the broker's settings, and what it got. Pure.

The process that starts a broker sets its options for that life; those of the
others have no effect, and each is told so in one line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence


def unmet(options: Sequence[str], settings: Mapping[str, str]) -> list[str]:
    """Return the options that differ from the settings in force, with those.

    :param options: words of a command line, as for ``signalpost broker``
    :param settings: the settings in force, as the broker's welcome tells them
    """
    return [
        f"{name} {wanted} (in force: {settings.get(name) or 'none'})"
        for name, wanted in _pairs(options)
        if not _holds(name, wanted, settings.get(name, ""))
    ]


def _pairs(options: Sequence[str]) -> Iterator[tuple[str, str]]:
    words = iter(options)
    for word in words:
        name, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
        if name == "--no-tasks":
            yield name, "yes"
        else:
            yield name, value if equals else next(words, "")


def _holds(name: str, wanted: str, in_force: str) -> bool:
    if name == "--queue":
        return wanted in in_force.split()
    if wanted == in_force:
        return True
    try:
        return float(wanted) == float(in_force)
    except ValueError:
        return False
