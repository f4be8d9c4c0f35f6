"""How an environment that a client has stripped is completed by that of a login shell. Pure."""

from __future__ import annotations

from collections.abc import Mapping

Variables = Mapping[bytes, bytes]

_OF_THE_SHELL = frozenset(
    {b"_", b"PWD", b"OLDPWD", b"SHLVL", b"TERM", b"COLUMNS", b"LINES", b"PS1"}
)
_SECRETS = (b"CLAUDE_CODE_MESSAGING_", b"SIGNALPOST_")


def completed(bare: Variables, login: Variables) -> dict[bytes, bytes]:
    """Return ``bare`` with what only ``login`` has; of PATH the parts, the bare ones first."""
    missing = {
        name: value
        for name, value in login.items()
        if name not in bare and name not in _OF_THE_SHELL and not name.startswith(_SECRETS)
    }
    both = {**bare, **missing}
    if b"PATH" in bare and b"PATH" in login:
        parts = [*bare[b"PATH"].split(b":"), *login[b"PATH"].split(b":")]
        both[b"PATH"] = b":".join(dict.fromkeys(part for part in parts if part))
    return both


def is_whole(output: bytes, mark: bytes) -> bool:
    """Tell whether a shell has printed ``mark``, its variables, and ``mark`` again."""
    return output.count(_between(mark)) > 1


def read_variables(output: bytes, mark: bytes) -> dict[bytes, bytes]:
    """Return what ``env -0`` has printed between two marks; a profile may have printed before."""
    if not is_whole(output, mark):
        return {}
    pairs = [entry.partition(b"=") for entry in output.split(_between(mark))[1].split(b"\0")]
    return {name: value for name, equals, value in pairs if equals and name}


def _between(mark: bytes) -> bytes:
    return b"\0" + mark + b"\0"
