"""Faults in how agents are told of their mail."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

_BELLS = "tests/actors/test_doorbells.py"
_RESTART = "tests/actors/test_doorbells_restart.py"
_DOORMAN = "tests/actors/test_doorman.py"
_STANDING = "tests/actors/test_standing.py"
_MIGRATED = "tests/actors/test_storefile_migrated.py"
_SUSPEND = "tests/system/test_pty_suspend.py"
_GOODBYE = "test_what_was_told_to_somebody_who_said_goodbye_is_told_by_no_later_broker"
_TRUSTED = "test_who_was_rung_and_waits_on_at_the_next_broker_is_trusted_while_it_lives"
_AGAIN = "test_a_session_that_starts_is_offered_again_what_its_client_may_have_forgotten"

BELLS = (
    Mutant(
        "what was told is not on disk",
        "actors/doorbells.py",
        "store.put_bell(row_of_bell(agent.id, door))",
        "pass",
        (f"{_RESTART}::test_what_was_told_is_not_told_again_and_what_was_not_is",),
    ),
    Mutant(
        "who was rung by the broker before cannot give that up",
        "actors/doorbells.py",
        'if ring.outcome == "woke" and ring.request_id:',
        "if False:",
        (f"{_RESTART}::test_who_was_rung_and_gives_up_at_the_next_broker_was_told_nothing",),
    ),
    Mutant(
        "what somebody was told who died with it was told",
        "actors/doorbells.py",
        "            if died:",
        "            if False:",
        (f"{_BELLS}::test_what_was_told_to_somebody_who_died_with_it_goes_to_the_next_who_waits",),
    ),
    Mutant(
        "a goodbye is not on disk",
        "actors/doorbells.py",
        "                self._part(correlation)",
        "                del self._open[correlation]",
        (f"{_RESTART}::{_GOODBYE}",),
    ),
    Mutant(
        "who was rung by the broker before has told its agent, dead or not",
        "actors/doorbell.py",
        "self._doubt.begin([r.correlation for r in last if r.correlation], now.mono)",
        "pass",
        (f"{_RESTART}::test_of_who_was_rung_and_never_comes_back_the_next_who_waits_is_told",),
    ),
    Mutant(
        "who was rung by the broker before is not known again",
        "actors/doorbells.py",
        "[*self.of(agent).claim(waiter), waiter.correlation]",
        "[self.of(agent) and waiter.correlation]",
        (f"{_RESTART}::{_TRUSTED}",),
    ),
    Mutant(
        "mail that comes while nobody receives is no news",
        "actors/inbox_moves.py",
        "            self._moved = True",
        "            pass",
        (f"{_BELLS}::test_who_waits_is_told_once_and_waits_again_for_what_is_newer",),
    ),
    Mutant(
        "the mail of a former agent is news once more",
        "actors/doorbells.py",
        "        inbox.take_moved()\n        unread = inbox.unread",
        "        unread = inbox.unread",
        (f"{_BELLS}::test_the_bell_moves_with_the_mail_when_its_agent_becomes_another",),
    ),
    Mutant(
        "a door may do what it likes",
        "actors/broker.py",
        "            if session.is_door:",
        "            if False:",
        (f"{_DOORMAN}::test_a_door_may_do_nothing",),
    ),
    Mutant(
        "anybody sets every bell",
        "actors/doorman.py",
        "if agent is not own and not session.is_person:",
        "if False:",
        (f"{_DOORMAN}::test_a_bell_is_set_by_its_agent_and_by_a_person_and_by_nobody_else",),
    ),
    Mutant(
        "a new session is not offered again what the one before had",
        "actors/standing.py",
        'if event == "session_start":',
        "if False:",
        (f"{_STANDING}::{_AGAIN}",),
    ),
    Mutant(
        "a migration that was killed has half begun",
        "actors/schema.py",
        "BEGIN IMMEDIATE;\n",
        "",
        (f"{_MIGRATED}::test_a_migration_that_was_killed_has_not_begun",),
    ),
    Mutant(
        "who kills a suspended session waits until that has the terminal",
        "signalpost/terminal.py",
        "while not (self._is_to_end or _is_our_turn())",
        "while not _is_our_turn()",
        (f"{_SUSPEND}::test_it_ends_when_it_is_killed_while_it_is_suspended",),
    ),
    Mutant(
        "keys that come early are for nobody",
        "signalpost/holder.py",
        "            os.tcsetpgrp(0, program)\n",
        "            pass\n",
        ("tests/signalpost/test_inner.py",),
    ),
)
