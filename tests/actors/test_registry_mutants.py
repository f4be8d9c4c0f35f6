"""Plants faults in the registry: the state machine must notice each of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from signalpost.actors import placing, registry
from signalpost.actors.agent import EXPIRY_SECONDS, Agent
from signalpost.actors.arrival import Arrival, Naming
from signalpost.actors.directory import Change, Directory, ForwardRemoved
from signalpost.actors.moment import Moment
from signalpost.actors.placing import Place, find_place
from signalpost.actors.registry import Registry
from signalpost.actors.seats import Seats
from signalpost.transport.errors import SignalpostError
from tests.actors.test_registry_stateful import RegistryMachine

SEARCH = settings(
    max_examples=1500,
    stateful_step_count=40,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    print_blob=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
Plant = Callable[[pytest.MonkeyPatch], None]


def always(answer: object) -> Callable[..., object]:
    """Return what answers everything in the same way."""

    def same(*_arguments: object) -> object:
        return answer

    return same


def two_living_agents_with_one_name(patch: pytest.MonkeyPatch) -> None:
    def first(_directory: Directory, _arrival: Arrival, base: str, _first: int) -> Place:
        return Place(base, None, named=False)

    patch.setattr(placing, "_numbered", first)


def takeover_by_another_client(patch: pytest.MonkeyPatch) -> None:
    def is_held(agent: Agent, _process: object) -> bool:
        return any(h.kind == "bridge" for h in agent.holders.values())

    patch.setattr(Agent, "is_held_by_client", is_held)


def no_takeover_by_the_same_client(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Agent, "is_held_by_client", always(False))


def the_superseded_one_goes_on(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Seats, "is_superseded", always(False))

    def as_if_new(
        directory: Directory, _agent: Agent | None, _before: Arrival, arrival: Arrival
    ) -> Place | None:
        return find_place(directory, arrival)

    patch.setattr(registry, "find_place_again", as_if_new)


def programs_do_not_share(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Agent, "is_held_by_programs", always(False))


def name_taken_is_not_raised(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(registry, "may_become", always(True))


def mail_is_forgotten_on_rename(patch: pytest.MonkeyPatch) -> None:
    take_name: Callable[..., Naming] = vars(Registry)["_take_name"]

    def forgetful(self: Registry, arrival: Arrival, name: str, now: Moment) -> Naming:
        return replace(take_name(self, arrival, name, now), former=None)

    patch.setattr(Registry, "_take_name", forgetful)


def the_old_name_is_lost(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Directory, "_lead", always(None))


def older_names_are_lost_when_two_agents_become_one(patch: pytest.MonkeyPatch) -> None:
    merge = Directory.merge

    def forgetful(self: Directory, former: Agent, agent: Agent) -> None:
        older = [n for n, number in self.forwards().items() if number == former.id]
        merge(self, former, agent)
        for name in older:
            vars(self)["_forwards"].pop(name)

    patch.setattr(Directory, "merge", forgetful)


def an_old_name_leads_on_to_who_gave_it_up(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Directory, "_end_forward", always(None))


def a_conversation_is_not_found_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Directory, "of_thread", always(None))


def another_conversation_gets_the_mail(patch: pytest.MonkeyPatch) -> None:
    made: Callable[..., Place | None] = vars(placing)["_made"]

    def generous(directory: Directory, arrival: Arrival, name: str) -> Place | None:
        holder = directory.named(name)
        if holder is not None and holder.is_gone:
            return Place(name, holder, holder.named)
        return made(directory, arrival, name)

    patch.setattr(placing, "_made", generous)


def a_named_agent_expires(patch: pytest.MonkeyPatch) -> None:
    def expires(agent: Agent) -> float | None:
        return agent.since + EXPIRY_SECONDS if agent.is_gone and not agent.is_person else None

    patch.setattr(Agent, "expires", property(expires))


def a_living_agent_expires(patch: pytest.MonkeyPatch) -> None:
    def expires(agent: Agent) -> float | None:
        return None if agent.named else agent.since + EXPIRY_SECONDS

    patch.setattr(Agent, "expires", property(expires))


def an_agent_with_mail_expires(patch: pytest.MonkeyPatch) -> None:
    expire = Registry.expire

    def everybody(_agent: Agent) -> bool:
        return True

    def careless(self: Registry, now: float, _is_empty: object) -> list[Agent]:
        return expire(self, now, everybody)

    patch.setattr(Registry, "expire", careless)


def it_wakes_too_late(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Registry, "_expect_expiry", always(None))


def a_departure_is_not_noted(patch: pytest.MonkeyPatch) -> None:
    def leave_it(_registry: Registry, agent: Agent, _now: Moment) -> None:
        agent.pid = 0

    patch.setattr(Registry, "_go", leave_it)


def old_names_stay_on_disk(patch: pytest.MonkeyPatch) -> None:
    take = Registry.take_changes

    def some(self: Registry) -> list[Change]:
        return [c for c in take(self) if not isinstance(c, ForwardRemoved)]

    patch.setattr(Registry, "take_changes", some)


PLANTS: list[Plant] = [
    two_living_agents_with_one_name,
    takeover_by_another_client,
    no_takeover_by_the_same_client,
    the_superseded_one_goes_on,
    programs_do_not_share,
    name_taken_is_not_raised,
    mail_is_forgotten_on_rename,
    the_old_name_is_lost,
    older_names_are_lost_when_two_agents_become_one,
    an_old_name_leads_on_to_who_gave_it_up,
    a_conversation_is_not_found_again,
    another_conversation_gets_the_mail,
    a_named_agent_expires,
    a_living_agent_expires,
    an_agent_with_mail_expires,
    it_wakes_too_late,
    a_departure_is_not_noted,
    old_names_stay_on_disk,
]


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_a_planted_fault_is_found(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    with pytest.raises((AssertionError, SignalpostError, pytest.fail.Exception)):
        run_state_machine_as_test(RegistryMachine, settings=SEARCH)


def test_without_a_fault_nothing_is_found() -> None:
    run_state_machine_as_test(RegistryMachine, settings=settings(SEARCH, max_examples=50))
