"""Who is calling, as far as the MCP client tells. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath

from ..transport import names
from ..transport.errors import BadRequest

_NAME_VARIABLES = ("SIGNALPOST_AGENT", "GPTQ_AGENT_NAME")
_CONVERSATIONS = {
    "claude-code": "CLAUDE_CODE_SESSION_ID",
    "copilot-cli": "COPILOT_AGENT_SESSION_ID",
}
"""Where a client tells its servers which conversation they were started for."""
_FOLDER_LENGTH = 40
_MANY = "codex"
"""How clients begin their names that have one bridge for several conversations."""


@dataclass(frozen=True, slots=True)
class AgentIdentity:
    """An agent by name, or unnamed by its place, client and conversation."""

    agent: str = ""
    thread: str = ""
    """The MCP client's own id of the conversation; unnamed agents only."""
    label: str = ""
    """``folder/client``: how an unnamed agent is shown."""
    client: str = field(default="", compare=False)
    """How the MCP client calls itself; it makes no other agent."""
    working_directory: str = field(default="", compare=False)


def given_name(option: str, environment: Mapping[str, str]) -> str:
    """Return the agent's name from the command line or the environment, else ``""``.

    :raises BadRequest: it is no legal name; the text says where it came from
    """
    sources = [("the AGENT of signalpost mcp", option)]
    sources += [(variable, environment.get(variable, "")) for variable in _NAME_VARIABLES]
    for source, name in sources:
        if name:
            try:
                return names.agent_name(name)
            except BadRequest as error:
                raise BadRequest(f"{source}: {error}") from error
    return ""


def unnamed(
    working_directory: str, client: str, meta: Mapping[str, object], environment: Mapping[str, str]
) -> AgentIdentity:
    """Return the identity of an agent that has no name.

    ``meta`` is the call's ``_meta``: Codex names its conversation there, anew
    in each call. Claude Code and Copilot CLI name it in the environment of the server.
    """
    thread = meta.get("threadId")
    if not isinstance(thread, str):
        # Another client that is started from inside one of them inherits its variable.
        thread = environment.get(_CONVERSATIONS.get(client, ""), "")
    folder = _legal(PurePath(working_directory).name)[:_FOLDER_LENGTH]
    return AgentIdentity(
        thread=thread[:200],
        label=f"{folder}/{_legal(client)}"[: names.MAX_NAME],
        client=client,
        working_directory=working_directory,
    )


def is_known_before_a_call(client: str, meta: Mapping[str, object]) -> bool:
    """Tell whether :func:`unnamed` says of any request what it says of the calls.

    A conversation that only calls name is not to be taken for another agent before.
    """
    return not client.startswith(_MANY) or isinstance(meta.get("threadId"), str)


def _legal(text: str) -> str:
    """Return ``text`` with every character that names may not have replaced."""
    written = "".join(c if c.isalnum() or c in "._-" else "-" for c in text)
    return written.lstrip("-") or "unknown"
