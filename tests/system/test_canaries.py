"""Case 47: secrets are only where they belong, whatever goes wrong.

What messages say: tests/system/test_mail_secrets.py. The demo: tests/system/test_demo.py.
A command line is stored and shown, as README says: no secret belongs there.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from signalpost.transport.errors import BadRequest, SignalpostError, TooLarge
from tests.system.bridge import bridge
from tests.system.letterbox import line
from tests.system.place import SIGNALPOST, Place, within
from tests.system.processes import bound_to

INHERITED = "canary-of-the-environment"
ADDED = "canary-of-env-vars"
DESCRIBED = "canary-of-a-description"
WRONG = "canary-in-a-wrong-request"
ALL = (INHERITED, ADDED, DESCRIBED, WRONG)


def holding(texts: dict[str, bytes], canary: str) -> set[str]:
    """Return where a canary is."""
    return {where for where, text in texts.items() if canary.encode() in text}


def written(place: Place) -> dict[str, bytes]:
    """Return every file of the state folder and beside it, by name."""
    files = [*place.state.rglob("*"), *place.folder.glob("state.*")]
    return {path.name: path.read_bytes() for path in files if path.is_file()}


def of_processes(place: Place, name: str) -> dict[str, bytes]:
    """Return the arguments, or the environment, of every process that was started here."""
    found = {pid: Path(f"/proc/{pid}/{name}") for pid in bound_to(place.folder)}
    return {f"pid {pid}": path.read_bytes() for pid, path in found.items() if path.exists()}


async def err(place: Place) -> None:
    """Ask for what cannot be, with a canary in it."""
    async with place.client("clumsy", start=False) as clumsy:
        for env_vars in ({"A": f"{WRONG}\0"}, {"A": WRONG, "B": "x" * (1 << 20)}):
            with pytest.raises((BadRequest, TooLarge)) as refused:
                await clumsy.run_task("true", "/tmp", env_vars=env_vars)
            assert WRONG not in str(refused.value)
        told = await clumsy.run_task("true", "/tmp", "other", env_vars={"A": WRONG * 6000})
        assert WRONG not in f"{told}"
        with pytest.raises(SignalpostError) as unsent:
            await clumsy.send("nobody", WRONG, metadata={"a": WRONG})
        assert WRONG not in str(unsent.value)


@within(60)
async def test_an_environment_is_with_its_command_and_a_description_in_the_store_and_nowhere_else(
    place: Place,
) -> None:
    environment = place.environment(SECRET=INHERITED)
    gate = place.fifo("gate")
    async with bridge(place, "alice", environment=environment) as alice:
        await alice.handshake()
        await line(alice, "register_agent", name="alice", description=DESCRIBED)
        task = alice.run_task(
            f"echo up; read _ <{gate}; exit 3", env_vars={"ADDED": ADDED}, token="t"
        )
        await alice.note("running")
        await err(place)
        shim = of_processes(place, "environ")
        assert len(holding(shim, ADDED)) >= 1
        arguments = of_processes(place, "cmdline")
        broker = f"pid {place.broker().pid}"
        assert broker not in holding(shim, INHERITED) | holding(shim, ADDED)
        said = [await place.run(*SIGNALPOST, *words, environment=environment) for words in LOOKS]
        gate.open()
        result = await alice.text(task)
        assert result.startswith("FAILED exit=3")
    shown = {str(done.args): done.stdout + done.stderr for done in said} | {
        "result": result.encode()
    }
    files = written(place)
    assert {"queue.db", "broker.log", "signalpost-logs.json", "task_1.log"} <= files.keys()
    for canary in (INHERITED, ADDED, WRONG):
        assert holding(files | arguments | shown, canary) == set(), canary
    store = {name for name in files if name.startswith("queue.db")}
    assert holding(files, DESCRIBED) & store
    assert holding(files, DESCRIBED) - store == set()
    assert holding(arguments | shown, DESCRIBED) == set()


LOOKS = (
    ("doctor",),
    ("doctor", "--json"),
    ("list", "--json"),
    ("logs", "-n", "100"),
    ("status", "1"),
    ("run", "--no-such-option"),
)


@within(40)
async def test_the_token_of_a_session_is_told_to_nobody_else(place: Place) -> None:
    async with place.client("alice") as alice, place.client("bob") as bob:
        assert alice.welcome is not None
        token = alice.welcome.session
        await alice.send("bob", "hello")
        shown = f"{await bob.agents()} {await bob.info()} {await bob.take()} {await bob.inboxes()}"
        looks = [
            await place.run(*SIGNALPOST, *words) for words in (("doctor", "--json"), ("agents",))
        ]
        texts = written(place) | of_processes(place, "cmdline") | {"shown": shown.encode()}
        texts |= {str(done.args): done.stdout + done.stderr for done in looks}
        for form in (token, token.hex().encode(), repr(token).encode()):
            assert {where for where, text in texts.items() if form in text} == set()
