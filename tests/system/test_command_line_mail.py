"""People and agents write each other: the command line, a real broker, a Python client."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Awaitable, Callable

import anyio
import pytest

import signalpost
from signalpost.transport.client import Client
from signalpost.transport.letters import Held
from tests.system.home import SECONDS, Home, line_of
from tests.system.terminal import terminal


@pytest.fixture
def alice(home: Home) -> Callable[[Callable[[Client], Awaitable[None]]], None]:
    """Do something as the agent alice, who is known from then on."""

    def act(work: Callable[[Client], Awaitable[None]]) -> None:
        async def connected() -> None:
            with anyio.fail_after(SECONDS):
                async with signalpost.connect("alice", data_dir=home.state) as client:
                    await client.agents()
                    await work(client)

        anyio.run(connected)

    return act


Alice = Callable[[Callable[[Client], Awaitable[None]]], None]


async def _nothing(_: Client) -> None:
    """Be known."""


async def _send(client: Client) -> None:
    await client.send("person", "the build is green", kind="result", metadata={"n": 1})


async def _fail_five_times(client: Client) -> None:
    for _ in range(5):
        taken = await client.take(wait_seconds=SECONDS)
        await client.settle([Held(m.id, m.lease) for m in taken.messages], "nack")


def _ids(home: Home, *words: str) -> list[str]:
    return [message["id"] for message in json.loads(home.run(*words, "--json").stdout)]


def test_a_person_writes_to_an_agent_who_is_not_there(home: Home, alice: Alice) -> None:
    alice(_nothing)
    done = home.run("send", "-t", "status", "-m", "branch=main", "alice", "hello")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"sent ")
    assert done.stdout.endswith(b" to alice: stored\n")
    inbox = home.run("inbox", "alice").stdout.decode()
    assert inbox.startswith("alice: 1 of 1000 unread, oldest ")
    assert "person  status" in inbox
    agents = home.run("agents").stdout.decode().splitlines()
    assert next(line.split()[1] for line in agents if line.startswith("alice")) == "gone"


def test_what_an_agent_sends_is_read_once(home: Home, alice: Alice) -> None:
    alice(_send)
    assert b"signalpost receive" in home.run("list").stderr
    assert b"the build is green" in home.run("receive", "--peek").stdout
    done = home.run("receive", "--json", "--timeout", "0")
    message = json.loads(done.stdout)
    assert (message["from"], message["to"], message["type"]) == ("alice", "person", "result")
    assert message["payload"] == {"content": "the build is green", "metadata": {"n": 1}}
    again = home.run("receive", "--timeout", "0")
    assert (again.returncode, again.stdout, again.stderr) == (1, b"", b"")


def test_what_nobody_could_read_comes_again(home: Home, alice: Alice) -> None:
    alice(_send)
    process = home.start("receive", "--timeout", "0")
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(SECONDS) == 141
    assert b"the build is green" in home.run("receive", "--timeout", "0").stdout


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_leaves_in_the_middle_of_a_message_gets_it_again(
    home: Home, alice: Alice, unbuffered: str
) -> None:
    alice(_nothing)
    home.run("send", "person", "-", given=b"a" * 200_000)
    home.environment["PYTHONUNBUFFERED"] = unbuffered
    process = home.start("receive", "--timeout", "0")
    assert process.stdout is not None
    process.stdout.read(10)  # now it writes, and the pipe does not hold it all
    process.stdout.close()
    assert process.wait(SECONDS) == 141
    assert len(home.run("receive", "--peek").stdout) > 200_000


def test_mail_is_kept_where_there_is_no_standard_output(home: Home, alice: Alice) -> None:
    alice(_send)
    script = f"{shlex.join(home.words('receive', '--timeout', '0'))} >&-"
    done = subprocess.run(
        ["/bin/sh", "-c", script], env=home.environment, capture_output=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == b"signalpost: cannot write the output: standard output is closed\n"
    assert b"the build is green" in home.run("receive", "--timeout", "0").stdout


def test_mail_is_waited_for(home: Home, alice: Alice) -> None:
    alice(_nothing)
    process = home.start("receive", "--timeout", "inf")
    alice(_send)
    assert line_of(process).endswith(b'  result  from alice to person  metadata {"n":1}\n')
    assert line_of(process) == b"  the build is green\n"
    assert process.wait(SECONDS) == 0


def test_a_reply_is_waited_for_printed_and_done(home: Home, alice: Alice) -> None:
    alice(_nothing)
    process = home.start("send", "--wait", "reply", "alice", "are you there?")

    async def reply(client: Client) -> None:
        (message,) = (await client.take(wait_seconds=SECONDS)).messages
        await client.send(message.sender, "yes\x1b[2J", in_reply_to=message.id)

    alice(reply)
    out, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, err) == (0, b"")
    assert out.splitlines()[0].endswith((b" to alice: delivered", b" to alice: acked"))
    assert out.splitlines()[2] == b"  yes"
    assert home.run("receive", "--timeout", "0").returncode == 1


def test_an_unknown_recipient_is_refused_with_near_names(home: Home, alice: Alice) -> None:
    alice(_nothing)
    done = home.run("send", "alcie", "hello")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"signalpost: UNKNOWN_AGENT: ")
    assert b"alice" in done.stderr
    assert b"signalpost agents" in done.stderr
    several = home.run("send", "alice,alcie", "hello")
    assert several.returncode == 2
    assert several.stdout.endswith(b" to alice: stored\n")
    assert b"UNKNOWN_AGENT: alcie: " in several.stderr


def test_what_has_not_come_so_far_in_time_is_exit_code_1(home: Home, alice: Alice) -> None:
    alice(_nothing)
    done = home.run("send", "--wait", "acked", "--timeout", "0.1", "alice", "hello")
    assert done.returncode == 1
    assert done.stdout.endswith(b" to alice: stored\n")
    assert b"has not been acknowledged yet; alice is gone" in done.stderr


def test_standard_input_may_be_the_text_and_is_bounded(home: Home, alice: Alice) -> None:
    alice(_nothing)
    assert home.run("send", "alice", "-", given=b"x" * 262_144).returncode == 0
    done = home.run("send", "alice", "-", given=b"x" * 262_145)
    assert done.returncode == 2
    assert done.stderr.startswith(b"signalpost: TOO_LARGE: ")


def test_dead_letters_are_listed_redriven_and_purged(home: Home, alice: Alice) -> None:
    alice(_nothing)
    home.run("send", "alice", "impossible")
    alice(_fail_five_times)
    assert b"impossible" in home.run("dead", "list").stdout
    assert b"warning  dead letters: 1" in home.run("doctor").stdout
    (dead,) = _ids(home, "dead", "list", "alice")
    assert home.run("dead", "redrive", dead).stdout.decode() == f"redriven {dead}\n"
    assert home.run("dead", "list").stdout == b"no dead letters\n"
    alice(_fail_five_times)
    refused = home.run("dead", "purge", dead)
    assert (refused.returncode, refused.stdout) == (1, b"")
    assert home.run("dead", "purge", "--all", "--yes").stdout.decode() == f"purged {dead}\n"
    again = home.run("dead", "purge", dead, "--yes")
    assert again.returncode == 2
    assert f"BAD_REQUEST: {dead}: it is no dead letter. See: signalpost" in again.stderr.decode()


def test_a_purge_asks_at_a_terminal(home: Home, alice: Alice) -> None:
    alice(_nothing)
    home.run("send", "alice", "impossible")
    alice(_fail_five_times)
    with terminal(home, "dead", "purge", "--all") as asked:
        asked.until(b"for good? [y/N]")
        asked.type(b"y\n")
        asked.until(b"purged ")
        assert asked.end() == 0


def test_the_history_finds_what_was_said(home: Home, alice: Alice) -> None:
    alice(_send)
    home.run("send", "alice", "thank you")
    assert len(_ids(home, "history")) == 2
    assert len(_ids(home, "history", "build GREEN")) == 1
    assert len(_ids(home, "history", "--agent", "alice", "--state", "ready")) == 2
    assert _ids(home, "history", "--before", "2026-01-01") == []
    assert b"thank you" in home.run("history", "-n", "1").stdout


def test_the_log_tells_of_messages_and_agents(home: Home, alice: Alice) -> None:
    alice(_send)
    home.run("receive")
    log = home.run("logs", "-n", "100").stdout.decode()
    for event in ("agent_registered", "message_sent", "message_delivered", "message_acked"):
        assert event in log
    assert "the build is green" not in log


def test_a_reader_that_goes_away_ends_it_quietly(home: Home, alice: Alice) -> None:
    alice(_send)
    script = f"{' '.join(home.words('history'))} | true"
    done = subprocess.run(
        ["sh", "-c", script],
        capture_output=True,
        env=home.environment,
        timeout=SECONDS,
        check=False,
    )
    assert done.stderr == b""
