"""Faults in what models are shown, and in what a bridge says of that."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

_DELIVERIES = "tests/mcp_bridge/test_deliveries.py"
_TEXT = "tests/mcp_bridge/test_message_text.py"
_ACKNOWLEDGING = "tests/mcp_bridge/test_mail_handlers_acknowledging.py"
_WAKERS = "tests/mcp_bridge/test_wakers.py"
_LEAN = "tests/mcp_bridge/test_lean_imports.py"
_MCP_TASKS = "tests/mcp_bridge/test_task_extension.py"
_EXTENSION = "tests/mcp_bridge/test_task_extension.py"
_WAITS = "tests/mcp_bridge/test_task_extension_waits.py"
_LINK_MAIL = "tests/transport/test_link_mail.py"

BRIDGE = (
    Mutant(
        "an id of another agent is good",
        "mcp_bridge/ticket.py",
        "who = (agent.agent or agent.label).encode()",
        'who = b""',
        ("tests/mcp_bridge/test_ticket.py::test_a_stolen_ticket_is_of_no_use_to_another_agent",),
    ),
    Mutant(
        "an id may be written in several ways",
        "mcp_bridge/ticket.py",
        "hmac.compare_digest(text, _with_seal(payload, agent, key))",
        "hmac.compare_digest(_read(text.partition('.')[2]), _seal(payload, agent, key))",
        ("tests/mcp_bridge/test_ticket.py::test_one_ticket_has_one_id",),
    ),
    Mutant(
        "an agent that has gone is told of no mail",
        "mcp_bridge/wakers.py",
        "way=self._door.way, after=after)).news:",
        "way=self._door.way, after=after)) is not None:",
        (f"{_WAKERS}::test_an_agent_that_has_unregistered_is_told_nothing_until_it_calls_again",),
    ),
    Mutant(
        "an MCP task for one who declared nothing",
        "mcp_bridge/task_extension.py",
        "TASKS in (extensions or {})",
        "True",
        (f"{_MCP_TASKS}::test_who_does_not_declare_it_waits_for_the_result",),
    ),
    Mutant(
        "a client's look acknowledges for the model",
        "mcp_bridge/receiving.py",
        "asker, wait, _nothing_due)",
        "asker, wait, post.deliveries.due)",
        (f"{_WAITS}::test_a_look_of_the_client_acknowledges_nothing",),
    ),
    Mutant(
        "mail that went back is shown again",
        "mcp_bridge/waits.py",
        "if wait.late_cancels and wait.shown_by == {request}:",
        "if False:",
        (f"{_WAITS}::test_mail_that_the_client_did_not_want_goes_back_and_comes_again",),
    ),
    Mutant(
        "a task of another store under an old id",
        "mcp_bridge/task_extension.py",
        "if abs(report.created_at - ticket.created_at) > _SAME_MOMENT:",
        "if False:",
        (f"{_MCP_TASKS}::test_a_task_of_another_store_is_not_the_one",),
    ),
    Mutant(
        "what was never shown is acknowledged",
        "mcp_bridge/deliveries.py",
        'if t.acknowledges and t.stage == "written"]',
        "if t.acknowledges]",
        (f"{_DELIVERIES}::test_what_is_not_written_yet_is_neither",),
    ),
    Mutant(
        "what may not have been read is acknowledged",
        "mcp_bridge/deliveries.py",
        "taking.doubtful = bool(receives)",
        "taking.doubtful = False",
        (f"{_ACKNOWLEDGING}::test_what_two_receives_at_once_took_is_offered_again",),
    ),
    Mutant(
        "what a cancelled call took is kept",
        "mcp_bridge/mail_handlers.py",
        "self._give_back_beside(post.broker, post.deliveries.cancelled(request))",
        "post.deliveries.cancelled(request)",
        (f"{_ACKNOWLEDGING}::test_a_late_cancel_gives_the_message_back_at_once",),
    ),
    Mutant(
        "ack=false is ignored",
        "mcp_bridge/deliveries.py",
        "taking.acknowledges = ack",
        "taking.acknowledges = True",
        (f"{_ACKNOWLEDGING}::test_mail_taken_without_ack_is_only_acknowledged_by_hand",),
    ),
    Mutant(
        "a body can forge the lines around it",
        "mcp_bridge/message_text.py",
        "    while any(mark in body for body in bodies):\n",
        "    while False:\n",
        (f"{_TEXT}::test_no_content_forges_an_envelope_or_the_lines_around_a_body",),
    ),
    Mutant(
        "sequences of terminals reach the model",
        "transport/safe_text.py",
        '_BREAKS.sub("\\n", _SEQUENCES.sub("", text))',
        '_BREAKS.sub("\\n", text)',
        ("tests/transport/test_safe_text.py",),
    ),
    Mutant(
        "mail that nobody waits for any more is kept",
        "transport/link.py",
        "        elif not self._calls.answer(correlation, answer):\n"
        "            self._cancel(correlation)\n",
        "        else:\n            self._calls.answer(correlation, answer)\n",
        (f"{_LINK_MAIL}::test_an_answer_after_the_deadline_is_given_up",),
    ),
    Mutant(
        "an SDK that is laid out otherwise stays half loaded",
        "mcp_bridge/lean_imports.py",
        "        _undo(before)\n",
        "",
        (f"{_LEAN}::test_a_layout_that_differs_is_undone",),
    ),
    Mutant(
        "a release that nobody has tried is cut down, too",
        "mcp_bridge/lean_imports.py",
        "    if not any(_is_installed(release) for release in RELEASES):\n",
        "    if not RELEASES:\n",
        (f"{_LEAN}::test_of_another_release_the_sdk_is_loaded_whole",),
    ),
    Mutant(
        "what knows each other is loaded in part",
        "mcp_bridge/deferred.py",
        "        _let_in(self._family)\n",
        "        _let_in((self.__name__,))\n",
        ("tests/mcp_bridge/test_deferred.py",),
    ),
    Mutant(
        "cancelling one of two equal calls cancels both",
        "mcp_bridge/claims.py",
        "        if all(other.left_at is not None for other in others):\n",
        "        if True:\n",
        (
            f"{_EXTENSION}::test_of_equal_calls_each_is_cancelled_alone_and_the_run_with_the_last_one",
        ),
    ),
    Mutant(
        "equal calls share one MCP task",
        "mcp_bridge/task_extension.py",
        "ticket = RunTicket(report.task_id, report.created_at, _mark())",
        "ticket = RunTicket(report.task_id, report.created_at)",
        (
            f"{_EXTENSION}::test_of_equal_calls_each_is_cancelled_alone_and_the_run_with_the_last_one",
        ),
    ),
)
