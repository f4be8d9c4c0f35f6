"""The entry of our MCP server in a client's file, and what of one edited by hand stays. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .jsonc_tree import Plain, items_of, members_of

_FLAGS = ("--login-env", "--no-tasks")
"""Options of ``signalpost mcp`` that take no value."""
Members = Mapping[str, Plain]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerEntry:
    """What is wanted of the entry."""

    program: tuple[str, ...]
    """The words that run this program, the first of them an absolute path."""
    agent: str = ""
    options: Mapping[str, str] = field(default_factory=dict[str, str])
    """Options of ``signalpost mcp`` with their values; a flag has none."""
    budget: int | None = None
    """``--wait-budget``, where none stands there."""
    limits: Mapping[str, int] = field(default_factory=dict[str, int])
    """Members that are time limits: a longer one stays."""
    unwanted: tuple[str, ...] = ()
    """Options that are to go."""
    one_list: bool = False
    """Program and arguments are one list, ``command``."""
    more: Members = field(default_factory=dict[str, Plain])
    """Its other members."""
    dropped: tuple[str, ...] = ()
    """Members that are to go."""
    variables: tuple[str, ...] = ()
    """Names for ``env_vars``, beside those that are there."""

    def members(self, there: object) -> dict[str, Plain]:
        """Return the members to write where ``there`` is, which may be nothing."""
        old = members_of(there)
        words = self._words(words_of(old))
        members: dict[str, Plain] = {"command": self.program[0], "args": words}
        if self.one_list:
            members = {"command": [self.program[0], *words]}
        if self.variables:
            known = items_of(old.get("env_vars"))
            members["env_vars"] = [*known, *(n for n in self.variables if n not in known)]
        limits = {name: _longer(old.get(name), limit) for name, limit in self.limits.items()}
        return {**members, **self.more, **limits}

    def wrote(self, there: object) -> bool:
        """Tell whether setup may have written an entry, whichever program it was for.

        It writes full paths, and its other members with them; people seldom do either.
        """
        old = members_of(there)
        words = words_of(old)
        program = words[: words.index("mcp")] if "mcp" in words else []
        return (
            bool(program)
            and program[0].startswith("/")
            and program[-1].rpartition("/")[2] == "signalpost"
            and old.keys() >= {*self.more, *self.limits}
        )

    def _words(self, there: Sequence[str]) -> list[str]:
        """Return the arguments; what a person has added behind ``mcp`` stays."""
        agent, options = mcp_words(there)
        options = {name: value for name, value in options.items() if name not in self.unwanted}
        if self.budget is not None:
            options.setdefault("--wait-budget", str(self.budget))
        options |= self.options
        words = [*self.program[1:], "mcp", *filter(None, [self.agent or agent])]
        for name, value in options.items():
            for each in value.split("\n"):
                words += [name] if name in _FLAGS else [name, each]
        return words


def _longer(there: object, limit: int) -> int | float:
    if isinstance(there, bool) or not isinstance(there, int | float):
        return limit
    return max(there, limit)


def words_of(entry: Members) -> list[str]:
    """Return the command line of an entry, in whichever form it is written."""
    command = entry.get("command")
    words = [*(items_of(command) or [command]), *items_of(entry.get("args"))]
    return [word for word in words if isinstance(word, str)]


def mcp_words(words: Sequence[str]) -> tuple[str, dict[str, str]]:
    """Return the agent's name and the options behind ``mcp``; "" and nothing if there is none.

    An option that is given several times has its values in lines.
    """
    if "mcp" not in words:
        return "", {}
    agent, options = "", dict[str, str]()
    rest = iter(words[words.index("mcp") + 1 :])
    for word in rest:
        name, equals, value = word.partition("=")
        if not word.startswith("-"):
            agent = agent or word
            continue
        if not equals and name not in _FLAGS:
            value = next(rest, "")
        options[name] = f"{options[name]}\n{value}" if name in options else value
    return agent, options
