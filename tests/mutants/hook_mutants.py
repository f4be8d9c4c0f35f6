"""Faults in what hooks tell and hold."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

_GATE = "tests/signalpost/test_hook_gate.py"
_ANSWER = "tests/signalpost/test_hook_answer.py"
_STOPS = "tests/signalpost/test_hook_answer_stops.py"
_CONTRACT = "tests/signalpost/test_hook_contract.py"

HOOKS = (
    Mutant(
        "a stop is held again by the same mail",
        "signalpost/hook_gate.py",
        "step.cursor > told",
        "step.cursor > told - 1",
        (_GATE, _STOPS),
    ),
    Mutant(
        "a turn that was held is held for tasks",
        "signalpost/hook_gate.py",
        "if not heard.stop_hook_active and not heard.works_on:",
        "if not heard.works_on:",
        (f"{_GATE}::test_a_turn_that_was_held_is_held_again_only_by_mail_it_was_not_told_of",),
    ),
    Mutant(
        "a doorbell that is off holds",
        "signalpost/hook_gate.py",
        "return step.on and waiting > 0",
        "return waiting > 0",
        (f"{_GATE}::test_a_doorbell_that_is_off_holds_nobody_by_mail",),
    ),
    Mutant(
        "an agent is held before that is remembered",
        "signalpost/hook_answer.py",
        "            file.advance(reached)\n",
        "",
        (f"{_STOPS}::test_a_hold_outlives_the_broker",),
    ),
    Mutant(
        "a client that shows nothing counts as told",
        "signalpost/hook_answer.py",
        "if heard.word not in contract.tells or heard.subagent:",
        "if False:",
        (
            f"{_ANSWER}::test_a_client_that_cannot_show_a_text_is_not_counted_as_told",
            f"{_ANSWER}::test_a_subagent_is_told_nothing_and_its_tools_are_a_sign_of_life",
        ),
    ),
    Mutant(
        "a ring that could not hold is nobody's any more",
        "signalpost/hook_answer.py",
        "        line.ask(ring, Accepted)\n        raise\n",
        "        raise\n",
        (f"{_STOPS}::test_a_ring_that_could_not_hold_is_given_up_for_others_to_tell",),
    ),
    Mutant(
        "a wait that nobody wants keeps its ring",
        "transport/direct.py",
        "                self.say(messages.CancelCall(correlation=correlation))\n",
        "",
        ("tests/transport/test_direct.py::test_a_wait_that_nobody_wants_any_more_ends",),
    ),
    Mutant(
        "Gemini CLI is answered as Claude Code is",
        "signalpost/hook_gemini.py",
        '"decision": "deny"',
        '"decision": "block"',
        (f"{_CONTRACT}::test_a_stop_is_held_with_its_reason",),
    ),
    Mutant(
        "marks go back",
        "signalpost/hook_marks.py",
        "self.marks = self.marks.joined(marks)",
        "self.marks = marks",
        ("tests/signalpost/test_hook_marks.py::test_marks_never_go_back",),
    ),
    Mutant(
        "the first session of all is never told who it is",
        "signalpost/hook_untold.py",
        "    endpoint.prepare(folder)  # it may be the first session of all\n",
        "",
        ("tests/signalpost/test_hook_untold.py::test_the_first_session_of_all_is_told_too",),
    ),
    Mutant(
        "a start hook is ended before it can keep what it could not say",
        "signalpost/hook.py",
        "max(coming_of(order), START_SECONDS * starts)",
        "coming_of(order)",
        ("tests/signalpost/test_hook.py::test_no_hook_lasts_longer_than_its_event_allows",),
    ),
    Mutant(
        "who was told at a later start is told again",
        "signalpost/hook_answer.py",
        "    if said is not None:\n        hook_untold.strike(",
        "    if False:\n        hook_untold.strike(",
        (
            "tests/signalpost/test_hook_answer_coming.py::test_a_later_start_of_the_session_that_says_it_leaves_nothing_to_say",
        ),
    ),
)
