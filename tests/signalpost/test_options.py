from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from signalpost.options import as_words, broker_options, data_dir_option

seen: list[dict[str, object]] = []


@click.command()
@broker_options
def settings_only(settings: dict[str, object]) -> None:
    seen.append(settings)


@click.command()
@data_dir_option
def folder_only(data_dir: Path) -> None:
    click.echo(data_dir)


def settings_of(*words: str) -> dict[str, object]:
    result = CliRunner().invoke(settings_only, words)
    assert result.exit_code == 0, result.output
    return seen.pop()


ALL = (
    *("--max-log-size", "2.5", "--max-output-files", "7", "--lock-timeout", "90"),
    *("--queue", "gradle=2", "--queue", "a/b=3", "--durability", "process"),
    *("--history-days", "3", "--idle-exit", "1", "--grace", "0.5", "--no-tasks"),
)


def test_what_is_not_given_stays_out_so_that_the_file_counts() -> None:
    assert settings_of() == {}
    assert settings_of("--grace", "2") == {"grace": "2"}


def test_the_words_passed_on_say_the_same() -> None:
    given = settings_of(*ALL)
    assert len(given) == 9
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
    ],
)
def test_impossible_settings_are_usage_errors(words: tuple[str, ...]) -> None:
    result = CliRunner().invoke(settings_only, words)
    assert result.exit_code == 2
    assert words[0] in result.output


def test_the_data_dir_is_the_option_then_the_one_in_front_then_the_environment() -> None:
    runner = CliRunner(env={"SIGNALPOST_DATA_DIR": "/from/environment"})
    assert runner.invoke(folder_only, ["--data-dir", "/own"], obj="/front").output == "/own\n"
    assert runner.invoke(folder_only, [], obj="/front").output == "/front\n"
    assert runner.invoke(folder_only, []).output == "/from/environment\n"
