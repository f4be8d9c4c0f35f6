"""What the programs of a simulation did and saw, and whether it adds up."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from signalpost.actors.message import MAX_ATTEMPTS
from signalpost.transport import letters, messages
from signalpost.transport.received import Received
from tests.simulation.commands import Commands

if TYPE_CHECKING:
    from tests.simulation.programs import Program

ANY = "any:role:consumer"
SHARED = "pool"
"""Two programs read the mail of this agent."""
MOVER, LEAVER = "mo", "leo"
"""One changes its name, one unregisters, again and again."""
READERS = ("ann", "bob", SHARED, "ask1", MOVER)
"""Who reads its mail. Others get some when they are not known well yet."""
Key = tuple[str, str]
"""What was sent, and to whom: the value of a message or its id, and the agent's first name."""
Stored = tuple[str, str, str, str, int]
"""Content, id, recipient, state, attempts."""


@dataclass
class Books:
    """One run's. ``faults`` is filled as soon as something is wrong."""

    tried: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """To whom each value was sent."""
    ids: defaultdict[Key, set[str]] = field(default_factory=lambda: defaultdict(set))
    """By value and agent: under what ids it was confirmed or came."""
    confirmed: set[Key] = field(default_factory=set[Key])
    """What senders were told is on disk. By id, as all that follows."""
    lives: dict[Key, int] = field(default_factory=dict[Key, int])
    """In which broker's life each message came last."""
    seen: dict[Key, list[int]] = field(default_factory=dict[Key, list[int]])
    """The attempts in which each message came."""
    first: defaultdict[Key, list[str]] = field(default_factory=lambda: defaultdict(list))
    """By sender and reader: what came, in the order in which it came first."""
    tokens: dict[Key, bytes] = field(default_factory=dict[Key, bytes])
    """The latest lease of each message, as far as it was seen."""
    done: dict[Key, str] = field(default_factory=dict[Key, str])
    """What the broker has confirmed as acknowledged, with its value."""
    replied: set[Key] = field(default_factory=set[Key])
    """What of that was only replied to."""
    answered: dict[str, messages.TaskReport] = field(default_factory=dict[str, messages.TaskReport])
    answers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    """Numbers for replies, so that no two are the same."""
    errors: Counter[str] = field(default_factory=Counter[str])
    told: set[tuple[str, int, str]] = field(default_factory=set[tuple[str, int, str]])
    """Agent, cursor and broker of each ring of which was noted that it told something."""
    given_up: Counter[tuple[str, int]] = field(default_factory=Counter[tuple[str, int]])
    """By agent and cursor: how many said, or were about to say, that they give up telling it."""
    rings: int = 0
    faults: list[str] = field(default_factory=list[str])

    # ------------------------------------------------------------ mail

    def came(self, program: Program, mail: letters.Delivery | Received) -> None:
        """A program was given a message."""
        reader, life, value = program.name, program.machine.lives, mail.content
        key = (mail.id, reader)
        if self.lives.get(key) == life and not mail.redelivered:
            self.faults.append(f"{reader} got {value} again without being told so")
        if value not in self.tried:
            self.faults.append(f"{reader} got {value}, which nobody has sent")
        self._note_id(value, reader, mail.id)
        if key in self.replied and not mail.redelivered and self.lives.get(key) != life:
            # It was given out beside a commit that never came, and is new to this broker: the
            # reply came to this one before it.
            self.replied.remove(key)
            del self.done[key]
        if mail.id in program.machine.disk.refused:
            # It was given out, and acknowledged, beside a commit that found no room; its sender
            # was refused and has sent it again.
            program.machine.disk.refused.remove(mail.id)
            self.done.pop(key, None)
            self.replied.discard(key)
        if key in self.done:
            self.faults.append(f"{reader} got {value} again after it was acknowledged")
        self.lives[key] = life
        if key not in self.seen:
            self.first[_writer_of(value), reader].append(value)
        self.seen.setdefault(key, []).append(mail.attempt)
        if mail.attempt > MAX_ATTEMPTS:
            self.faults.append(f"{reader} got {value} in attempt {mail.attempt}")

    def leased(self, reader: str, delivery: letters.Delivery) -> None:
        """A reader holds a message under a lease that it looks after itself."""
        self.tokens[delivery.id, reader] = delivery.lease

    def is_stale(self, reader: str, delivery: letters.Delivery) -> bool:
        """Tell whether a message was given to somebody else since, so that this lease is void."""
        return self.tokens.get((delivery.id, reader)) != delivery.lease

    def sent(self, value: str, sent: letters.SentMessage) -> None:
        """A sender was told where a message is."""
        name = self.first_name(sent.name)
        self.confirmed.add((sent.message_id, name))
        self._note_id(value, name, sent.message_id)

    def _note_id(self, value: str, name: str, message_id: str) -> None:
        ids = self.ids[value, name]
        ids.add(message_id)
        if len(ids) > self._most(value, name):
            self.faults.append(f"{value} to {name} has the ids {sorted(ids)}")

    def _most(self, value: str, name: str) -> int:
        """Return how many messages of one value an agent may have.

        Two addresses of the mover may be two agents, which become one later with all their mail.
        """
        tried = self.tried.get(value, ())
        return max(1, tried.count(MOVER) + tried.count(ANY)) if name == MOVER else 1

    def first_name(self, name: str) -> str:
        """Return the name under which an agent is kept here."""
        return MOVER if name.rstrip("0123456789") == MOVER else name

    def takes_back(self, agent: str, cursor: int) -> bool:
        """Tell whether somebody else's giving up may be why this is told again, once for each.

        A ring that a killed broker has rung is, to the next one, its own of that cursor and way.
        """
        if not self.given_up[agent, cursor]:
            return False
        self.given_up[agent, cursor] -= 1
        return True

    # ------------------------------------------------------------ at the end

    def check(self, stored: list[Stored], commands: Commands) -> list[str]:
        """Return everything that is wrong."""
        stored = [
            (value, message_id, self.first_name(name), state, attempts)
            for value, message_id, name, state, attempts in stored
        ]
        return [
            *self.faults,
            *commands.faults,
            *self._check_mail(stored),
            *self._check_order(),
            *self._check_tasks(commands),
        ]

    def _check_mail(self, stored: list[Stored]) -> list[str]:
        states = {(message_id, name): state for _, message_id, name, state, _ in stored}
        return [
            *self._doubled(stored),
            *self._astray(stored),
            *(f"{key} was confirmed and is lost" for key in self.confirmed if key not in states),
            *(
                f"{key} is {state} at the end"
                for key, state in states.items()
                if state not in ("done", "dead", "expired") and key[1] in READERS
            ),
            *(
                f"{key} is done and was never seen"
                for key, state in states.items()
                if state == "done" and key not in self.seen
            ),
            *(
                f"{(content, name)} is dead after {attempts} attempts"
                for content, _, name, state, attempts in stored
                if state == "dead" and attempts != MAX_ATTEMPTS and name != LEAVER
            ),
            *(
                f"{key} was acknowledged and is {states.get(key)}"
                for key in self.done
                if states.get(key, "done") not in self._ends(key)
            ),
        ]

    def _ends(self, key: Key) -> tuple[str, ...]:
        """Return what a message that is done for its reader may be at the end.

        A reply that got to the disk late finds a question that has become a dead letter meanwhile.
        """
        return ("done", "dead") if key in self.replied else ("done",)

    def _doubled(self, stored: list[Stored]) -> list[str]:
        rows = Counter((value, name) for value, _, name, _, _ in stored)
        return [f"{key} has {rows[key]} rows" for key in rows if rows[key] > self._most(*key)]

    def _astray(self, stored: list[Stored]) -> list[str]:
        by_value: defaultdict[str, set[str]] = defaultdict(set)
        for value, _, recipient, _, _ in stored:
            by_value[value].add(recipient)
        return [
            f"{value} to {self.tried[value]} went to {sorted(recipients)}"
            for value, recipients in by_value.items()
            if len(recipients.difference(self.tried[value])) > (ANY in self.tried[value])
        ]

    def _check_order(self) -> list[str]:
        wrong: list[str] = []
        for (sender, reader), values in self.first.items():
            if reader in (SHARED, MOVER) or ">" in sender:  # several read, or several inboxes
                continue
            numbers = [int(value.partition("-")[2]) for value in values]
            if numbers != sorted(numbers):
                wrong.append(f"{reader} got {sender}'s mail in the order {numbers}")
        return wrong

    def _check_tasks(self, commands: Commands) -> list[str]:
        wrong: list[str] = []
        for value, report in self.answered.items():
            outcome = commands.ended.get(report.task_id)
            if report.state == "success" and (outcome is None or outcome.exit_code != 0):
                wrong.append(f"{value} is told to be a success and was {outcome}")
            if report.state == "failed" and (outcome is None or not outcome.exit_code):
                wrong.append(f"{value} is told to have failed and was {outcome}")
            ran = commands.all.get(report.task_id)
            if report.state == "lost" and ran is not None and ran.outlives:
                wrong.append(f"{value} outlives its broker and was lost")
            if report.state in ("waiting", "running"):
                wrong.append(f"{value} was answered {report.state}")
        if commands.living:
            wrong.append(f"tasks {sorted(commands.living)} run at the end")
        return wrong


def _writer_of(value: str) -> str:
    return value.partition("-")[0]
