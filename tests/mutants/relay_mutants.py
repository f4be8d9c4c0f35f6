"""Faults in how turns pass from shim to shim, and in what is held before its turn."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

_ACTOR = "tests/actors/test_queue_actor_handover.py"
_SHIMS = "tests/actors/test_handover.py"
_UNSAID = "tests/actors/test_handover_unsaid.py"
_CONTROL = "tests/actors/test_control.py"
_COPY = "test_a_dead_shim_has_ended_though_another_process_has_its_end_of_the_line"
_STRAYS = "tests/actors/test_spares_strays.py"
_HOLD = "tests/actors/test_shim_hold.py"

RELAY = (
    Mutant(
        "a shim begins although the right was taken back",
        "actors/shim_relay.py",
        "if _taken(self._right):",
        "if _taken(self._right) or self._right:",
        (f"{_SHIMS}::test_one_that_was_not_offered_the_right_waits_for_the_word",),
    ),
    Mutant(
        "the right is left where the shim can take it",
        "actors/handover.py",
        "os.eventfd_read(self._right)",
        "os.eventfd_read(os.dup(self._right)); self.offer()",
        (f"{_SHIMS}::test_one_that_was_not_offered_the_right_waits_for_the_word",),
    ),
    Mutant(
        "the broker does not see that the right was taken",
        "actors/handover.py",
        "self._successor.begun = True\n                return False",
        "return True",
        (f"{_SHIMS}::test_the_next_task_begins_with_the_death_and_its_broker_hears_of_it",),
    ),
    Mutant(
        "what has begun and lost its shim runs once more",
        "actors/spares.py",
        "briefed is None or briefed.begun or _fits(briefed, job)",
        "briefed is None or _fits(briefed, job)",
        (f"{_SHIMS}::test_one_that_has_begun_and_whose_shim_was_killed_is_not_run_again",),
    ),
    Mutant(
        "a shim announces a death before the tree is empty",
        "actors/shim_task.py",
        "        self._status = status\n",
        "        self._status = status\n        self._on_empty()\n",
        (f"{_SHIMS}::test_nobody_begins_while_anything_of_the_task_before_lives",),
    ),
    Mutant(
        "a shim whose broker is dead passes the turn on",
        "actors/shim.py",
        "if not self._cut_off() and self._relay.announce():",
        "if self._relay.announce():",
        (f"{_SHIMS}::test_nobody_begins_with_a_death_that_comes_of_the_broker_s_own",),
    ),
    Mutant(
        "a task that is killed passes the turn on",
        "actors/shim.py",
        "            self._relay.keep()\n",
        "",
        (f"{_SHIMS}::test_nobody_begins_with_a_death_that_was_ordered_unless_the_broker_says_so",),
    ),
    Mutant(
        "a shim that dies just before its zygote is never reaped",
        "actors/control.py",
        "call_later(FALLING_SECONDS, _reap, self.pid)",
        "call_later(FALLING_SECONDS, print, self.pid)",
        ("tests/actors/test_control.py::test_a_shim_that_dies_just_before_its_zygote_is_reaped",),
    ),
    Mutant(
        "two shims have the right to run one job",
        "actors/shim_claim.py",
        "        except FileExistsError:\n            return False",
        "        except FileExistsError:\n            return True",
        ("tests/actors/test_shim_claim.py::test_only_one_gets_it",),
    ),
    Mutant(
        "the actor acts while the right is out",
        "actors/queue_actor.py",
        "            self._resting = False\n            self._settle()",
        "            self._resting = False",
        (f"{_ACTOR}::test_who_is_taken_out_of_the_line_does_not_begin_any_more",),
    ),
    Mutant(
        "who has begun is launched only after what was asked",
        "actors/queue_actor.py",
        "            self.queue.died(dead, self._services.clock())\n            self._launch_now()",
        "            self.queue.died(dead, self._services.clock())",
        (f"{_ACTOR}::test_who_began_just_before_somebody_joined_has_not_changed",),
    ),
    Mutant(
        "who began just before it was cancelled is taken out of the line",
        "actors/succession.py",
        "        self._prepare(None)\n        return holder",
        "        return None",
        (f"{_ACTOR}::test_who_began_just_before_it_was_cancelled_is_killed",),
    ),
    Mutant(
        "a turn begins by itself beside a nested one",
        "actors/succession.py",
        "len(running) != 1",
        "not running",
        (f"{_ACTOR}::test_nobody_succeeds_a_task_with_one_inside_its_turn",),
    ),
    Mutant(
        "a turn begins by itself in a wider queue",
        "actors/succession.py",
        "self._queue.width != 1 or len(running) != 1",
        "not running",
        (f"{_ACTOR}::test_nobody_begins_by_himself_where_the_queue_is_wider",),
    ),
    Mutant(
        "a turn begins by itself before its task is on disk",
        "actors/attendant.py",
        "return self._acceptance.verdict(task.id) is None and self._job",
        "return self._job",
        (f"{_ACTOR}::test_nobody_begins_by_himself_before_his_task_is_on_disk",),
    ),
    Mutant(
        "a turn begins by itself as it was before somebody joined",
        "actors/attendant.py",
        " and self._job.outlives == _outlives(task)",
        "",
        (f"{_ACTOR}::test_who_has_changed_since_it_was_briefed_does_not_begin_by_itself",),
    ),
    Mutant(
        "what is held runs on when its shim was killed",
        "actors/shim_hold.py",
        "_DIE_WITH_TRACER | _STOP_AT_EXEC",
        "_STOP_AT_EXEC",
        (f"{_HOLD}::test_it_ends_with_a_shim_that_was_killed_and_has_run_nothing",),
    ),
    Mutant(
        "what is held runs before its turn",
        "actors/shim_hold.py",
        "    if seized:\n        os.write",
        "    if True:\n        os.write",
        (f"{_HOLD}::test_where_tracing_is_refused_nothing_is_left",),
    ),
    Mutant(
        "what is held runs in a folder that is another now",
        "actors/shim_hold.py",
        "_folder(command) == self._folder and not",
        "not",
        (f"{_HOLD}::test_one_whose_folder_was_made_anew_is_replaced",),
    ),
    Mutant(
        "what a killed shim held is never reaped",
        "actors/control.py",
        "            _bury(self._held)",
        "            pass",
        ("tests/actors/test_control.py::test_what_a_killed_shim_held_is_reaped",),
    ),
    Mutant(
        "what runs already is left running when its shim hangs before it has said so",
        "actors/launcher.py",
        "        if run.touched:\n",
        "        if shim.taken:\n",
        (f"{_UNSAID}::test_nothing_is_left_of_one_whose_shim_hangs",),
    ),
    Mutant(
        "what runs already is left running when its shim is killed before it has said so",
        "actors/launcher.py",
        "in_time and not run.touched",
        "in_time and not shim.taken",
        (f"{_UNSAID}::test_nothing_is_left_of_one_that_is_cancelled_when_its_shim_was_killed",),
    ),
    Mutant(
        "a signal to what is held reaches the command",
        "actors/shim_hold.py",
        " and not _signalled(self.pid)",
        "",
        (f"{_HOLD}::test_one_that_got_a_signal_before_its_turn_is_replaced",),
    ),
    Mutant(
        "who dies together with all who knew of it is never reaped",
        "actors/spares.py",
        "        shim.on_lost = self._sweep_later\n",
        "",
        (f"{_STRAYS}::test_it_is_reaped_when_a_shim_was_lost",),
    ),
    Mutant(
        "a shim may be reaped before it has told its pid",
        "actors/spares.py",
        "if not (told and reap_adopted(known)):",
        "if not reap_adopted(known):",
        (f"{_STRAYS}::test_nobody_is_reaped_while_a_shim_has_yet_to_tell_its_pid",),
    ),
    Mutant(
        "a dead shim lives as long as somebody has its end of the line",
        "actors/control.py",
        "            self.abort()\n        if self.pid and",
        "        if self.pid and",
        (f"{_CONTROL}::{_COPY}",),
    ),
    Mutant(
        "the last words of a dead shim are not heard while somebody has its end of the line",
        "actors/control.py",
        '            self._hear_out(self._transport.get_extra_info("socket").fileno())\n'
        "            self.abort()",
        "            self.abort()",
        (f"{_CONTROL}::{_COPY}",),
    ),
)
