"""What makes no sense is refused with a typed error that names the remedy; the queue goes on."""

from __future__ import annotations

import functools
import math

import anyio
import pytest

from signalpost.transport import messages
from signalpost.transport.caller import Caller
from signalpost.transport.errors import BadRequest, SignalpostError, TooLarge
from tests.system.place import SIGNALPOST, Place, within
from tests.system.wire import wire

MB = 1024 * 1024
BAD: list[tuple[dict[str, object], type[SignalpostError], str]] = [
    ({"command": ""}, BadRequest, "Give a shell command"),
    ({"command": "  \n"}, BadRequest, "Give a shell command"),
    ({"command": "echo a\0b"}, BadRequest, "NUL byte. Remove it"),
    ({"working_directory": "here"}, BadRequest, "Give the full path"),
    ({"working_directory": "/tmp\0/x"}, BadRequest, "NUL byte. Remove it"),
    ({"working_directory": "/no/such/folder"}, BadRequest, "Create it or name another"),
    ({"working_directory": "/etc/passwd"}, BadRequest, "Name the folder"),
    ({"queue_name": "no spaces"}, BadRequest, "letters"),
    ({"queue_name": "/up"}, BadRequest, "Begin with a letter"),
    ({"queue_name": ""}, BadRequest, "letters"),
    ({"queue_name": "q" * 65}, BadRequest, "64"),
    ({"queue_name": "tab\t"}, BadRequest, "letters"),
    ({"timeout_seconds": -1}, BadRequest, "above 0"),
    ({"timeout_seconds": 0}, BadRequest, "above 0"),
    ({"timeout_seconds": math.nan}, BadRequest, "above 0"),
    ({"timeout_seconds": math.inf}, BadRequest, "above 0"),
    ({"timeout_seconds": 1e9}, BadRequest, "--lock-timeout"),
    ({"wait_seconds": -1}, BadRequest, "Use 0"),
    ({"wait_seconds": math.nan}, BadRequest, "Use 0"),
    ({"env_vars": {"1A": "x"}}, BadRequest, "Use letters"),
    ({"env_vars": {"": "x"}}, BadRequest, "Use letters"),
    ({"env_vars": {"A=B": "x"}}, BadRequest, "Use letters"),
    ({"env_vars": {"A": "x\0y"}}, BadRequest, "NUL byte. Remove it"),
    ({"env_vars": {"A": "x" * (MB + 1)}}, TooLarge, "limit is 1048576"),
    ({"command": "echo " + "x" * MB}, TooLarge, "into a script"),
    ({"command": "echo \ud800"}, BadRequest, "not UTF-8"),
]


@within(40)
async def test_every_bad_request_names_its_remedy_and_the_queue_goes_on(place: Place) -> None:
    wrong: list[str] = []
    async with place.client() as client:
        for words, kind, remedy in BAD:
            asked = {"command": "true", "working_directory": "/tmp", **words}
            try:
                await client.run_task(**asked)  # type: ignore[arg-type]
            except SignalpostError as error:
                if type(error) is not kind or remedy not in str(error):
                    wrong.append(f"{shortened(words)}: {type(error).__name__}: {error!s:.300}")
            else:
                wrong.append(f"{shortened(words)}: taken")
        assert (await client.run_task("true", "/tmp")).state == "success"
        assert wrong == []
        assert len(await client.tasks(100)) == 1


def shortened(words: dict[str, object]) -> str:
    return f"{words!r:.60}"


@within(20)
async def test_an_environment_of_a_megabyte_is_refused_and_one_just_below_is_not(
    place: Place,
) -> None:
    def caller(size: int) -> Caller:
        # Linux takes at most 128 KiB in one variable.
        pieces = {b"V%02d" % n: b"x" * 100_000 for n in range(size // 100_000)}
        return Caller(environment=pieces, umask=0o022, limits={}, nice=0, parent="")

    async with place.client() as client:
        with pytest.raises(TooLarge, match="Unset large variables"):
            await client.run_task("true", "/tmp", caller=caller(1_100_000))
        report = await client.run_task("echo ${#V09}", "/tmp", caller=caller(1_000_000))
        assert (report.state, report.tail) == ("success", b"100000\n"), report


@within(20)
async def test_what_cannot_start_is_a_result_with_the_reason(place: Place) -> None:
    folder = place.folder / "soon-gone"
    folder.mkdir()
    gate = place.fifo("gate")
    huge = Caller({b"A": b"x" * 200_000}, umask=0o022, limits={}, nice=0, parent="")
    async with place.client() as client:
        too_big = await client.run_task("true", "/tmp", caller=huge)
        first = await client.run_task(f"read _ <{gate}", "/tmp", notify=True)
        gone = await client.run_task("true", folder, notify=True)
        folder.rmdir()
        gate.open()
        ended = await client.task_status(gone.task_id, None)
        assert (await client.task_status(first.task_id)).state == "success"
        missing = await client.run_task("no-such-program", "/tmp")
        assert (await client.run_task("true", "/tmp")).state == "success"
    assert (too_big.state, too_big.exit_code) == ("failed", None)
    assert "Argument list too long" in too_big.reason
    assert (ended.state, ended.exit_code) == ("failed", None)
    assert "No such file" in ended.reason
    assert (missing.state, missing.exit_code) == ("failed", 127)


@within(20)
async def test_tasks_that_do_not_exist_are_said_so(place: Place) -> None:
    async with place.client() as client:
        for ask in (client.task_status(99), client.cancel_task(99), client.task_status(-1)):
            with pytest.raises(BadRequest, match="there is no task"):
                await ask
        ended = await client.run_task("true", "/tmp")
        assert (await client.cancel_task(ended.task_id)).state == "success"
        assert await client.clear_task_logs() == 1


@within(60)
async def test_a_queue_that_is_full_says_so(place: Place) -> None:
    gate = place.fifo("gate")
    async with place.client() as client, place.client(kind="cli") as person:
        await client.run_task(f"read _ <{gate}", "/tmp", notify=True)
        async with anyio.create_task_group() as tasks:  # one wait for the disk serves many
            for number in range(1000):
                ask = functools.partial(client.run_task, f": {number}", "/tmp", notify=True)
                tasks.start_soon(ask)
        with pytest.raises(SignalpostError, match="1000 tasks wait") as caught:
            await client.run_task("true", "/tmp")
        assert caught.value.code == "QUEUE_FULL"
        assert (await client.run_task("true", "/tmp", "other")).state == "success"
        assert await person.clear_queue("global") == 1000
        gate.open()
        assert (await client.run_task("true", "/tmp")).state == "success"


@within(20)
async def test_a_folder_that_cannot_be_used_as_data_dir_is_refused_with_the_remedy(
    place: Place,
) -> None:
    place.state.mkdir(mode=0o755)
    with pytest.raises(BadRequest, match="chmod 700"):
        async with place.client():
            pass
    place.state.chmod(0o700)
    foreign = b"SQLite format 3\0" + b"foreign" * 1000
    store = place.state / "queue.db"
    store.write_bytes(foreign)
    done = await place.run(*SIGNALPOST, "broker")
    assert done.returncode != 0
    assert b"queue.db" in done.stderr
    assert store.read_bytes() == foreign


@within(20)
async def test_garbage_without_end_does_not_fill_the_log_of_the_broker(place: Place) -> None:
    async with place.client() as client, wire(place, "noisy") as raw:
        for _ in range(2000):
            raw.send_garbage()
        await raw.reply(raw.send(messages.Heartbeat()))  # served after all of it
        await client.ping()
    assert 0 < place.broker_log().count("malformed message") < 10
