import os
import re
import stat
from dataclasses import fields
from pathlib import Path

import pytest

from signalpost.actors.settings import Settings, write_default
from signalpost.transport.errors import BadRequest


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_the_defaults_are_those_of_the_documentation() -> None:
    assert Settings().words() == {
        "--max-log-size": "5",
        "--max-output-files": "50",
        "--lock-timeout": "120",
        "--queue": "",
        "--durability": "power",
        "--history-days": "14",
        "--idle-exit": "15",
        "--grace": "5",
        "--inbox-bound": "1000",
        "--lease": "600",
        "--memory-limit": "1024",
        "--no-tasks": "no",
    }


def test_a_missing_file_says_nothing(path: Path) -> None:
    assert Settings.from_toml(path) == Settings()


def test_a_file_is_read_over_the_defaults(path: Path) -> None:
    path.write_text('grace = 0\ndurability = "process"\nno_tasks = true\n[queues]\nci = 3\n"a/b"=2')
    settings = Settings.from_toml(path)
    assert settings == Settings(
        grace=0, durability="process", no_tasks=True, queues={"ci": 3, "a/b": 2}
    )
    assert settings.words()["--queue"] == "a/b=2 ci=3"
    assert (settings.width("ci"), settings.width("global")) == (3, 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("grac = 5", "grac is no setting. Known: grace"),
        ("max-log-size = 5", "Known: max_log_size"),
        ("zzz = 5", "Known: max_log_size, max_output_files"),
        ("grace = -1", "grace = -1 is not possible. Use a number of seconds from 0 to 300."),
        ('grace = "5"', "grace = '5' is not possible"),
        ("grace = true", "grace = True is not possible"),
        ("grace = nan", "grace = nan is not possible"),
        ("idle_exit = inf", "idle_exit = inf is not possible"),
        ("max_log_size = 0", "number of MB from 0.01 to 1000"),
        ("lock_timeout = []", "lock_timeout = [] is not possible"),
        ("max_output_files = 2.5", "Use a whole number of files from 1 to 1"),
        ("history_days = 0", "Use a whole number of days from 1 to 3650."),
        ("inbox_bound = 0", "Use a whole number of messages from 1 to 1"),
        ("inbox_bound = 2.5", "inbox_bound = 2.5 is not possible"),
        ("inbox_bound = 100001", "inbox_bound = 100001 is not possible"),
        ("lease = 0.5", "Use a number of seconds from 1 to 86400."),
        ("lease = 86401", "lease = 86401 is not possible"),
        ("memory_limit = 31", "Use a number of MB from 32 to 1048576."),
        ('durability = "none"', "durability = 'none' is not possible. Use 'power' or 'process'."),
        ("no_tasks = 1", "no_tasks = 1 is not possible. Use true or false."),
        ("queues = 3", "queues = 3 is not possible. Use a table of NAME = WIDTH."),
        ("[queues]\nci = 0", "queues.ci = 0 is not possible"),
        ("[queues]\nci = 65", "from 1 to 64"),
        ("[queues]\nci = 2.0", "Use a whole number of tasks at once"),
        ('[queues]\n"a b" = 2', "queues: queue_name may not contain ' '"),
        ("grace = ", "cannot be read: Invalid value"),
        ("grace = 1\ngrace = 2", "cannot be read: Cannot overwrite"),
    ],
)
def test_what_is_wrong_in_the_file_is_named(path: Path, text: str, said: str) -> None:
    path.write_text(text)
    with pytest.raises(BadRequest) as caught:
        Settings.from_toml(path)
    assert str(path) in str(caught.value)
    assert said in str(caught.value)


def test_a_file_that_is_no_text_is_named(path: Path) -> None:
    path.write_bytes(b"\xff")
    with pytest.raises(BadRequest, match="cannot be read"):
        Settings.from_toml(path)


def test_options_override_the_file(path: Path) -> None:
    path.write_text("grace = 7\nhistory_days = 3\n[queues]\na = 2\nb = 2")
    settings = Settings.from_toml(path).override(
        {"grace": 0, "queue": ("b=4", "c=5", "c=6"), "no_tasks": True, "lock_timeout": "0.5"}
    )
    assert settings == Settings(
        grace=0, history_days=3, no_tasks=True, lock_timeout=0.5, queues={"a": 2, "b": 4, "c": 6}
    )


def test_options_not_given_change_nothing(path: Path) -> None:
    path.write_text("no_tasks = true\n[queues]\na = 2")
    settings = Settings.from_toml(path)
    nothing = {each.name: None for each in fields(Settings) if each.name != "queues"}
    assert settings.override({**nothing, "no_tasks": False, "queue": ()}) == settings


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("inbox_bound", "0", "--inbox-bound = 0 is not possible"),
        ("lease", "long", "--lease = 'long' is not possible"),
        ("grace", "soon", "--grace = 'soon' is not possible"),
        ("max_log_size", 5000, "--max-log-size = 5000 is not possible"),
        ("durability", "no", "--durability = 'no'"),
        ("queue", ["ci"], "--queue 'ci' has no width. Use NAME=WIDTH"),
        ("queue", ["ci=x"], "--queue ci = 'x' is not possible"),
        ("queue", ["ci=100"], "from 1 to 64"),
        ("queue", ["=3"], "--queue: queue_name is empty"),
        ("frobnicate", 1, "--frobnicate is no setting"),
    ],
)
def test_what_is_wrong_in_an_option_is_named(option: str, value: object, said: str) -> None:
    with pytest.raises(BadRequest) as caught:
        Settings().override({option: value})
    assert said in str(caught.value)


def test_words_are_written_as_they_were_given() -> None:
    settings = Settings().override({"max_log_size": 0.5, "idle_exit": 100_000.0, "grace": 2.0})
    words = settings.words()
    assert (words["--max-log-size"], words["--idle-exit"], words["--grace"]) == (
        "0.5",
        "100000",
        "2",
    )


def test_the_default_file_explains_every_setting_and_changes_none(path: Path) -> None:
    write_default(path)
    assert Settings.from_toml(path) == Settings()
    text = re.sub(r"^# (?=\w+ = |\[queues)", "", path.read_text(), flags=re.MULTILINE)
    path.write_text(text)
    assert Settings.from_toml(path) == Settings(queues={"builds": 2})
    assert all(re.search(rf"^\[?{each.name}\b", text, re.MULTILINE) for each in fields(Settings))


def test_the_default_file_is_the_owners_alone(path: Path) -> None:
    old = os.umask(0)
    try:
        write_default(path)
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_existing_file_stays_as_it_is(path: Path) -> None:
    path.write_text("grace = 1")
    write_default(path)
    assert path.read_text() == "grace = 1"
