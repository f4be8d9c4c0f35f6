"""The ids of MCP tasks: what they carry, and who may show them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from signalpost.mcp_bridge.identity import AgentIdentity
from signalpost.mcp_bridge.mail_calls import ReceiveMessage
from signalpost.mcp_bridge.ticket import ReceiveTicket, RunTicket, Ticket, opened, sealed
from signalpost.mcp_bridge.ticket_key import FILE, TicketKey
from signalpost.transport.errors import BadRequest, InternalFault

ALICE, BOB = AgentIdentity(agent="alice"), AgentIdentity(agent="bob")
UNNAMED = AgentIdentity(label="app/claude-code", thread="one")
KEY = b"k" * 32
RUN = RunTicket(8, 1_700_000_000.123456)
CALL = ReceiveMessage(timeout=600, sender="bob", in_reply_to="m1", max_messages=3, ack=False)
RECEIVE = ReceiveTicket(CALL, 1_700_000_000.5, "mark")


@pytest.mark.parametrize("ticket", [RUN, RECEIVE])
def test_a_ticket_comes_out_as_it_went_in(ticket: Ticket) -> None:
    assert opened(sealed(ticket, ALICE, KEY), ALICE, KEY) == ticket


def test_an_unnamed_agent_is_known_by_its_folder_and_client() -> None:
    resumed = AgentIdentity(label="app/claude-code", thread="another")
    assert opened(sealed(RUN, UNNAMED, KEY), resumed, KEY) == RUN


def test_a_stolen_ticket_is_of_no_use_to_another_agent() -> None:
    with pytest.raises(BadRequest):
        opened(sealed(RUN, ALICE, KEY), BOB, KEY)


def test_a_ticket_of_another_data_dir_is_refused() -> None:
    with pytest.raises(BadRequest):
        opened(sealed(RUN, ALICE, b"o" * 32), ALICE, KEY)


def test_a_ticket_is_refused_when_one_character_is_another() -> None:
    name = sealed(RUN, ALICE, KEY)
    for i, c in enumerate(name):
        with pytest.raises(BadRequest):
            opened(name[:i] + ("B" if c == "A" else "A") + name[i + 1 :], ALICE, KEY)


@pytest.mark.parametrize("more", ["!!!!", "\n\n\n\n", "====", "...."])
def test_one_ticket_has_one_id(more: str) -> None:
    name = sealed(RUN, ALICE, KEY)
    for text in (
        name + more,
        more + name,
        name.replace(".", f"{more}."),
        name.replace(".", f".{more}"),
    ):
        with pytest.raises(BadRequest):
            opened(text, ALICE, KEY)


def test_without_a_key_no_ticket_is_good() -> None:
    with pytest.raises(BadRequest):
        opened(sealed(RUN, ALICE, b""), ALICE, b"")


@pytest.mark.parametrize("text", ["", ".", "8", "a.b", "é.é", "=.=", "A" * 5000, "e30.e30"])
def test_what_is_no_ticket_is_refused(text: str) -> None:
    with pytest.raises(BadRequest):
        opened(text, ALICE, KEY)


# ---------------------------------------------------------------- the key


def test_bridges_of_one_data_dir_share_a_key_that_others_cannot_read(tmp_path: Path) -> None:
    first, second = TicketKey(tmp_path), TicketKey(tmp_path)
    assert len(first.get()) == 32
    assert first.get() == second.get()
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


def test_a_key_is_found_when_it_was_made_and_not_before(tmp_path: Path) -> None:
    assert TicketKey(tmp_path / "nowhere").found() == b""
    key = TicketKey(tmp_path)
    assert key.found() == b""
    assert key.get() == key.found()


def test_a_data_dir_that_came_again_has_the_key_of_whoever_came_first(tmp_path: Path) -> None:
    old, new = TicketKey(tmp_path), TicketKey(tmp_path)
    lost = old.get()
    (tmp_path / FILE).unlink()
    assert new.get() == old.get() != lost


def test_a_bridge_that_comes_second_takes_the_key_of_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link, first = os.link, TicketKey(tmp_path)

    def late(source: Path, target: Path) -> None:
        monkeypatch.setattr(os, "link", link)
        first.get()
        link(source, target)

    monkeypatch.setattr(os, "link", late)
    assert TicketKey(tmp_path).get() == first.get()
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_a_damaged_key_is_told_with_its_path(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"short")
    with pytest.raises(InternalFault, match=FILE):
        TicketKey(tmp_path).get()


def test_a_pipe_in_the_place_of_the_key_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / FILE)
    for ask in (TicketKey(tmp_path).get, TicketKey(tmp_path).found):
        with pytest.raises(InternalFault, match=f"{FILE}: it is a named pipe, not a file"):
            ask()


def test_a_key_behind_a_symlink_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(KEY)
    (tmp_path / FILE).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InternalFault):
        TicketKey(tmp_path).get()
