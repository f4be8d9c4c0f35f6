"""Hypothesis drives an inbox and its model through everything that can happen to them.

Time passes by one rule, the inbox is woken by another.
"""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from signalpost.actors.receiver import Receiver
from signalpost.transport.errors import StoreFull
from signalpost.transport.letters import Held, Outcome
from tests.actors.inbox_model import NEVER
from tests.actors.inbox_pair import InboxPair
from tests.actors.inbox_pieces import Letter, Want

SESSIONS = st.sampled_from([b"session-0", b"session-1"])
SENDERS = st.sampled_from(["bob", "carol"])
WANTED = st.sampled_from(["", "", "bob", "carol"])
QUESTIONS = st.sampled_from(["", "", "", "question"])
GOALS = st.sampled_from(["stored", "delivered", "acked", "reply"])
OUTCOMES = st.sampled_from(["ack", "nack", "nack", "return"])
SECONDS = st.none() | st.integers(0, 6)
PICK = st.integers(0, 50)
SELDOM = st.sampled_from([False, False, False, True])
"""What ends everything at once, or there is never much to end."""


class InboxMachine(InboxPair, RuleBasedStateMachine):
    def __init__(self) -> None:
        RuleBasedStateMachine.__init__(self)
        InboxPair.__init__(self)

    # ------------------------------------------------------------ senders

    @rule(
        session=SESSIONS, sender=SENDERS, question=QUESTIONS, goal=GOALS, calls=st.booleans(),
        park=SECONDS, wait=SECONDS, ttl=SECONDS, on_disk=st.booleans(),
    )  # fmt: skip
    def put(
        self, session: bytes, sender: str, question: str, goal: str, calls: bool, park: int | None,
        wait: int | None, ttl: int | None, on_disk: bool,
    ) -> None:  # fmt: skip
        number = next(self.numbers)
        letter = Letter(f"m{number}", sender, question, self.in_(ttl), task_id=number)
        caller = self.a_caller(session, goal, park, wait) if calls else None
        self.post(letter, caller, on_disk=on_disk)

    @rule(count=st.integers(1, 4), park=SECONDS, sender=SENDERS, on_disk=st.booleans())
    def put_several(self, count: int, park: int | None, sender: str, on_disk: bool) -> None:
        for _ in range(count):
            letter = Letter(f"m{next(self.numbers)}", sender, "", None)
            self.post(letter, self.a_caller(b"session-1", "acked", park, None), on_disk=on_disk)

    @rule(pick=PICK, goal=GOALS, park=SECONDS, calls=st.booleans())
    def put_again(self, pick: int, goal: str, park: int | None, calls: bool) -> None:
        letters = [*self.model.letters.values(), *self.model.parked]
        letters = [x for x in letters if self.model.is_known(x.id)]
        letters = [x for x in letters if not (x.caller and x.caller.answered)]
        if letters:
            letter = letters[pick % len(letters)]
            number = letter.caller.correlation if letter.caller else b""
            caller = self.a_caller(b"session-0", goal, park, None, number) if calls else None
            self.post(Letter(letter.id, letter.sender, "", None), caller, on_disk=False)

    @rule(pick=PICK, all_of_them=st.booleans())
    def a_commit(self, pick: int, all_of_them: bool) -> None:
        unsaved = [x for x in self.model.letters.values() if not x.stored]
        for letter in unsaved if all_of_them else unsaved[pick % (len(unsaved) or 1) :][:1]:
            self.write(letter)

    @rule(pick=PICK)
    def a_commit_that_fails(self, pick: int) -> None:
        unsaved = [x for x in self.model.letters.values() if not x.stored]
        unsaved = [x for x in unsaved if x.hold] or unsaved
        if unsaved:
            letter = unsaved[pick % len(unsaved)]
            self.inbox.withdraw(letter.seq, StoreFull("the disk is full"))
            self.model.withdraw(letter, "STORE_FULL")
            self.compare()

    @rule()
    def bounce(self) -> None:
        self.inbox.bounce("alice has gone")
        self.model.bounce("alice has gone")
        self.compare()

    # ------------------------------------------------------------ receivers

    @rule(session=SESSIONS, most=st.integers(1, 3), sender=WANTED, question=QUESTIONS, wait=SECONDS)
    def receive(
        self, session: bytes, most: int, sender: str, question: str, wait: int | None
    ) -> None:
        want = Want(self.correlation(), session, most, sender, question, self.in_(wait))
        self.ask_for(want)

    @rule(session=SESSIONS, most=st.integers(1, 3), wait=SECONDS)
    def receive_anything(self, session: bytes, most: int, wait: int | None) -> None:
        self.ask_for(Want(self.correlation(), session, most, "", "", self.in_(wait)))

    @rule(times=st.integers(1, 5), session=SESSIONS)
    def receive_and_fail(self, times: int, session: bytes) -> None:
        for _ in range(times):
            self.receive_anything(session, 1, 0)
            for letter in [x for x, hold in self.model.leased() if hold.session == session]:
                self.settle_all([letter], "nack", session, "current")

    @rule(session=SESSIONS, wait=SECONDS)
    def await_a_reply(self, session: bytes, wait: int | None) -> None:
        if not any(x.is_asker and not x.gone for x in self.model.wants):
            caller = self.a_caller(session, "reply", None, None)
            want = Want(caller.correlation, session, 1, "", "question", self.in_(wait), True)
            self.ask_for(want)

    @rule(pick=PICK)
    def receive_again(self, pick: int) -> None:
        held = self.model.leased()
        if held:
            hold = held[pick % len(held)][1]
            self.inbox.receive(Receiver(hold.correlation, hold.session), self.moment())
            ids = [x.id for x, other in held if other.correlation == hold.correlation]
            self.model.follows.delivered.append((hold.correlation, ids))
            self.compare()

    @rule(pick=PICK, sender_too=st.booleans())
    def answered_elsewhere(self, pick: int, sender_too: bool) -> None:
        askers = [x for x in self.model.wants if x.is_asker]
        for want in askers:
            want.gone = self.calls[want.correlation].answered = True
        asked = [c for _, c in self.model.waiting() if c.goal == "reply" and not c.is_over]
        if asked and sender_too:
            caller = asked[pick % len(asked)]
            caller.answered = self.calls[caller.correlation].answered = True

    @rule(
        picks=st.lists(PICK, min_size=1, max_size=3, unique=True), outcome=OUTCOMES,
        session=SESSIONS | st.none(), token=st.sampled_from(["", "current", "current", "old"]),
    )  # fmt: skip
    def settle(self, picks: list[int], outcome: Outcome, session: bytes | None, token: str) -> None:
        known = [x for x, _ in self.model.leased()] or list(self.model.letters.values())
        letters = list(dict.fromkeys(known[pick % len(known)] for pick in picks if known))
        holders = [x.hold.session for x in letters if x.hold]
        self.settle_all(letters, outcome, session or next(iter(holders), b"session-0"), token)

    @rule(pick=PICK)
    def settle_what_is_not_held(self, pick: int) -> None:
        letters = [x for x in self.model.letters.values() if not x.hold]
        if letters:
            self.settle_all([letters[pick % len(letters)]], "ack", b"session-0", "old")

    @rule(pick=PICK, session=SESSIONS, seconds=st.sampled_from([0, 6]))
    def extend(self, pick: int, session: bytes, seconds: int) -> None:
        self.model.now += seconds
        held = self.model.leased()
        if held:
            letter, hold = held[pick % len(held)]
            (settled,) = self.inbox.extend(session, [Held(letter.id, hold.token)], self.moment())
            assert settled.code == ("" if session == hold.session else "STALE_LEASE")
            hold.renewed = self.model.now if not settled.code else hold.renewed
            self.compare()
        self.model.now += seconds
        self.wake(NEVER)

    @rule(pick=PICK)
    def give_up(self, pick: int) -> None:
        numbers = [x.correlation for x in self.model.wants]
        numbers += [x.caller.correlation for x in self.model.parked if x.caller]
        numbers += [caller.correlation for _, caller in self.model.waiting()]
        numbers += [hold.correlation for _, hold in self.model.leased()]
        if numbers:
            number = numbers[pick % len(numbers)]
            self.inbox.give_up(number, self.moment())
            self.model.give_up(number)
            self.compare()

    @rule(session=SESSIONS, died=st.booleans())
    def leave(self, session: bytes, died: bool) -> None:
        self.inbox.leave(session, died=died, now=self.moment())
        self.model.leave(session, died=died)
        self.compare()

    # ------------------------------------------------------------ the whole inbox

    @rule(bound=st.integers(2, 5), somebody_comes=st.booleans())
    def change_the_bound(self, bound: int, somebody_comes: bool) -> None:
        self.inbox.bound = self.model.bound = bound
        if somebody_comes:
            self.put_several(1, None, "bob", on_disk=True)

    @rule(really=SELDOM)
    def remove_the_agent(self, really: bool) -> None:
        if not really:
            return
        self.inbox.empty_into_dead("alice was removed", self.moment())
        self.model.empty_into_dead("alice was removed")
        self.compare()

    @rule(pick=PICK)
    def somebody_gets_the_result(self, pick: int) -> None:
        letters = list(self.model.letters.values())
        number = letters[pick % len(letters)].task_id if letters else None
        if number is not None:
            self.inbox.complete(number, self.moment())
            self.model.complete(number)
            self.compare()

    @rule(pick=PICK, session=SESSIONS, really=SELDOM)
    def its_reply_is_on_disk(self, pick: int, session: bytes, really: bool) -> None:
        letters = list(self.model.letters.values())
        if letters and really:
            letter = letters[pick % len(letters)]
            self.inbox.replied(session, letter.id, self.moment())
            self.model.replied(session, letter)
            self.compare()

    @rule(pick=PICK)
    def redrive(self, pick: int) -> None:
        dead = [x for x in self.model.letters.values() if x.state == "dead" and x.stored]
        dead = [x for x in dead if x.caller is None]
        if dead:
            letter = dead[pick % len(dead)]
            message = self.messages[letter.id] = self.a_real(letter)
            message.state = "dead"
            self.model.redrive(letter)
            self.inbox.redrive(message, self.moment())
            self.compare()

    @rule(really=SELDOM, backwards=st.booleans())
    def the_broker_dies(self, really: bool, backwards: bool) -> None:
        if not really:
            return
        self.model.restart()
        self.inbox = self.new_inbox()
        for letter in sorted(self.model.open(), key=lambda x: x.seq, reverse=backwards):
            message = self.messages[letter.id] = self.a_real(letter)
            self.inbox.restore(message)
        self.compare()

    # ------------------------------------------------------------ time

    @rule(seconds=st.sampled_from([1, 1, 2, 3, 5, 10]))
    def time_passes(self, seconds: int) -> None:
        self.model.now += seconds  # and nobody has told the inbox yet

    @rule(seconds=st.sampled_from([1, 4, 30]))
    def the_broker_was_stopped(self, seconds: int) -> None:
        self.model.now += seconds
        self.inbox.shift(float(seconds))
        self.model.shift(seconds)
        self.compare()
        self.wake(NEVER)

    @rule(worked=st.sampled_from([NEVER, NEVER, 0, 3]))
    def wake(self, worked: int) -> None:
        worked = worked if worked == NEVER else self.model.now - worked
        self.inbox.advance(self.moment(), float(worked))
        self.model.advance(worked)
        self.compare()
        deadline = self.inbox.next_deadline()
        assert deadline is None or deadline > self.model.now, "it would never sleep"

    # ------------------------------------------------------------ always

    @invariant()
    def the_deadline_is_never_later_than_what_is_due(self) -> None:
        if due := self.model.due():
            deadline = self.inbox.next_deadline()
            assert deadline is not None
            assert deadline <= min(due)

    @invariant()
    def both_hold_the_same_in_the_same_order(self) -> None:
        letters, model = self.model.open(), self.model
        assert [m.id for m in self.inbox.open_messages()] == [x.id for x in letters]
        assert [m.id for m in self.inbox.peek(frozenset(), "", 100)] == [x.id for x in letters]
        assert (self.inbox.oldest.id if self.inbox.oldest else None) == next(
            (x.id for x in letters), None
        )
        assert self.inbox.depth == len(letters)
        assert self.inbox.in_flight == len(model.leased())
        assert self.inbox.parked == len(model.parked)
        assert self.inbox.has_receiver == any(not x.is_asker for x in model.wants)
        waits = bool(model.parked or model.waiting() or [x for x in model.wants if not x.gone])
        assert self.inbox.is_idle == (not letters and not waits)

    @invariant()
    def every_message_is_what_its_letter_is(self) -> None:
        for letter in self.model.letters.values():
            message = self.messages[letter.id]
            if letter.is_open or message.is_open:
                assert message.state == letter.state
            assert (message.seq, message.attempts) == (letter.seq, letter.attempts)
            assert message.reason == letter.reason
