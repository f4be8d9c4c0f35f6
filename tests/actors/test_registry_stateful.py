"""Hypothesis lets bridges, programs and people come, take names and go.

Time passes by one rule, the registry is woken by another; a restart finds what
was on disk.
"""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import Literal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from signalpost.actors.agent import EXPIRY_SECONDS, PERSON_ID
from signalpost.actors.arrival import Arrival, Naming
from signalpost.transport.errors import BadRequest, NameTaken
from tests.actors.registry_model import WALL, RegistryModel, Resident

NAMES = st.sampled_from(["a", "b", "a~2"])
LABELS = st.sampled_from(["f/c", "f/c", "g/c"])
THREADS = st.sampled_from(["", "", "A", "B"])
PROCESSES = st.integers(1, 3)
WEEK = int(EXPIRY_SECONDS)
PICK = st.integers(0, 50)


class RegistryMachine(RegistryModel, RuleBasedStateMachine):
    def __init__(self) -> None:
        RuleBasedStateMachine.__init__(self)
        RegistryModel.__init__(self)

    def one_session(self, pick: int, kind: str = "") -> Arrival | None:
        chosen = [a for a in self.sessions.values() if not kind or a.kind == kind]
        return chosen[pick % len(chosen)] if chosen else None

    # ------------------------------------------------------------ coming and going

    @rule(name=NAMES, thread=THREADS, process=PROCESSES)
    def a_named_bridge_comes(self, name: str, thread: str, process: int) -> None:
        arrival = self.new_arrival(agent=name, thread=thread, client_process=process)
        self.come(arrival, self.whom(arrival))

    @rule(label=LABELS, thread=THREADS, process=PROCESSES)
    def an_unnamed_bridge_comes(self, label: str, thread: str, process: int) -> None:
        arrival = self.new_arrival(label=label, thread=thread, client_process=process)
        self.come(arrival, self.whom(arrival))

    @rule(name=NAMES)
    def a_program_comes(self, name: str) -> None:
        arrival = replace(self.new_arrival(agent=name), kind="client")
        holder = self.named(name)
        if holder and any(a.kind == "bridge" for a in holder.there):
            with pytest.raises(NameTaken):
                self.registry.arrive(arrival, self.moment())
        else:
            self.come(arrival, holder or name)

    @rule(kind=st.sampled_from(["cli", "client"]))
    def one_comes_who_says_no_name(self, kind: Literal["cli", "client"]) -> None:
        arrival = replace(self.new_arrival(), kind=kind)
        claim = self.registry.arrive(arrival, self.moment())
        assert (claim.agent.id if claim.agent else None) == (PERSON_ID if kind == "cli" else None)
        self.sessions[arrival.session] = arrival

    def come(self, arrival: Arrival, whom: Resident | str | None) -> None:
        claim = self.registry.arrive(arrival, self.moment())
        self.sessions[arrival.session] = arrival
        assert claim.agent is not None
        assert claim.created == isinstance(whom, str)
        if isinstance(whom, str):
            whom = self.create(claim.agent.id, whom, made=whom != arrival.agent)
        assert whom is not None
        assert claim.agent.id == whom.number
        if arrival.agent == whom.name:
            whom.made = False
        acting = self.acting(arrival.session)
        left = None if acting in (None, whom) else self.stand_up(arrival.session)
        assert (claim.left.id if claim.left else None) == (left.number if left else None)
        assert set(claim.superseded) == self.sit(whom, arrival)

    @rule(pick=PICK)
    def hello_again(self, pick: int) -> None:
        if (arrival := self.one_session(pick)) and arrival.kind != "cli":
            claim = self.registry.arrive(arrival, self.moment())
            acting = self.acting(arrival.session)
            assert (claim.agent.id if claim.agent else None) == (acting.number if acting else None)
            assert (claim.superseded, claim.created, claim.left) == ((), False, None)
            if acting:
                self.sit(acting, arrival)

    @rule(pick=PICK, thread=st.sampled_from("AB"))
    def a_bridge_tells_its_conversation(self, pick: int, thread: str) -> None:
        before = self.one_session(pick, "bridge")
        if before is None or before.agent or before.thread == thread:
            return
        arrival = replace(before, thread=thread)
        acting, known = self.acting(arrival.session), self.of_thread(thread)
        whom = self.whom(arrival)
        if acting and (known is acting or (not acting.thread and whom is not known)):
            whom = acting
        self.come(arrival, acting if acting and not acting.thread and known is None else whom)

    @rule(pick=PICK)
    def one_goes(self, pick: int) -> None:
        if arrival := self.one_session(pick):
            gone = self.registry.depart(arrival.session, self.moment())
            left = self.stand_up(arrival.session)
            if arrival.kind != "cli":
                assert (gone.id if gone else None) == (left.number if left else None)
            del self.sessions[arrival.session]
            self.superseded.discard(arrival.session)

    # ------------------------------------------------------------ names

    @rule(pick=PICK, name=NAMES)
    def register(self, pick: int, name: str) -> None:
        arrival = self.one_session(pick)
        if arrival is None:
            return
        acting, holder = self.acting(arrival.session), self.named(name)
        if arrival.kind == "cli" or not self.may_have(arrival, acting, holder):
            with pytest.raises(BadRequest if arrival.kind == "cli" else NameTaken):
                self.ask_for(arrival, name)
            return
        naming = self.ask_for(arrival, name)
        resident = holder or acting or self.create(naming.agent.id, name, made=False)
        former = acting if acting is not resident else None
        assert naming.agent.id == resident.number
        assert (naming.former.id if naming.former else None) == (former.number if former else None)
        if naming.former:  # as the broker does
            self.post.setdefault(naming.agent.id, []).extend(self.post.pop(naming.former.id, []))
        if former:
            self.become(former, resident)
        elif holder is None and resident.name != name:
            self.former.pop(name, None)
            self.former[resident.name] = resident
            resident.name = name
        resident.made = False
        out = self.sit(resident, arrival) if acting is not resident else set[bytes]()
        assert set(naming.superseded) == out

    def ask_for(self, arrival: Arrival, name: str) -> Naming:
        return self.registry.register(arrival.session, name, "both", "", None, self.moment())

    def may_have(self, arrival: Arrival, acting: Resident | None, holder: Resident | None) -> bool:
        if holder is None or holder is acting or not holder.there:
            return True
        kinds = {a.kind for a in holder.there}
        if arrival.kind == "client":
            return acting is None and kinds == {"client"}
        return kinds == {"bridge"} and holder.there[0].client_process == arrival.client_process

    def become(self, former: Resident, resident: Resident) -> None:
        if not resident.there:
            resident.since = self.now
        resident.there += former.there
        resident.mail += former.mail
        self.former = {n: resident if r is former else r for n, r in self.former.items()}
        self.residents.remove(former)
        self.former[former.name] = resident
        self.assign(resident, former.thread)

    @rule(pick=PICK)
    def unregister(self, pick: int) -> None:
        arrival = self.one_session(pick)
        if arrival is None:
            return
        acting = self.acting(arrival.session)
        if acting is None:
            with pytest.raises(BadRequest):
                self.registry.unregister(arrival.session)
            return
        assert self.registry.unregister(arrival.session).id == acting.number
        self.post.pop(acting.number, None)
        self.forget(acting)

    # ------------------------------------------------------------ mail

    @rule(pick=PICK)
    def send(self, pick: int) -> None:
        targets = {r.name: r for r in self.residents} | self.former
        if targets:
            name = sorted(targets)[pick % len(targets)]
            message = next(self.numbers)
            self.post.setdefault(self.registry.resolve(name).id, []).append(message)
            targets[name].mail.append(message)

    @rule(pick=PICK)
    def all_mail_is_read(self, pick: int) -> None:
        if self.residents:
            resident = self.residents[pick % len(self.residents)]
            self.post.pop(resident.number, None)
            resident.mail.clear()

    # ------------------------------------------------------------ time

    @rule(seconds=st.sampled_from([1, 3600, 86400, WEEK]))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds

    @rule()
    def it_wakes_after_a_week(self) -> None:
        self.now += WEEK
        self.wake()

    @rule()
    def wake(self) -> None:
        forgotten = [r for r in self.due() if not r.mail]
        expired = self.registry.expire(WALL + self.now, lambda a: not self.post.get(a.id))
        assert {agent.id for agent in expired} == {r.number for r in forgotten}
        for resident in forgotten:
            self.forget(resident)
        expiry = self.registry.next_expiry()
        assert expiry is None or expiry > WALL + self.now, "it does not wake again at once"

    @rule()
    def the_broker_dies_and_starts_again(self) -> None:
        self.registry = self.registry_class(self.numbers.__next__)
        known = [copy(agent) for agent in self.stored.values()]
        self.registry.restore(known, self.stored_forwards, self.moment())
        for resident in self.residents:
            resident.since = self.now if resident.there else resident.since
            resident.there = []
        self.sessions.clear()
        self.superseded.clear()

    # ------------------------------------------------------------ what must be true

    @invariant()
    def the_registry_knows_what_the_model_knows(self) -> None:
        self.check_agents()
        self.check_names()
        self.check_store()
        self.check_mail()

    @invariant()
    def the_next_expiry_is_never_later_than_the_first(self) -> None:
        ahead = [r.since + EXPIRY_SECONDS for r in self.expiring()]
        if ahead := [time for time in ahead if time > self.now]:
            expiry = self.registry.next_expiry()
            assert expiry is not None
            assert expiry <= WALL + min(ahead)


TestRegistry = RegistryMachine.TestCase
TestRegistry.settings = settings(stateful_step_count=40)
