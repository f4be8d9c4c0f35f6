from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from signalpost.mcp_bridge.completion import completed, read_variables

NAMES = st.sampled_from([b"HOME", b"JAVA_HOME", b"PATH", b"LANG", b"SHLVL", b"SIGNALPOST_TASK"])
VALUES = st.binary(max_size=8).filter(lambda value: b"\0" not in value)
ENVIRONMENTS = st.dictionaries(NAMES, VALUES)


def test_only_what_is_missing_is_taken_from_the_shell() -> None:
    bare = {b"HOME": b"/h", b"LANG": b"C"}
    login = {b"HOME": b"/other", b"JAVA_HOME": b"/j"}
    assert completed(bare, login) == {**bare, b"JAVA_HOME": b"/j"}


def test_paths_are_joined_each_part_once_the_clients_first() -> None:
    both = completed({b"PATH": b"/codex:/usr/bin"}, {b"PATH": b"/home/bin:/usr/bin::/opt"})
    assert both[b"PATH"] == b"/codex:/usr/bin:/home/bin:/opt"


def test_what_belongs_to_the_shell_itself_or_is_ours_stays_out() -> None:
    login = {
        b"PWD": b"/",
        b"SHLVL": b"2",
        b"SIGNALPOST_TASK": b"x",
        b"CLAUDE_CODE_MESSAGING_T": b"y",
    }
    assert completed({b"HOME": b"/h"}, login) == {b"HOME": b"/h"}


def test_what_a_profile_prints_is_no_variable() -> None:
    output = b"Welcome!\nA=1\n\0mark\0HOME=/h\0TEXT=two\nlines=yes\0NOTHING\0\0mark\0bye"
    assert read_variables(output, b"mark") == {b"HOME": b"/h", b"TEXT": b"two\nlines=yes"}
    assert read_variables(b"HOME=/h\0", b"mark") == {}
    assert read_variables(b"\0mark\0HOME=/h\0", b"mark") == {}  # cut off


@given(ENVIRONMENTS, ENVIRONMENTS)
def test_no_variable_of_the_client_is_lost_or_changed_but_path(
    bare: dict[bytes, bytes], login: dict[bytes, bytes]
) -> None:
    both = completed(bare, login)
    assert {name: both[name] for name in bare if name != b"PATH"} == {
        name: value for name, value in bare.items() if name != b"PATH"
    }
    assert set(both) <= set(bare) | set(login)
