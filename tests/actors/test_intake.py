from __future__ import annotations

import math
import os
from pathlib import Path

import pytest

from signalpost.actors.intake import UNASKED_SECONDS, check, real_folder
from signalpost.actors.settings import Settings
from signalpost.task_commands import run
from signalpost.transport.errors import BadRequest, TooLarge
from signalpost.transport.frames import MAX_ENVIRONMENT
from signalpost.transport.messages import RunTask


def ask(**fields: object) -> RunTask:
    return RunTask(**{"command": "make", "working_directory": "/", **fields})  # type: ignore[arg-type]


def test_a_sound_request_passes_with_its_queue_name_in_normal_form() -> None:
    request = ask(queue_name="cafe\N{COMBINING ACUTE ACCENT}")
    assert check(request, Settings()) == ask(queue_name="caf\N{LATIN SMALL LETTER E WITH ACUTE}")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"command": ""}, "command is empty"),
        ({"command": " \n\t"}, "command is empty"),
        ({"command": "a\0b"}, "NUL byte"),
        ({"timeout_seconds": 0}, "timeout_seconds=0 is no time limit"),
        ({"timeout_seconds": -1.5}, r"timeout_seconds=-1\.5"),
        ({"timeout_seconds": math.inf}, "timeout_seconds=inf"),
        ({"timeout_seconds": math.nan}, "timeout_seconds=nan"),
        ({"timeout_seconds": 7201}, "limit of 7200 s.*--lock-timeout"),
        ({"wait_seconds": -1}, "wait_seconds"),
        ({"wait_seconds": math.nan}, "wait_seconds"),
        ({"queue_name": "a b"}, "may not contain ' '"),
        ({"env_vars": {"1A": ""}}, "'1A'"),
        ({"env_vars": {"A=B": ""}}, "'A=B'"),
        ({"env_vars": {"A\n": ""}}, "env_vars has the name"),
        ({"env_vars": {"A": "x\0"}}, "env_vars A contains a NUL byte"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused_with_the_remedy(
    fields: dict[str, object], says: str
) -> None:
    with pytest.raises(BadRequest, match=says):
        check(ask(**fields), Settings())


def test_the_longest_time_limit_is_a_setting() -> None:
    check(ask(timeout_seconds=7200), Settings())
    check(ask(timeout_seconds=60), Settings(lock_timeout=1))
    with pytest.raises(BadRequest):
        check(ask(timeout_seconds=61), Settings(lock_timeout=1))


def test_a_time_limit_that_was_not_asked_for_is_capped_and_not_refused() -> None:
    assert check(ask(), Settings(lock_timeout=1)).timeout_seconds == 60
    assert check(ask(timeout_seconds=1200), Settings(lock_timeout=1)).timeout_seconds == 60
    assert check(ask(), Settings()).timeout_seconds == UNASKED_SECONDS
    with pytest.raises(BadRequest, match=r"limit of 60 s.*leave it out to get just that"):
        check(ask(timeout_seconds=1199), Settings(lock_timeout=1))


def test_what_counts_as_not_asked_for_is_the_default_of_the_wire_and_of_the_command_line() -> None:
    assert RunTask(command="", working_directory="").timeout_seconds == UNASKED_SECONDS
    options = {option.name: option.default for option in run.params}
    assert options["timeout_seconds"] == UNASKED_SECONDS


def test_a_broker_without_tasks_takes_none() -> None:
    with pytest.raises(BadRequest, match="--no-tasks"):
        check(ask(), Settings(no_tasks=True))


def test_environment_and_command_together_have_a_limit() -> None:
    room = MAX_ENVIRONMENT - len("make") - len("A") - len("B") - 4
    environment = {b"A": bytes(room - 10)}
    check(ask(environment=environment, env_vars={"B": "x" * 10}), Settings())
    with pytest.raises(TooLarge, match=f"{MAX_ENVIRONMENT + 1} bytes"):
        check(ask(environment=environment, env_vars={"B": "x" * 11}), Settings())


def test_a_folder_is_known_by_its_real_path(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    assert real_folder(f"{tmp_path}/link/link/.") == os.path.realpath(tmp_path)


def test_a_folder_must_be_there(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for path, says in [
        ("src", "'src' is not absolute"),
        ("", "is not absolute"),
        ("/a\0b", "NUL byte"),
        (str(tmp_path / "none"), "does not exist"),
        (str(file), "is not a folder"),
    ]:
        with pytest.raises(BadRequest, match=says):
            real_folder(path)


def test_a_folder_must_let_us_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def access(_path: str, mode: int) -> bool:  # root may always
        return mode != os.R_OK | os.X_OK

    monkeypatch.setattr(os, "access", access)
    with pytest.raises(BadRequest, match="cannot be entered"):
        real_folder(str(tmp_path))


def test_a_link_to_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    # Neither the wire nor the store takes such a name: it would fail much later.
    strange = os.fsencode(tmp_path) + b"/\xff"
    os.mkdir(strange)
    (tmp_path / "link").symlink_to(os.fsdecode(strange))
    with pytest.raises(BadRequest, match="not UTF-8"):
        real_folder(str(tmp_path / "link"))
