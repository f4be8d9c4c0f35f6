"""Faults in when an agent is known, and to whom."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

_GREETING = "tests/mcp_bridge/test_greeting.py"
_PASSING = "tests/actors/test_post_passing.py"
_EXPECTING = "tests/actors/test_doorman_expecting.py"
_EXPECTED = "tests/actors/test_expected.py"
_BROKER = "tests/signalpost/test_broker_watch.py"
_COMING = "tests/signalpost/test_hook_answer_coming.py"
_WAITING = "tests/signalpost/test_waiting.py"
_PROBE = "tests/signalpost/test_wake_probe.py"
_FORMER = "tests/signalpost/test_client_edits_former.py"
_SETUP = "tests/system/test_setup.py"
_DIRECT = "tests/transport/test_direct.py"

GREETINGS = (
    Mutant(
        "only a named agent is greeted",
        "mcp_bridge/server.py",
        "return agent if agent.agent or identity.is_known_before_a_call(client, meta) else None",
        "return agent if agent.agent else None",
        (f"{_GREETING}::test_an_unnamed_agent_is_known_when_its_client_has_listed_the_tools",),
    ),
    Mutant(
        "codex is greeted as nobody's conversation",
        "mcp_bridge/identity.py",
        'return not client.startswith(_MANY) or isinstance(meta.get("threadId"), str)',
        "return True",
        (f"{_GREETING}::test_codex_is_not_known_before_it_tells_the_conversation",),
    ),
    Mutant(
        "an agent is greeted for every list",
        "mcp_bridge/greeting.py",
        "self._owed.pop(request, None)) is not None:",
        "self._owed.get(request)) is not None:",
        (f"{_GREETING}::test_nobody_is_greeted_before_the_list_is_written",),
    ),
    Mutant(
        "a greeting outlives a list that failed",
        "mcp_bridge/greeting.py",
        "        self._owed.pop(request, None)\n\n    def cancelled",
        "        pass\n\n    def cancelled",
        (f"{_GREETING}::test_nobody_is_greeted_whose_list_failed_or_whose_client_began_again",),
    ),
    Mutant(
        "a name that is none fails the list",
        "mcp_bridge/server.py",
        "            return None  # every tool call will say what is wrong with its name",
        "            raise",
        (f"{_GREETING}::test_a_name_that_is_none_lists_the_tools_and_greets_nobody",),
    ),
    Mutant(
        "who only looked stays known",
        "actors/registry.py",
        "if agent.is_gone and not agent.named and not agent.acted:",
        "if False:",
        (
            f"{_PASSING}::test_an_unnamed_agent_that_never_asked_for_anything_is_forgotten_when_it_leaves",
        ),
    ),
    Mutant(
        "who leaves in order has acted by that",
        "actors/desk.py",
        "        if not isinstance(request, messages.Bye):\n",
        "        if True:\n",
        (
            f"{_PASSING}::test_an_unnamed_agent_that_never_asked_for_anything_is_forgotten_when_it_leaves",
        ),
    ),
    Mutant(
        "what an agent asked for does not count",
        "actors/agent.py",
        "first, self.acted = not self.acted, True",
        "first = False",
        (f"{_PASSING}::test_one_that_asked_for_anything_stays",),
    ),
    Mutant(
        "the next broker takes everybody for one who acted",
        "actors/agent_row.py",
        "        acted=agent.acted,\n",
        "",
        (f"{_PASSING}::test_the_next_broker_forgets_it_too_when_it_leaves_there",),
    ),
    Mutant(
        "that it acts is not written to disk",
        "actors/registry.py",
        "or not agent.act(now) or agent.named:",
        "or not agent.act(now) or True:",
        (f"{_PASSING}::test_the_next_broker_knows_what_it_did_before",),
    ),
    Mutant(
        "mail goes with who only looked",
        "actors/membership.py",
        "if not self._inboxes.depth(agent):  # some",
        "if True:  # some",
        (f"{_PASSING}::test_one_that_has_mail_stays_with_it",),
    ),
    Mutant(
        "a given name is forgotten at once",
        "actors/registry.py",
        "not agent.named and not agent.acted",
        "not agent.acted",
        (f"{_PASSING}::test_one_with_a_given_name_stays",),
    ),
    Mutant(
        "who waits for an agent hears nothing of its coming",
        "actors/membership.py",
        "            self._expected.come(claim.agent)\n",
        "            pass\n",
        (f"{_EXPECTING}::test_one_who_comes_is_told_by_the_same_rules",),
    ),
    Mutant(
        "an agent is expected by its name alone",
        "actors/expected.py",
        "return (in_thread([agent], self.thread) or below([agent], self.above)) is not None",
        "return False",
        (_EXPECTED, _EXPECTING),
    ),
    Mutant(
        "who gave up waiting for an agent is answered",
        "actors/doorman.py",
        "        self._expected.give_up(correlation)\n",
        "",
        (f"{_EXPECTING}::test_who_gave_up_or_left_is_not_answered",),
    ),
    Mutant(
        "the start of a session waits for nobody",
        "signalpost/hook_answer.py",
        "if not before.agent and seconds and line.minor >= AWAITS_AGENTS:",
        "if False:",
        (f"{_COMING}::test_an_agent_that_comes_is_told_who_it_is_and_what_waits",),
    ),
    Mutant(
        "an inner client speaks for the outer agent",
        "actors/ancestry.py",
        "        if is_client(process.words(pid)):\n            break\n",
        "",
        ("tests/actors/test_ancestry.py::test_nobody_is_above_the_nearest_client",),
    ),
    Mutant(
        "the start of a session waits for no broker",
        "signalpost/hook_answer.py",
        "return broker_comes(folder, grace) or (_has_bridge() and broker_comes(folder, until))",
        "return False",
        (f"{_BROKER}::test_a_start_waits_for_the_broker_and_then_for_the_agent",),
    ),
    Mutant(
        "a broker is waited for that no bridge starts",
        "signalpost/hook_answer.py",
        "(_has_bridge() and broker_comes(folder, until))",
        "broker_comes(folder, until)",
        (f"{_BROKER}::test_where_there_is_no_bridge_no_broker_is_waited_for",),
    ),
    Mutant(
        "an agent is waited for that has no bridge",
        "signalpost/hook_answer.py",
        "if step is None and _has_bridge():",
        "if step is None:",
        (f"{_COMING}::test_where_there_is_no_bridge_nobody_is_waited_for",),
    ),
    Mutant(
        "any program's mcp is a bridge",
        "signalpost/bridge_words.py",
        'before[-1].rpartition("/")[2] != _NAME',
        "False",
        (
            "tests/signalpost/test_own_bridge.py::test_a_bridge_is_found_among_the_processes_of_its_client",
        ),
    ),
    Mutant(
        "the bridge of any client of this terminal is one of one's own",
        "signalpost/own_bridge.py",
        "_below(above[-1][0])",
        "_below(sys.modules[words.__module__].parent(above[-1][0]))",
        (
            "tests/signalpost/test_own_bridge.py::test_that_of_another_client_in_the_same_terminal_is_none",
        ),
    ),
    Mutant(
        "who could not be told at the start never is",
        "signalpost/hook_answer.py",
        "        if said is None:\n            _owe(folder, heard.session)\n",
        "        pass\n",
        (f"{_COMING}::test_what_a_start_could_not_say_is_said_once_when_the_agent_is_known",),
    ),
    Mutant(
        "who could not be told at the start is told again and again",
        "signalpost/hook_untold.py",
        "[other for other in marks if other != mark]",
        "marks",
        ("tests/signalpost/test_hook_untold.py::test_a_session_is_told_once",),
    ),
    Mutant(
        "a session of codex waits for its agent in vain",
        "signalpost/hook_codex.py",
        "late = True",
        "late = False",
        (f"{_COMING}::test_an_agent_of_codex_comes_with_its_first_call_and_is_not_waited_for",),
    ),
    Mutant(
        "an older broker is asked what it does not know",
        "signalpost/hook_answer.py",
        "and line.minor >= AWAITS_AGENTS:",
        "and True:",
        (f"{_COMING}::test_a_broker_that_does_not_know_how_to_wait_is_not_asked_to",),
    ),
    Mutant(
        "waiting for an agent takes the time of the other questions",
        "transport/direct.py",
        "        self._until += time.monotonic() - began\n",
        "        self._until = began\n",
        (f"{_DIRECT}::test_an_agent_that_does_not_come_costs_the_next_question_no_time",),
    ),
    Mutant(
        "a rewake waits for an agent for ever",
        "signalpost/waiting.py",
        "with anyio.move_on_after(_COMING_SECONDS):",
        "with anyio.CancelScope():",
        (f"{_WAITING}::test_a_rewake_does_not_wait_for_ever_for_an_agent",),
    ),
    Mutant(
        "every turn leaves another process that waits",
        "signalpost/vigil.py",
        "    except BlockingIOError:\n        return False\n",
        "    except BlockingIOError:\n        return True\n",
        ("tests/signalpost/test_vigil.py",),
    ),
    Mutant(
        "claude -p waits for a hook that cannot wake it",
        "signalpost/waiting.py",
        "os.environ.get(_ENTRYPOINT) == _PRINTS or not",
        "not",
        (f"{_WAITING}::test_a_rewake_leaves_when_another_one_waits_or_nothing_wakes_the_client",),
    ),
    Mutant(
        "a probe behind older mail is waited for in vain",
        "signalpost/wake_probe.py",
        "    if older:\n",
        "    if False:\n",
        (f"{_PROBE}::test_behind_older_mail_a_ring_is_all_that_is_waited_for",),
    ),
    Mutant(
        "what was typed was read",
        "signalpost/wake_probe.py",
        '_REACHED = ("shown", "woke",',
        '_REACHED = ("typed", "shown", "woke",',
        (f"{_PROBE}::test_who_was_not_reached_is_no_success_and_the_reason_is_told",),
    ),
    Mutant(
        "an old ring is one of the probe",
        "signalpost/wake_probe.py",
        "return ring.at >= found.sent_at and ring",
        "return ring",
        (f"{_PROBE}::test_a_ring_from_before_the_probe_does_not_count",),
    ),
    Mutant(
        "the plugin of an earlier setup stays",
        "signalpost/client_edits.py",
        'return "" if text.startswith(self.first_line) else text',
        "return text",
        (f"{_SETUP}::test_the_plugin_of_an_earlier_version_goes",),
    ),
    Mutant(
        "opencode goes on listing a plugin that is gone",
        "signalpost/client_edits.py",
        "return self.remove(text, None)",
        "return text",
        (f"{_SETUP}::test_the_plugin_of_an_earlier_version_goes", _FORMER),
    ),
    Mutant(
        "somebody's own plugin goes",
        "signalpost/client_edits.py",
        "lambda item: item == self.item",
        'lambda item: str(item).endswith("signalpost.js")',
        (_FORMER,),
    ),
)
