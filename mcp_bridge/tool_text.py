"""One tool as a model sees it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

Schema = dict[str, object]

MAX_DESCRIPTION = 2048
"""Where MCP clients cut a description off."""


@dataclass(frozen=True, slots=True)
class ToolText:
    """One tool. The last three are hints for the client's permission rules."""

    name: str
    title: str
    description: str
    input_schema: Schema
    read_only: bool = False
    destructive: bool = False
    open_world: bool = False


def parameters(needed: list[str], properties: dict[str, Schema]) -> Schema:
    """Return the schema of a tool that takes these and nothing else."""
    return {
        "type": "object",
        "properties": properties,
        "required": needed,
        "additionalProperties": False,
    }
