from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalpost.actors.output import Output, header

HEADER = header("make all", "/src", "global", 1_700_000_000.5).encode()
SUMMARY = b"\n--- SUMMARY ---\nEXIT CODE: 0\nDURATION: 1.0s\n"
MARKERS = [b"\n--- SUMMARY ---\n", b"\n--- OUTPUT ---\n", b"--- OUTPUT ---\n", b"COMMAND: x\n"]


@pytest.fixture
def output(tmp_path: Path) -> Output:
    return Output(tmp_path, keep=3)


def make_logs(output: Output, *ids: int) -> None:
    for task_id in ids:
        output.path(task_id).write_bytes(HEADER + b"text" + SUMMARY)


def left(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_the_header_says_what_runs_where_since_when() -> None:
    assert HEADER.decode() == (
        "COMMAND: make all\nWORKING DIR: /src\nQUEUE: global\nSTARTED: 2023-11-14T22:13:20.500Z\n"
        "\n--- OUTPUT ---\n"
    )


def test_a_command_cannot_end_the_header() -> None:
    text = header("cat <<x\n\n--- OUTPUT ---\nx", "/a\n--- OUTPUT ---\n", "q", 0)
    assert text.index("\n--- OUTPUT ---\n") == len(text) - len("\n--- OUTPUT ---\n")


def test_the_newest_logs_are_kept(output: Output, tmp_path: Path) -> None:
    make_logs(output, 2, 9, 10, 11, 100)
    assert output.prune([]) == 2
    assert left(tmp_path) == ["task_10.log", "task_100.log", "task_11.log"]
    assert output.prune([]) == 0


def test_an_open_task_keeps_its_log(output: Output, tmp_path: Path) -> None:
    make_logs(output, 1, 2, 3, 4, 5)
    assert output.prune({1}) == 1
    assert left(tmp_path) == [f"task_{n}.log" for n in (1, 3, 4, 5)]


def test_only_logs_are_touched(output: Output, tmp_path: Path) -> None:
    others = ["notes", "task_.log", "task_01.log", "task_1.log.gz", "xtask_1.log", "task_-1.log"]
    for name in others:
        (tmp_path / name).touch()
    (tmp_path / "task_7.log").symlink_to("notes")
    (tmp_path / "task_8.log").mkdir()
    make_logs(output, 1, 2)
    assert Output(tmp_path, keep=0).prune([]) == 2
    assert output.delete([7, 8]) == 0
    assert left(tmp_path) == sorted([*others, "task_7.log", "task_8.log"])


def test_deleting_tells_how_many_there_were(output: Output, tmp_path: Path) -> None:
    make_logs(output, 1, 2, 3)
    assert output.delete([1, 3, 4]) == 2
    assert left(tmp_path) == ["task_2.log"]


def test_the_highest_id_is_that_of_the_newest_log(output: Output, tmp_path: Path) -> None:
    for name in ("task_098.log", "task_99.log.gz", "xtask_99.log"):
        (tmp_path / name).touch()
    assert output.highest_id() == 0
    make_logs(output, 9, 10)
    assert output.highest_id() == 10


def test_a_missing_folder_holds_nothing(tmp_path: Path) -> None:
    output = Output(tmp_path / "missing")
    assert (output.prune([]), output.delete([1]), output.tail(1, 9)) == (0, 0, b"")


def test_a_missing_log_has_no_tail(output: Output) -> None:
    assert output.tail(1, 100) == b""


def test_a_log_that_is_a_link_is_not_read(output: Output, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    output.path(1).symlink_to("secret")
    with pytest.raises(OSError, match="symbolic link"):
        output.tail(1, 100)


def test_something_else_than_a_file_has_no_tail(output: Output) -> None:
    output.path(1).mkdir()
    assert output.tail(1, 100) == b""


texts = st.lists(st.sampled_from(MARKERS) | st.binary(max_size=40)).map(b"".join)


@given(texts, st.integers(0, 200), st.sampled_from(["make", "a\nb", "x" * 70_000]))
def test_the_tail_is_the_end_of_the_output_whatever_the_output(
    tmp_path_factory: pytest.TempPathFactory, text: bytes, most: int, command: str
) -> None:
    output = Output(tmp_path_factory.mktemp("output"))
    output.path(1).write_bytes(header(command, "/", "q", 0).encode() + text + SUMMARY)
    assert output.tail(1, most) == text[max(0, len(text) - most) :]


@pytest.mark.parametrize("size", [0, 1, 16_000, 17_000, 3_000_000])
def test_the_tail_of_any_length_of_output_is_found(output: Output, size: int) -> None:
    text = (b"0123456789" * (size // 10 + 1))[:size]
    output.path(1).write_bytes(HEADER + text + SUMMARY)
    assert output.tail(1, 20_000) == text[-20_000:]


def test_without_summary_the_output_reaches_to_the_end(output: Output) -> None:
    output.path(1).write_bytes(HEADER + b"one\n--- SUMMARY ---\n" + b"x" * 20_000)
    assert output.tail(1, 30_000) == b"one\n--- SUMMARY ---\n" + b"x" * 20_000


def test_without_header_everything_is_output(output: Output) -> None:
    output.path(1).write_bytes(b"text\n--- OUTPUT ---\nmore")
    assert output.tail(1, 100) == b"text\n--- OUTPUT ---\nmore"


def test_a_header_cut_short_is_no_header(output: Output) -> None:
    output.path(1).write_bytes(b"COMMAND: make\nWORK")
    assert output.tail(1, 4) == b"WORK"
