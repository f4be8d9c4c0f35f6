"""Faults in what models are shown, and in what a bridge says of that."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

_DELIVERIES = "tests/mcp_bridge/test_deliveries.py"
_TEXT = "tests/mcp_bridge/test_message_text.py"
_ACKNOWLEDGING = "tests/mcp_bridge/test_mail_handlers_acknowledging.py"
_LEAN = "tests/mcp_bridge/test_lean_imports.py"
_LINK_MAIL = "tests/transport/test_link_mail.py"

BRIDGE = (
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
)
