"""A client that is started from inside a session of another: its hooks never speak for the outer."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.signalpost.hook_inputs import written
from tests.system.place import SIGNALPOST, Place, within
from tests.system.test_hooks import alice, context, ended

STARTS = "import subprocess, sys\nsys.exit(subprocess.call(sys.argv[1:]))\n"


def native(_place: Place, name: str) -> list[str]:
    """Return the words of a stand-in for a client: it runs what follows as a child."""
    return ["/bin/bash", "-c", f'exec -a {name} /bin/sh -c \'"$@"; exit $?\' - "$@"', "-"]


def scripted(place: Place, name: str) -> list[str]:
    """Return those of one that an interpreter runs."""
    path = place.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(STARTS)
    return [sys.executable, "-u", str(path)]


def hook(place: Place, word: str, event: str, *inside: str) -> subprocess.Popen[bytes]:
    """Start a hook of a client that a shell of the outer one has started."""
    words = ("hook", word, "--client", "claude-code", "--limit", "1")
    process = place.start(*inside, *SIGNALPOST, *words)
    assert process.stdin is not None
    process.stdin.write(written("claude-code", event))
    process.stdin.close()
    process.stdin = None
    return process


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (native, "claude"),
        (native, "/opt/bin/codex"),
        (scripted, "gemini"),
        (scripted, "node_modules/@github/copilot/index.js"),
    ],
)
@within(60)
async def test_the_hooks_of_an_inner_client_without_a_bridge_say_nothing(
    place: Place, kind: Callable[[Place, str], list[str]], name: str
) -> None:
    async with alice(place):
        async with place.client("bob") as bob:
            await bob.send("alice", "for the outer")
        for word, event in (("session-start", "SessionStart"), ("prompt", "UserPromptSubmit")):
            assert await ended(hook(place, word, event, *kind(place, name))) == b""
        told = context(await ended(hook(place, "prompt", "UserPromptSubmit")))
        assert "1 unread message" in told, "it is news to the outer still"


@pytest.mark.parametrize("kind", [native, scripted])
@within(60)
async def test_a_program_between_that_is_no_client_changes_nothing(
    place: Place, kind: Callable[[Place, str], list[str]]
) -> None:
    async with alice(place):
        process = hook(place, "session-start", "SessionStart", *kind(place, "make"))
        assert context(await ended(process)).startswith("You are the Signalpost agent alice.")
