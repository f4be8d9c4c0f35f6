from __future__ import annotations

import subprocess
import sys

import pytest

from signalpost import hook, hook_answer
from signalpost.hook_names import CLIENTS, WORDS
from signalpost.hook_words import HookOrder

HEAVY = {"anyio", "asyncio", "click", "rich", "psutil", "mcp", "sqlite3"}


def test_a_hook_loads_nothing_heavy_and_only_its_own_contract() -> None:
    code = (
        "import sys; from signalpost.hook import contract_of; contract_of('codex')\n"
        "from signalpost.transport import direct; print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    loaded = set(done.stdout.decode().split())
    assert loaded & HEAVY == set()
    contracts = {f"signalpost.hook_{client}" for client in ("claude", *CLIENTS)}
    assert loaded & contracts == {"signalpost.hook_codex"}


def test_without_a_broker_not_even_zeromq_is_loaded() -> None:
    code = "import sys, signalpost.hook; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert not set(done.stdout.decode().split()) & {*HEAVY, "zmq"}


def test_every_client_has_a_contract_of_its_own() -> None:
    kinds = [type(hook.contract_of(client)) for client in CLIENTS]
    assert len(set(kinds)) == len(CLIENTS)


def test_a_fault_of_ours_tells_its_place_and_nothing_of_the_input() -> None:
    def fails(password: str) -> None:
        raise ValueError(password)

    with pytest.raises(ValueError, match="secret") as caught:
        fails("secret")
    told = hook._fault(caught.value)  # pyright: ignore[reportPrivateUsage]
    assert told.startswith("ValueError at test_hook.py:")
    assert "secret" not in told


def test_no_hook_lasts_longer_than_its_event_allows() -> None:
    def longest(order: HookOrder | None) -> float:
        return hook._longest(order)  # pyright: ignore[reportPrivateUsage]

    quick = [HookOrder(word=word, client="codex") for word in WORDS if word != "session-start"]
    assert {longest(order) for order in [*quick, None]} == {1.0}
    assert longest(HookOrder(word="prompt", client="codex", wait=60, start=True)) == 1.0
    assert longest(HookOrder(word="session-start", client="codex")) == 3.0
    starting = HookOrder(word="session-start", client="codex", start=True)
    assert longest(starting) == 4.0
    # Else it would be ended before it can keep for later what it could not say.
    assert hook_answer.START_SECONDS + hook_answer.limit_of(starting) < longest(starting)
    assert 60 < longest(HookOrder(word="stop", client="codex", wait=60)) < 70


def test_the_broker_is_given_a_tenth_of_a_second() -> None:
    limits = {w: hook_answer.limit_of(HookOrder(word=w, client="codex")) for w in WORDS}
    assert limits.pop("session-start") == 0.5
    assert set(limits.values()) == {0.1}
    assert hook_answer.limit_of(HookOrder(word="stop", client="codex", limit=2)) == 2
