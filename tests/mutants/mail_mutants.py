"""Faults in how messages are kept, ordered, handed out and ended."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

_INBOX = "tests/actors/test_inbox.py"
_LEASES = "tests/actors/test_inbox_leases.py"
_SENDERS = "tests/actors/test_inbox_senders.py"
_POST = "tests/actors/test_post.py"
_IDENTITY = "tests/actors/test_post_identity.py"
_AFTERWARDS = "tests/actors/test_post_afterwards.py"
_AGAIN = "tests/actors/test_post_again.py"
_WAITING = "tests/actors/test_post_waiting.py"
_RESTART = "tests/system/test_mail_restart.py"
_SYSTEM_LEASES = "tests/system/test_mail_leases.py"
_STOOD_STILL = (
    "tests/actors/test_inbox_actor.py"
    "::test_a_lease_that_ended_while_the_broker_stood_still_waits_for_the_acknowledgement"
)

MAIL = (
    Mutant(
        "a sender is told before the commit",
        "actors/inbox_actor.py",
        "self._services.store.keep(row, partial(self._saved, message))",
        "self._services.store.keep(row); self._saved(message, None)",
        ("tests/actors/test_post_whole.py",),
    ),
    Mutant(
        "a stage is told before the commit",
        "actors/inbox_moves.py",
        "if call is not None and message.stored and (",
        "if call is not None and (",
        (f"{_INBOX}::test_a_stage_that_is_reached_before_the_commit_is_told_after_it",),
    ),
    Mutant(
        "the same message again is another one",
        "actors/inbox.py",
        "if known := self._known.get(message.id):",
        "if known := None:",
        (f"{_INBOX}::test_a_message_that_is_known_is_not_accepted_again",),
    ),
    Mutant(
        "a send repeated after a restart is another one",
        "actors/post.py",
        "if self._archive.latest.note(correlation):",
        "if True:",
        (f"{_RESTART}::test_a_send_repeated_after_the_restart_is_the_same_message",),
    ),
    Mutant(
        "a request sent again is served again",
        "actors/reception.py",
        "payload = self._answers.get(correlation)",
        "payload = None",
        ("tests/actors/test_desk.py::test_logs_are_cleared_once_under_one_correlation",),
    ),
    Mutant(
        "any token of a lease acknowledges",
        "actors/leases.py",
        "if held.lease and held.lease != message.lease.token:",
        "if False:",
        (
            (
                f"{_SYSTEM_LEASES}::test_what_nobody_else_has_taken_comes_again_and_its_first_lease"
                "_is_worth_nothing"
            ),
        ),
    ),
    Mutant(
        "any session acknowledges",
        "actors/leases.py",
        "or message.lease is None or message.lease.session != session:",
        "or message.lease is None:",
        (f"{_LEASES}::test_only_the_current_token_and_its_session_settle",),
    ),
    Mutant(
        "no drain after a pause of the broker",
        "actors/inbox_actor.py",
        "self.tell(lambda inbox, _now: inbox.spare(DRAIN_SECONDS))",
        "pass",
        (_STOOD_STILL,),
    ),
    Mutant(
        "a pause of the broker costs the lease",
        "actors/inbox_actor.py",
        "self.tell(lambda inbox, _now: inbox.shift(late))",
        "pass",
        (
            (
                "tests/actors/test_inbox_actor.py"
                "::test_the_time_for_which_a_broker_stood_still_does_not_count_towards_a_lease"
            ),
        ),
    ),
    Mutant(
        "last in, first out",
        "actors/lane.py",
        "return self._items[self._heap[0]] if self._heap else None",
        "return self._items[max(self._items)] if self._items else None",
        (f"{_POST}::test_mail_waits_for_its_receiver_and_comes_in_the_order_in_which_it_was_sent",),
    ),
    Mutant(
        "no limit of attempts",
        "actors/inbox_moves.py",
        "if message.attempts < MAX_ATTEMPTS:",
        "if True:",
        (f"{_AFTERWARDS}::test_a_message_that_failed_five_times_is_dead_and_says_why",),
    ),
    Mutant(
        "what comes back stands last",
        "actors/inbox_moves.py",
        "        message.put_back()\n        self._make_ready(message)",
        "        message.put_back()\n        message.seq = self._seqs()\n"
        "        self._make_ready(message)",
        (f"{_POST}::test_what_is_not_acknowledged_comes_again_at_its_old_place",),
    ),
    Mutant(
        "one message over the bound",
        "actors/inbox_books.py",
        "return self.depth >= self.bound or",
        "return self.depth > self.bound or",
        (f"{_SENDERS}::test_a_full_inbox_parks_its_sender_and_lets_it_in_when_there_is_room",),
    ),
    Mutant(
        "no bound of bytes",
        "actors/inbox_books.py",
        " or self._bytes > MAX_BYTES",
        "",
        (f"{_INBOX}::test_an_inbox_is_full_when_its_messages_are_16_mib",),
    ),
    Mutant(
        "a parked sender is overtaken",
        "actors/inbox.py",
        "(self.is_full or self._senders.parked)",
        "self.is_full",
        (f"{_SENDERS}::test_a_newcomer_never_overtakes_a_parked_sender",),
    ),
    Mutant(
        "the last who parked is let in first",
        "actors/senders.py",
        "self.parked.popitem(last=False)",
        "self.parked.popitem()",
        (f"{_POST}::test_senders_wait_for_room_in_the_order_in_which_they_came",),
    ),
    Mutant(
        "a message is from whom its sender claims to be",
        "actors/drafts.py",
        "sender=sender.name,",
        "sender=session.hello.agent or sender.name,",
        (f"{_IDENTITY}::test_a_message_is_from_whom_its_session_acts_for_whatever_it_once_said",),
    ),
    Mutant(
        "anybody looks into anybody's inbox",
        "actors/receiving.py",
        "if agent is not own and not session.is_person:",
        "if False:",
        (f"{_IDENTITY}::test_nobody_acknowledges_or_looks_into_the_mail_of_another",),
    ),
    Mutant(
        "recovery forgets the last message",
        "actors/mail_store.py",
        'return await self._messages(f"WHERE {schema.OPEN} ORDER BY seq")',
        'return (await self._messages(f"WHERE {schema.OPEN} ORDER BY seq"))[:-1]',
        (f"{_RESTART}::test_everything_is_as_it_was",),
    ),
    Mutant(
        "a restart counts as an attempt",
        "actors/inbox.py",
        "        message.stored = True\n        message.put_back()",
        "        message.stored = True\n        message.attempts += 1\n        message.put_back()",
        (f"{_RESTART}::test_everything_is_as_it_was",),
    ),
    Mutant(
        "former names are lost at a restart",
        "actors/mailroom.py",
        "await self._store.forwards()",
        "{}",
        (f"{_RESTART}::test_everything_is_as_it_was",),
    ),
    Mutant(
        "a reply does not end its question",
        "actors/replies.py",
        "if question and sender is not None:",
        "if False:",
        (f"{_WAITING}::test_a_reply_acknowledges_what_it_answers",),
    ),
    Mutant(
        "who asks is not told that the other has gone",
        "actors/membership.py",
        "        if agent.is_person:  # who comes",
        "        if True:  # who comes",
        (f"{_WAITING}::test_who_asks_hears_at_once_that_the_other_has_gone",),
    ),
    Mutant(
        "redelivery is not marked",
        "actors/message.py",
        "redelivered=self.deliveries > (1 if self.lease else 0),",
        "redelivered=False,",
        (f"{_POST}::test_what_is_not_acknowledged_comes_again_at_its_old_place",),
    ),
    Mutant(
        "what a dead receiver held stays with it",
        "actors/inbox.py",
        "        for message in self._leases.of(session):\n            if died:",
        "        for message in ():\n            if died:",
        (f"{_IDENTITY}::test_what_a_session_held_goes_back_when_it_leaves",),
    ),
    Mutant(
        "any of a role is two",
        "actors/address.py",
        "return [pick(some)] if some else []",
        "return some[:2]",
        (f"{_POST}::test_one_of_many_is_the_one_who_waits_else_the_one_with_least_mail",),
    ),
    Mutant(
        "a time to live is ignored",
        "actors/drafts.py",
        "expires=None if ttl is None else now.mono + ttl,",
        "expires=None,",
        (f"{_AFTERWARDS}::test_a_message_lives_no_longer_than_it_was_to",),
    ),
    Mutant(
        "any: of a repeated send is another one",
        "actors/address.py",
        "return 0, str(address)",
        "return 0, agent.name",
        (f"{_AGAIN}::test_any_of_several_may_be_another_one_then_but_it_is_the_same_message",),
    ),
    Mutant(
        "answers to answers go on without end",
        "actors/loop_guard.py",
        "if hops > MAX_HOPS:",
        "if False:",
        (
            (
                f"{_AFTERWARDS}::test_answers_to_answers_without_end_are_stopped_and_kept"
                "_as_dead_letters"
            ),
        ),
    ),
)
