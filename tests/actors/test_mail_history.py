from signalpost.actors.mail_history import message_of, row_of, stored_message
from signalpost.actors.message import Lease, Message, SendCall
from signalpost.actors.moment import Moment

THEN = Moment(50.0, 1_000.0)
BORN_ANEW = Moment(3.0, 1_100.0)
"""After a restart of the machine, 100 s later: the monotonic clock began anew."""


def message(**changes: object) -> Message:
    message = Message(
        seq=7,
        id="abc",
        agent_id=2,
        sender="alice",
        sender_id=3,
        to="bob",
        kind="result",
        content="done\0\N{SNOWMAN}",
        request_id=b"r" * 16,
        sent=Moment(40.0, 990.0),
        metadata=b"{}",
        in_reply_to="xyz",
        hops=4,
        task_id=9,
        expires=350.0,
        attempts=1,
        deliveries=2,
        delivered=Moment(45.0, 995.0),
    )
    for name, value in changes.items():
        setattr(message, name, value)
    return message


def test_limits_are_kept_as_times_of_day() -> None:
    row = row_of(message(), THEN)
    assert (row.sent_at, row.delivered_at, row.expires_at) == (990.0, 995.0, 1_300.0)


def test_a_limit_holds_across_a_restart_of_the_machine() -> None:
    found = message_of(row_of(message(), THEN), BORN_ANEW)
    assert found.expires == 203.0
    assert found.sent == Moment(-107.0, 990.0)
    assert found.delivered == Moment(-102.0, 995.0)
    assert message_of(row_of(message(expires=None), THEN), BORN_ANEW).expires is None


def test_a_held_message_is_ready_again_and_nothing_is_counted() -> None:
    held = message(
        state="leased",
        lease=Lease(b"t", b"s", 45.0, 45.0),
        call=SendCall(b"c", b"s"),
    )
    found = message_of(row_of(held, THEN), BORN_ANEW)
    assert (found.state, found.lease, found.call) == ("ready", None, None)
    assert (found.attempts, found.deliveries, found.stored) == (1, 2, True)
    assert found.delivery().redelivered


def test_an_ended_message_stays_ended() -> None:
    dead = message(state="dead", reason="5 failed attempts", ended=Moment(49.0, 999.0))
    found = message_of(row_of(dead, THEN), BORN_ANEW)
    assert (found.state, found.reason, found.ended) == (
        "dead",
        "5 failed attempts",
        Moment(-98.0, 999.0),
    )


def test_nothing_else_is_lost_on_the_way() -> None:
    row = row_of(message(), THEN)
    assert row_of(message_of(row, BORN_ANEW), BORN_ANEW) == row


def test_callers_see_what_is_stored() -> None:
    seen = stored_message(row_of(message(state="dead", reason="why"), THEN), [])
    assert (seen.id, seen.sender, seen.to, seen.kind) == ("abc", "alice", "bob", "result")
    assert (seen.state, seen.reason, seen.attempts, seen.sent_at) == ("dead", "why", 1, 990.0)
    assert (seen.content, seen.metadata, seen.in_reply_to) == ("done\0\N{SNOWMAN}", b"{}", "xyz")
