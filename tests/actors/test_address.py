from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalpost.actors.address import (
    Address,
    AnyOf,
    Everyone,
    Name,
    Recipients,
    WithRole,
    means_one,
    parse,
    recipients,
    single,
)
from signalpost.actors.agent import Agent
from signalpost.transport.errors import BadRequest, UnknownAgent
from signalpost.transport.letters import Role
from tests.actors.arrivals import Town


def first(agents: list[Agent]) -> Agent:
    return agents[0]


def a_town() -> Town:
    town = Town()
    roles: dict[str, Role] = {"alice": "both", "bob": "consumer", "carol": "publisher"}
    for name, role in roles.items():
        town.agent(name, agent=name)
        town.register(name, name, role=role)
    return town


def meant(town: Town, *to: str, sender: str = "alice") -> Recipients:
    return recipients(parse(to), town.registry, town.agent_of(sender), first)


# ---------------------------------------------------------------- what may be written


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("alice", Name("alice")),
        ("f/c~2", Name("f/c~2")),
        ("person", Name("person")),
        ("cafe\N{COMBINING ACUTE ACCENT}", Name("café")),
        ("*", Everyone()),
        ("role:consumer", WithRole("consumer")),
        ("role:both", WithRole("both")),
        ("any:role:publisher", AnyOf("publisher")),
    ],
)
def test_each_form_has_its_meaning(text: str, address: Address) -> None:
    assert parse([text]) == [address]
    assert parse([str(address)]) == [address]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("a b", "may not contain ' '"),
        ("alice@fleet", "may not contain '@'"),
        ("**", r"may not contain '\*'"),
        ("x" * 65, "65 characters"),
        ("alice, bob", r'Give several as a list, such as \["alice", "bob"\]'),
        ("role:boss", "'role:boss' is no role. Roles are publisher, consumer, both"),
        ("role:", "is no role"),
        ("any:consumer", "'any:consumer' is no role"),
        ("any:role:", "is no role"),
        ("any:*", "is no role"),
        ("to:x", "may not contain ':'"),
    ],
)
def test_anything_else_is_refused_with_the_remedy(text: str, says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        parse(["bob", text])


def test_nobody_and_too_many_are_refused() -> None:
    with pytest.raises(BadRequest, match=r"^to is empty. Use a name, a list of names, \*"):
        parse([])
    with pytest.raises(BadRequest, match=r"1001 recipients. Use at most 1000, or \*"):
        parse(["alice"] * 1001)


@given(st.text(max_size=70) | st.from_regex(r"(any:)?(role:)?[a-z*]*", fullmatch=True))
def test_a_text_is_an_address_or_refused(text: str) -> None:
    try:
        [address] = parse([text])
    except BadRequest:
        return
    assert parse([str(address)]) == [address]


def test_only_one_name_is_single() -> None:
    assert single(parse(["alice"])) == Name("alice")
    assert single(parse(["alice", "alice"])) is None
    assert not any(single(parse([t])) for t in ("*", "role:both", "any:role:both"))


# ---------------------------------------------------------------- who is meant


def test_everybody_is_all_known_agents_but_the_sender_and_the_person() -> None:
    town = a_town()
    town.depart("carol")
    assert [a.name for a in meant(town, "*").agents] == ["bob", "carol"]
    assert [a.name for a in recipients(parse(["*"]), town.registry, None, first).agents] == [
        "alice",
        "bob",
        "carol",
    ]


def test_a_role_is_all_who_have_it_but_the_sender() -> None:
    town = a_town()
    assert [a.name for a in meant(town, "role:consumer", sender="carol").agents] == ["alice", "bob"]
    assert [a.name for a in meant(town, "role:consumer").agents] == ["bob"]


def test_the_id_of_a_message_is_made_of_the_name_under_which_its_recipient_is_meant() -> None:
    town = a_town()
    bob, carol = (town.registry.resolve(n).id for n in ("bob", "carol"))
    role = "any:role:consumer"
    assert meant(town, role, "carol").keys == {bob: role, carol: "carol"}
    assert meant(town, role, "bob").keys == meant(town, "bob", role).keys == {bob: "bob"}
    assert meant(town, "bob", "*").keys == {bob: "*bob", carol: "*carol"}


def test_the_first_of_several_names_of_a_recipient_makes_the_id() -> None:
    town = a_town()
    bob = town.registry.resolve("bob").id
    town.register("bob", "robert", role="consumer")
    assert meant(town, "bob", "robert").keys == {bob: "bob"}
    assert meant(town, "robert", "bob").keys == {bob: "robert"}


def test_a_name_and_any_of_a_role_mean_one_agent() -> None:
    assert all(means_one(parse([t])) for t in ("bob", "any:role:both"))
    assert not any(means_one(parse(t)) for t in (["*"], ["role:both"], ["bob", "any:role:both"]))


def test_any_of_a_role_is_the_one_that_is_picked() -> None:
    town = a_town()
    asked: list[list[str]] = []

    def last(agents: list[Agent]) -> Agent:
        asked.append([agent.name for agent in agents])
        return agents[-1]

    found = recipients(parse(["any:role:consumer"]), town.registry, None, last)
    assert ([a.name for a in found.agents], asked) == (["bob"], [["alice", "bob"]])


def test_nobody_gets_a_message_twice_and_the_order_is_that_of_the_addresses() -> None:
    town = a_town()
    town.register("bob", "robert", role="consumer")
    found = meant(town, "carol", "robert", "bob", "*", "role:consumer", "carol")
    assert ([a.name for a in found.agents], found.refused) == (["carol", "robert"], [])


def test_the_sender_may_write_to_itself_by_name() -> None:
    town = a_town()
    assert [a.name for a in meant(town, "alice", "person").agents] == ["alice", "person"]


def test_those_that_mean_nobody_are_refused_each_with_its_error() -> None:
    town = Town()
    town.agent("s", agent="alice")
    found = recipients(
        parse(["alcie", "*", "role:consumer", "any:role:both", "alice", "signalpost"]),
        town.registry,
        town.agent_of("s"),
        first,
    )
    assert [a.name for a in found.agents] == ["alice"]
    assert all(isinstance(error, UnknownAgent) for _, error in found.refused)
    said = {name: str(error) for name, error in found.refused}
    assert list(said) == ["alcie", "*", "role:consumer", "any:role:both", "signalpost"]
    assert "nobody is called alcie. Did you mean alice?" in said["alcie"]
    assert "no other agent is known" in said["*"]
    assert "no other agent has the role consumer" in said["role:consumer"]
    assert "takes no mail" in said["signalpost"]


def test_near_names_are_looked_up_for_the_first_unknown_ones_only() -> None:
    town = Town()
    town.agent("s", agent="alice")
    found = recipients(parse([f"alice{n}" for n in range(12)]), town.registry, None, first)
    assert ["Did you mean" in str(error) for _, error in found.refused] == [True] * 10 + [False] * 2
