"""What an inbox has to do, said once more in the simplest way: lists, and a look at all of them.

The clock is virtual and counts whole seconds. Nothing here is taken from the
rules under test but the shapes of what goes in and comes out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tests.actors.inbox_pieces import Caller, Expected, Hold, Letter, Want

ATTEMPTS = 5
CEILING = 24 * 3600
NEVER = -(10**9)


class InboxModel:
    """One inbox."""

    def __init__(self, bound: int, lease: int) -> None:
        self.bound = bound
        self.lease = lease
        self.now = 0
        self.renewed_at = NEVER
        self.accepted = 0
        self.letters: dict[str, Letter] = {}
        self.parked: list[Letter] = []
        self.wants: list[Want] = []
        self.follows = Expected()

    # ------------------------------------------------------------ looking

    def open(self) -> list[Letter]:
        return sorted((x for x in self.letters.values() if x.is_open), key=lambda x: x.seq)

    def ready(self) -> list[Letter]:
        return [x for x in self.open() if x.state == "ready"]

    def leased(self) -> list[tuple[Letter, Hold]]:
        return [(x, x.hold) for x in self.open() if x.hold is not None]

    def waiting(self) -> list[tuple[Letter, Caller]]:
        """Accepted letters whose senders wait."""
        letters = self.letters.values()
        return [(x, x.caller) for x in letters if x.caller and not x.caller.answered]

    def is_known(self, letter_id: str) -> bool:
        letter = self.letters.get(letter_id)
        is_parked = any(x.id == letter_id for x in self.parked)
        return is_parked or bool(letter and (letter.is_open or not letter.stored or letter.caller))

    def lease_ends(self, hold: Hold) -> int:
        return min(max(hold.renewed, self.renewed_at) + self.lease, hold.since + CEILING)

    # ------------------------------------------------------------ senders

    def put(self, letter: Letter, caller: Caller | None) -> bool:
        """Return False when it has to be refused."""
        if self.is_known(letter.id):
            known = next((x for x in self.parked if x.id == letter.id), None)
            known = known or self.letters[letter.id]
            if caller is not None:
                known.caller = caller
            self.follow_up()
            return True
        if self.parked or len(self.open()) >= self.bound:
            if caller is None or caller.park is None or caller.park <= self.now:
                return False
            letter.caller = caller
            self.parked.append(letter)
            return True
        letter.caller = caller
        self.accept(letter)
        self.proceed()
        return True

    def accept(self, letter: Letter) -> None:
        self.accepted += 1
        letter.seq = self.accepted
        self.letters[letter.id] = letter
        self.follows.kept.append(letter.id)
        self.follows.changed.add(letter.id)

    def stored(self, letter: Letter) -> None:
        letter.stored = True
        if not letter.is_open:
            self.follows.ended.append((letter.id, letter.state))
        self.follow_up()

    def withdraw(self, letter: Letter, code: str) -> None:
        del self.letters[letter.id]
        if letter.caller and not letter.caller.answered:
            self.follows.refused.append((letter.caller.correlation, code))

    def bounce(self, reason: str) -> None:
        for _, caller in self.waiting():
            if caller.goal == "reply" and not caller.is_over:
                caller.bounced = reason
        self.follow_up()

    # ------------------------------------------------------------ receivers

    def receive(self, want: Want) -> None:
        self.wants = [x for x in self.wants if x.correlation != want.correlation]
        self.proceed()
        self.wants.append(want)
        self.hand_out()
        if want in self.wants and self.is_due(want.deadline):
            self.answer(want, [])

    def settle(self, letters: Iterable[Letter], outcome: str) -> None:
        for letter in letters:
            match outcome:
                case "ack":
                    self.end(letter, "done")
                case "nack":
                    self.fail(letter, "its receiver gave it back")
                case _:
                    self.put_back(letter)
        self.proceed()

    def give_up(self, correlation: bytes) -> None:
        self.wants = [x for x in self.wants if x.correlation != correlation]
        self.drop_callers(lambda caller: caller.correlation == correlation)
        for letter, hold in self.leased():
            if hold.correlation == correlation:
                self.put_back(letter)
        self.proceed()

    def leave(self, session: bytes, *, died: bool) -> None:
        self.wants = [x for x in self.wants if x.session != session]
        self.drop_callers(lambda caller: caller.session == session)
        for letter, hold in self.leased():
            if hold.session == session and died:
                self.fail(letter, "its receiver died")
            elif hold.session == session:
                self.put_back(letter)
        self.proceed()

    def drop_callers(self, is_one: Callable[[Caller], bool]) -> None:
        self.parked = [x for x in self.parked if not (x.caller and is_one(x.caller))]
        for letter in self.letters.values():
            if letter.caller and is_one(letter.caller):
                letter.caller = None

    # ------------------------------------------------------------ the whole inbox

    def empty_into_dead(self, reason: str) -> None:
        for letter in self.parked:
            if letter.caller:
                self.follows.refused.append((letter.caller.correlation, "UNKNOWN_AGENT"))
        self.parked = []
        for want in [x for x in self.wants if not x.is_asker]:
            self.answer(want, [])
        for letter in self.open():
            self.end(letter, "dead", reason)
        self.follow_up()

    def complete(self, task_id: int) -> None:
        for letter in [x for x in self.open() if x.task_id == task_id]:
            self.end(letter, "done")
            self.proceed()

    def replied(self, session: bytes, letter: Letter) -> None:
        if letter.is_open and letter.hold is not None and letter.hold.session != session:
            return
        if letter.is_open:
            self.end(letter, "done")
            self.proceed()

    def redrive(self, letter: Letter) -> None:
        letter.state, letter.attempts, letter.expires = "ready", 0, None
        letter.reason = ""
        self.follows.changed.add(letter.id)
        self.proceed()

    def restart(self) -> None:
        """The broker has died: what was on disk is what there is."""
        self.letters = {x.id: x for x in self.letters.values() if x.stored}
        self.parked, self.wants, self.renewed_at = [], [], NEVER
        for letter in self.letters.values():
            letter.caller = letter.hold = None
            letter.state = "ready" if letter.is_open else letter.state

    # ------------------------------------------------------------ time

    def advance(self, renewed_at: int) -> None:
        self.renewed_at = max(self.renewed_at, renewed_at)
        for letter, hold in self.leased():
            if self.lease_ends(hold) <= self.now:
                self.fail(letter, "its lease ended")
        self.proceed()
        late = [x for x in self.parked if x.caller and self.is_due(x.caller.park)]
        self.parked = [x for x in self.parked if x not in late]
        refused = [x.caller.correlation for x in late if x.caller]
        self.follows.refused += [(number, "INBOX_FULL") for number in refused]
        for _, caller in self.waiting():
            if self.is_due(caller.deadline):
                caller.is_over = True
        self.follow_up()
        for want in list(self.wants):
            if self.is_due(want.deadline):
                self.answer(want, [])

    def is_due(self, when: int | None) -> bool:
        return when is not None and when <= self.now

    def shift(self, gap: int) -> None:
        self.renewed_at += gap
        for _, hold in self.leased():
            hold.since += gap
            hold.renewed += gap
        for want in self.wants:
            want.deadline = None if want.deadline is None else want.deadline + gap
        for letter in [*self.parked, *self.letters.values()]:
            if letter.caller:
                park, deadline = letter.caller.park, letter.caller.deadline
                letter.caller.park = None if park is None else park + gap
                letter.caller.deadline = None if deadline is None else deadline + gap

    def due(self) -> list[int]:
        """When something must happen."""
        times = [x.expires for x in self.ready()]
        times += [self.lease_ends(hold) for _, hold in self.leased()]
        times += [x.deadline for x in self.wants if not x.gone]
        times += [x.caller.park for x in self.parked if x.caller]
        times += [c.deadline for _, c in self.waiting() if not c.is_over]
        if self.parked and len(self.open()) < self.bound:
            times.append(self.now)
        return [each for each in times if each is not None]

    # ------------------------------------------------------------ what follows

    def proceed(self) -> None:
        """Expire, let in, hand out, tell: until nothing more is possible."""
        while True:
            over = [x for x in self.ready() if self.is_due(x.expires)]
            if over:
                self.end(over[0], "expired")
            elif self.parked and len(self.open()) < self.bound:
                self.accept(self.parked.pop(0))
            else:
                break
        self.hand_out()

    def hand_out(self) -> None:
        for letter in self.ready():
            askers = [x for x in self.wants if x.is_asker and not x.gone and x.takes(letter)]
            if askers:
                self.lend(askers[0], [letter])
        for want in list(self.wants):
            fits = [x for x in self.ready() if not want.is_asker and want.takes(x)]
            if fits:
                self.lend(want, fits[: want.most])
        self.follow_up()

    def lend(self, want: Want, letters: list[Letter]) -> None:
        for letter in letters:
            letter.state = "leased"
            letter.deliveries += 1
            letter.hold = Hold(want.session, want.correlation, self.now, self.now)
            self.follows.changed.add(letter.id)
        self.answer(want, letters)

    def answer(self, want: Want, letters: list[Letter]) -> None:
        self.wants.remove(want)
        if not want.gone:
            self.follows.delivered.append((want.correlation, [x.id for x in letters]))

    def fail(self, letter: Letter, why: str) -> None:
        letter.attempts += 1
        if letter.attempts >= ATTEMPTS:
            self.end(letter, "dead", f"5 failed attempts; the last: {why}")
        else:
            self.put_back(letter)

    def put_back(self, letter: Letter) -> None:
        letter.state, letter.hold = "ready", None
        self.follows.changed.add(letter.id)
        if self.is_due(letter.expires):
            self.end(letter, "expired")

    def end(self, letter: Letter, state: str, reason: str = "") -> None:
        letter.state, letter.hold, letter.reason = state, None, reason
        self.follows.changed.add(letter.id)
        if letter.stored:
            self.follows.ended.append((letter.id, state))

    def follow_up(self) -> None:
        """Tell every sender whose letter is on disk and has come far enough."""
        for letter, caller in self.waiting():
            enough = letter.has_come_far_enough(caller.goal)
            if letter.stored and (caller.bounced or caller.is_over or enough):
                letter.caller = None
                self.follows.told.append((caller.correlation, letter.stage(), caller.bounced))
