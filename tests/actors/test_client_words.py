from __future__ import annotations

import pytest

from signalpost.actors.client_words import is_client


@pytest.mark.parametrize(
    "line",
    [
        "claude",
        "/home/a/.local/bin/claude -p hello",
        "codex exec",
        "node /usr/local/bin/gemini",
        "/usr/bin/node --max-old-space-size=8192 /usr/local/bin/gemini -p x",
        "node /usr/lib/node_modules/@google/gemini-cli/dist/index.js",
    ],
)
def test_a_client_is_known_by_its_program_or_by_what_its_interpreter_runs(line: str) -> None:
    assert is_client(line.split())


@pytest.mark.parametrize(
    "line",
    [
        "",
        "/bin/sh -c claude",
        "make claude",
        "node /work/codex/build.js",
        "python -m signalpost hook prompt --client gemini",
        "vim codex",
        "node -e 1",
        "/usr/share/code/code --type=utility",
    ],
)
def test_what_only_speaks_of_a_client_is_none(line: str) -> None:
    assert not is_client(line.split())
