"""Faults in the store, in the lock, and at the socket."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

_STORE = "tests/actors/test_store.py"
_FILE = "tests/actors/test_storefile.py"
_COMMITTER = "tests/actors/test_committer.py"
_LOCK = "tests/actors/test_lock.py"
_BROKER = "tests/actors/test_broker.py"
_SOCKETS = "tests/transport/test_sockets.py"
_LINK = "tests/transport/test_link.py"
_READS_NOTHING = (
    "tests/transport/test_outbox.py::test_a_peer_that_reads_nothing_fills_no_memory_and_is_named"
)

STORE = (
    Mutant(
        "NORMAL instead of FULL",
        "actors/store.py",
        "PRAGMA synchronous = {_SYNCHRONOUS[durability]}",
        "PRAGMA synchronous = NORMAL",
        (f"{_STORE}::test_durability_sets_what_a_commit_waits_for",),
    ),
    Mutant(
        "those who wait hear before the commit",
        "actors/committer.py",
        '        asked = any(job.kind != "read" for job in jobs)\n',
        "        self._wake_up.answer([told(then, None) for then, _ in waiting])\n        waiting = []\n"
        '        asked = any(job.kind != "read" for job in jobs)\n',
        ("tests/actors/test_committer_callbacks.py",),
    ),
    Mutant(
        "a full disk loses what was to be written",
        "actors/committer.py",
        "            self._roll_back(connection)\n            return error",
        "            self._roll_back(connection)\n            self._changes.clear()\n"
        "            return error",
        (f"{_COMMITTER}::test_without_room_nothing_is_accepted_and_the_rows_stay",),
    ),
    Mutant(
        "what was refused is written later, as what has become of it",
        "actors/pending.py",
        "        if key in self._refused and not removes:\n",
        "        if False:\n",
        ("tests/actors/test_ballast.py", "tests/actors/test_store_faults.py"),
    ),
    Mutant(
        "new messages are committed apart from what comes with them",
        "actors/pending.py",
        "        if not writing and _insert_at_once(connection, changes):\n            return\n",
        "        new = [c for c in changes if c.statement.bulk]\n"
        "        if _insert_at_once(connection, new):\n"
        "            changes = [c for c in changes if not c.statement.bulk]\n",
        ("tests/actors/test_committer_callbacks.py",),
    ),
    Mutant(
        "places without a message in a statement are rows",
        "actors/mail_schema.py",
        " WHEN NEW.seq IS NOT NULL BEGIN",
        " BEGIN",
        ("tests/actors/test_committer_callbacks.py",),
    ),
    Mutant(
        "after a fault of the disk all goes on",
        "actors/committer.py",
        "        if passes(error):\n",
        "        if True:\n",
        (f"{_COMMITTER}::test_after_a_fault_of_the_disk_nothing_is_written",),
    ),
    Mutant(
        "what comes in one round is parted",
        "actors/committer.py",
        "        self._round.append(work)\n",
        "        self._round.append(work)\n        self._pass_on()\n",
        (f"{_COMMITTER}::test_what_is_put_in_one_round_of_the_loop_is_in_one_commit",),
    ),
    Mutant(
        "a lost store is replaced by an empty one",
        "actors/storefile.py",
        "        if rest.exists():\n",
        "        if False:\n",
        (f"{_FILE}::test_a_lost_file_is_not_replaced_by_an_empty_store",),
    ),
    Mutant(
        "a damaged store is used",
        "actors/storefile.py",
        'if problem != "ok" or not isinstance(store_id, str)',
        "if not isinstance(store_id, str)",
        (f"{_FILE}::test_a_damaged_store_is_refused",),
    ),
    Mutant(
        "two brokers at once",
        "actors/lock.py",
        "    except BlockingIOError:\n        return False\n",
        "    except BlockingIOError:\n        return True\n",
        (f"{_LOCK}::test_who_comes_second_is_refused_and_has_the_holder_look_after_its_folder",),
    ),
    Mutant(
        "task ids begin anew with every broker",
        "actors/lock.py",
        "highest_id = max(holders.read(descriptor).highest_id, removed)",
        "highest_id = 0",
        (f"{_LOCK}::test_ids_grow_and_outlive_every_holder",),
    ),
    Mutant(
        "the text of a message is in the log",
        "actors/inbox_actor.py",
        "            type=message.kind,\n",
        "            type=message.kind,\n            content=message.content,\n",
        (
            (
                "tests/system/test_mail_secrets.py::test_no_log_and_no_process_shows_the_text"
                "_of_a_message"
            ),
        ),
    ),
    Mutant(
        "another user is let in",
        "actors/reception.py",
        "if peer.uid not in (-1, os.getuid()):",
        "if False:",
        (f"{_BROKER}::test_another_user_is_not_even_answered",),
    ),
    Mutant(
        "another process takes up a session",
        "actors/reception.py",
        "if known is not None and known.pid == peer.pid:",
        "if known is not None:",
        (f"{_BROKER}::test_another_process_cannot_take_up_a_session",),
    ),
    Mutant(
        "a stolen token will do",
        "transport/session.py",
        "        session = self._by_identity.get(identity)\n        if session is None",
        "        session = self._by_token.get(token)\n        if session is None",
        (f"{_BROKER}::test_a_stolen_token_is_worth_nothing_on_another_connection",),
    ),
    Mutant(
        "a stopped broker blames its clients for the silence",
        "actors/reception.py",
        "self._sessions.extend(now - deadline + _DRAIN_SECONDS)",
        "self._sessions.extend(now - deadline)",
        ("tests/actors/test_reception.py",),
    ),
    Mutant(
        "the edge of the socket is lost",
        "transport/sockets.py",
        "return self._readable() and (not more or self._burst())",
        "return False",
        (f"{_SOCKETS}::test_what_comes_in_one_go_is_heard_and_answered_in_order",),
    ),
    Mutant(
        "every edge adds a turn to the one that is due",
        "transport/socket.py",
        "        if not self._due:\n            self._turn()\n",
        "        self._turn()\n",
        (f"{_SOCKETS}::test_a_turn_beside_a_flood_is_short_and_others_edges_add_no_turns",),
    ),
    Mutant(
        "a flood holds the loop",
        "transport/sockets.py",
        "if self._loop.time() > until:",
        "if False:",
        (f"{_SOCKETS}::test_a_turn_beside_a_flood_is_short_and_others_edges_add_no_turns",),
    ),
    Mutant(
        "a message overtakes those of its stalled peer",
        "transport/outbox.py",
        "self.stall(outgoing)  # one before it had to wait: it must not overtake that",
        "return outgoing",
        (f"{_SOCKETS}::test_what_was_stalled_is_not_overtaken_by_what_is_due_already",),
    ),
    Mutant(
        "memory for a peer that reads nothing has no bound",
        "transport/outbox.py",
        "            self._stalled[outgoing[0]] = None\n",
        "            pass\n",
        (_READS_NOTHING,),
    ),
    Mutant(
        "who missed something is not asked to say hello again",
        "transport/outbox.py",
        "            self._dropped(outgoing[0])\n",
        "            pass\n",
        (_READS_NOTHING,),
    ),
    Mutant(
        "everybody is let in until descriptors run out",
        "transport/door.py",
        "        return not short\n",
        "        return True\n",
        ("tests/system/test_load.py::test_a_storm_of_connections_does_not_end_the_broker",),
    ),
    Mutant(
        "what is unanswered is not sent again",
        "transport/link.py",
        "        for call in self._calls.all():\n            self._transmit(call)\n",
        "",
        (f"{_LINK}::test_what_is_unanswered_is_sent_again_under_its_correlation",),
    ),
    Mutant(
        "a broker does not hear who gives up",
        "transport/link.py",
        "if self._calls.take(call.correlation) is not None or leases_in(call.answer):",
        "if False:",
        (f"{_LINK}::test_a_cancelled_wait_gives_its_request_up",),
    ),
    Mutant(
        "frames of any length are decoded",
        "transport/frames.py",
        "        if len(payload) > self._most:\n",
        "        if False:\n",
        ("tests/transport/test_frames.py",),
    ),
)
