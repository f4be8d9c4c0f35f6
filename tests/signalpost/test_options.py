from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from signalpost.options import Seconds, as_words, broker_options, data_dir_option

seen: list[dict[str, object]] = []


@click.command()
@broker_options
def settings_only(settings: dict[str, object]) -> None:
    seen.append(settings)


@click.command()
@data_dir_option
def folder_only(data_dir: Path) -> None:
    click.echo(data_dir)


@click.command()
@click.argument("number", type=Seconds(min=0))
def seconds_only(number: float) -> None:
    click.echo(number)


def settings_of(*words: str, **environment: str) -> dict[str, object]:
    result = CliRunner(env=environment).invoke(settings_only, words)
    assert result.exit_code == 0, result.output
    return seen.pop()


ALL = (
    *("--max-log-size", "2.5", "--max-output-files", "7", "--lock-timeout", "90"),
    *("--queue", "gradle=2", "--queue", "a/b=3", "--durability", "process"),
    *("--history-days", "3", "--idle-exit", "1", "--grace", "0.5", "--no-tasks"),
    *("--inbox-bound", "20", "--lease", "60", "--memory-limit", "64"),
)


def test_what_is_not_given_stays_out_so_that_the_file_counts() -> None:
    assert settings_of() == {}
    assert settings_of("--grace", "2") == {"grace": "2"}


def test_the_words_passed_on_say_the_same() -> None:
    given = settings_of(*ALL)
    assert len(given) == 12
    assert settings_of(*as_words(given)) == given


@pytest.mark.parametrize(
    "words",
    [
        ("--queue", "gradle"),
        ("--queue", "gradle=0"),
        ("--queue", "gradle=65"),
        ("--queue", "a:b=1"),
        ("--grace", "-1"),
        ("--durability", "never"),
        ("--max-output-files", "many"),
        ("--inbox-bound", "0"),
        ("--lease", "nan"),
    ],
)
def test_impossible_settings_are_usage_errors(words: tuple[str, ...]) -> None:
    result = CliRunner().invoke(settings_only, words)
    assert result.exit_code == 2
    assert words[0] in result.output


def test_the_environment_gives_the_bound_of_inboxes_where_no_option_does() -> None:
    ours, theirs = {"SIGNALPOST_INBOX_BOUND": "30"}, {"GPTQ_QUEUE_BOUND": "10"}
    assert settings_of(**theirs) == {"inbox_bound": "10"}
    assert settings_of(**theirs, **ours) == {"inbox_bound": "30"}
    assert settings_of("--inbox-bound", "7", **theirs, **ours) == {"inbox_bound": "7"}
    assert settings_of(SIGNALPOST_INBOX_BOUND="", **theirs) == {"inbox_bound": "10"}


def test_an_impossible_bound_in_the_environment_is_refused_by_the_variables_name() -> None:
    for variable in ("SIGNALPOST_INBOX_BOUND", "GPTQ_QUEUE_BOUND"):
        result = CliRunner(env={variable: "0"}).invoke(settings_only, [])
        assert result.exit_code == 2
        assert f"the environment variable {variable} = 0 is not possible. Use" in result.output


@pytest.mark.parametrize("word", ["nan", "-1", "soon"])
def test_what_is_no_number_of_seconds_is_a_usage_error(word: str) -> None:
    result = CliRunner().invoke(seconds_only, ["--", word])
    assert result.exit_code == 2
    assert CliRunner().invoke(seconds_only, ["inf"]).output == "inf\n"


def test_the_data_dir_is_the_option_then_the_one_in_front_then_the_environment() -> None:
    runner = CliRunner(env={"SIGNALPOST_DATA_DIR": "/from/environment"})
    assert runner.invoke(folder_only, ["--data-dir", "/own"], obj="/front").output == "/own\n"
    assert runner.invoke(folder_only, [], obj="/front").output == "/front\n"
    assert runner.invoke(folder_only, []).output == "/from/environment\n"
