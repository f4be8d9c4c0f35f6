"""Faults in turns, in what becomes of tasks, and in how trees of processes end."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

_QUEUE = "tests/actors/test_queue.py"
_NESTED = "tests/actors/test_queue_nested.py"
_AGAIN = "tests/actors/test_queue_restart.py"
_SHARING = "tests/actors/test_queue_sharing.py"
_ACTOR = "tests/actors/test_queue_actor.py"
_AHEAD = "tests/actors/test_queue_actor_ahead.py"
_AFTERWARDS = "tests/actors/test_post_afterwards.py"
_SHIM = "tests/actors/test_shim.py"
_WATCHING = "tests/actors/test_queue_watching.py"
_LEFTOVERS = "tests/actors/test_shim_leftovers.py"
_RECOVERY = "tests/actors/test_recovery.py"
_FATES = "tests/system/test_fates.py"
_TURNS = "tests/system/test_turns.py"

TASKS = (
    Mutant(
        "the task that came last has its turn first",
        "actors/line.py",
        "return self._tasks.pop(0) if",
        "return self._tasks.pop() if",
        (_TURNS,),
    ),
    Mutant(
        "one task more than the queue is wide",
        "actors/slots.py",
        "return len(self.holders()) < self.width",
        "return len(self.holders()) <= self.width",
        (f"{_QUEUE}::test_a_wider_queue_runs_as_many_as_its_width",),
    ),
    Mutant(
        "a turn ends before its nested tasks",
        "actors/slots.py",
        " or task_id not in self._ended or self.inside(task_id):",
        " or task_id not in self._ended:",
        (f"{_NESTED}::test_the_turn_is_over_when_the_nested_tasks_are_dead_too",),
    ),
    Mutant(
        "a turn ends with a death before its nested tasks",
        "actors/slots.py",
        "if t.id not in self._dead or self.inside(t.id)]",
        "if t.id not in self._dead]",
        (f"{_NESTED}::test_a_death_ends_no_turn_before_the_nested_tasks_have_ended",),
    ),
    Mutant(
        "a dead task is said to run",
        "actors/slots.py",
        "max(call.deadline, now.mono + _TELLING_SECONDS)",
        "call.deadline",
        (f"{_WATCHING}::test_who_looks_at_a_dead_task_is_told_its_end",),
    ),
    Mutant(
        "who looks at a dead task waits for what lives inside it",
        "actors/slots.py",
        "if task_id in self._dead and not self.inside(task_id) and call",
        "if task_id in self._dead and call",
        (f"{_NESTED}::test_who_looks_at_a_dead_task_does_not_wait_for_what_lives_inside_it",),
    ),
    Mutant(
        "after a restart tasks start before their callers are back",
        "actors/line.py",
        "if self._tasks and self.gate is None else None",
        "if self._tasks else None",
        (f"{_AGAIN}::test_nothing_starts_while_callers_are_awaited",),
    ),
    Mutant(
        "anybody cancels the tasks of others",
        "actors/queue.py",
        "        task.check_owner(principal)\n",
        "",
        (f"{_FATES}::test_only_its_owner_or_a_person_cancels_a_task",),
    ),
    Mutant(
        "a cancelled task is still said to have succeeded",
        "actors/queue.py",
        'task.state = "cancelled"',
        'task.state = "success"',
        (f"{_QUEUE}::test_a_waiting_task_is_cancelled_at_once",),
    ),
    Mutant(
        "a result is given again",
        "actors/results.py",
        "if task.delivered or task.ended is None:",
        "if task.ended is None:",
        (f"{_FATES}::test_a_result_is_given_once_and_then_the_command_runs_anew",),
    ),
    Mutant(
        "a call is answered twice",
        "actors/queue.py",
        "        task.calls.pop(call.correlation, None)\n",
        "",
        (f"{_QUEUE}::test_a_call_is_answered_when_its_wait_is_over_and_the_task_runs_on",),
    ),
    Mutant(
        "a result that its caller got is posted too",
        "actors/task_mail.py",
        "if owner is not None and not task.delivered:",
        "if owner is not None:",
        (f"{_AFTERWARDS}::test_the_result_that_its_caller_got_is_no_mail",),
    ),
    Mutant(
        "a result that nobody took is never told",
        "actors/task_mail.py",
        "asyncio.get_running_loop().call_later(wait, self._post_untaken, owner.id, task)",
        "pass",
        (f"{_AFTERWARDS}::test_the_result_of_a_task_that_nobody_waits_for_comes_as_mail",),
    ),
    Mutant(
        "identical open calls run twice",
        "actors/queue.py",
        "return next(iter(again + alike), None) or",
        "return next(iter(again), None) or",
        (f"{_SHARING}::test_identical_open_calls_share_one_task",),
    ),
    Mutant(
        "a command starts before its task is on disk",
        "actors/attendant.py",
        "            if verdict is not None:\n                await verdict.wait()\n",
        "",
        ("tests/actors/test_queue_actor_faults.py", _ACTOR),
    ),
    Mutant(
        "a command starts with a death before its task is on disk",
        "actors/attendant.py",
        "begun = verdict is None and self._services",
        "begun = self._services",
        (f"{_AHEAD}::test_a_task_that_is_not_on_disk_yet_does_not_begin_with_the_death",),
    ),
    Mutant(
        "a death overtakes what was asked before",
        "actors/queue_actor.py",
        "if self._resting and not self._mailbox:\n            if not",
        "if self._resting:\n            if not",
        (f"{_AHEAD}::test_what_was_asked_before_a_death_is_heard_before_it",),
    ),
    Mutant(
        "a briefed shim does a job that has changed",
        "actors/spares.py",
        "return msgspec.structs.replace(known, log_header=job.log_header) == job",
        "return True",
        ("tests/actors/test_spares.py::test_a_job_that_has_changed_since_is_done_as_it_is_now",),
    ),
    Mutant(
        "the environment is kept after the start",
        "actors/attendant.py",
        "environment={}, env_vars={})",
        ")",
        (f"{_ACTOR}::test_the_environment_is_in_memory_only_until_the_start",),
    ),
    Mutant(
        "a command gets the secrets of the client",
        "transport/caller.py",
        '(b"CLAUDE_CODE_MESSAGING_", b"SIGNALPOST_")',
        '(b"SIGNALPOST_",)',
        ("tests/transport/test_caller.py::test_client_secrets_and_our_own_variables_stay_out",),
    ),
    Mutant(
        "only the process group is killed",
        "actors/shim_ending.py",
        "frozen = shim_tree.freeze(self._roots)",
        "frozen = {p.pid for p in living(self._child) if p.session == self._child}",
        (f"{_LEFTOVERS}::test_a_daemon_that_ignores_term_does_not_survive",),
    ),
    Mutant(
        "who ignores TERM is not killed",
        "actors/shim_ending.py",
        "shim_tree.signal_one(pid, signal.SIGKILL)",
        "shim_tree.signal_one(pid, signal.SIGTERM)",
        (f"{_SHIM}::test_a_command_that_ignores_term_is_killed_after_the_grace",),
    ),
    Mutant(
        "orphans are not seen",
        "actors/shim_tree.py",
        "return bool(prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)",
        "return bool(prctl)",
        (f"{_LEFTOVERS}::test_a_daemon_that_ignores_term_does_not_survive",),
    ),
    Mutant(
        "no time limit",
        "actors/shim_task.py",
        'return self._started + self._job["timeout_seconds"]',
        "return self._started + 1e9",
        (f"{_SHIM}::test_the_time_limit_kills_the_tree",),
    ),
    Mutant(
        "every command succeeds",
        "actors/shim_task.py",
        "self._exited(os.waitstatus_to_exitcode(found[1]))",
        "self._exited(0)",
        (f"{_SHIM}::test_the_exit_code_is_passed_on",),
    ),
    Mutant(
        "what died with the broker is taken for a success",
        "actors/recovery.py",
        'Outcome(reason="broker_lost", ended_at=clock())',
        'Outcome(reason="exit", exit_code=0, ended_at=clock())',
        (f"{_RECOVERY}::test_a_task_without_an_outcome_is_lost",),
    ),
    Mutant(
        "a process is known by its number alone",
        "actors/recovery.py",
        "if record.shim_start and shim_record.start_time(record.shim) == record.shim_start:",
        "if record.shim_start:",
        (f"{_RECOVERY}::test_another_process_under_the_same_number_is_left_alone",),
    ),
    Mutant(
        "survivors of a dead broker are not looked for",
        "actors/recovery.py",
        "await orphans.kill_carriers({record.cookie for record in ending})",
        "pass",
        (
            (
                "tests/system/test_deaths.py::test_killing_the_broker_and_the_shims_at_once_leaves"
                "_nothing_for_the_next_life"
            ),
        ),
    ),
    Mutant(
        "what a killed shim leaves lives on",
        "actors/orphans.py",
        "await _until_none(lambda: _strike_adopted(spared))",
        "pass",
        (
            (
                "tests/actors/test_launcher_deaths.py::test_when_a_shim_was_killed_nothing_of_its"
                "_task_is_left"
            ),
        ),
    ),
)
