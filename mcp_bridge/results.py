"""Results of tool calls: text for the model, and the same as fields for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mcp.types as t

from ..transport.safe_text import one_line
from .json_line import json_line

_MAX_REFUSAL = 2000


def result(text: str, meta: dict[str, Any], *, is_error: bool = False) -> t.CallToolResult:
    """Return a result with its fields in ``_meta``."""
    return t.CallToolResult(content=[t.TextContent(text=text)], is_error=is_error, _meta=meta)


def fields_result(key: str, fields: Mapping[str, object]) -> t.CallToolResult:
    """Return a result whose text is its fields as a line of JSON."""
    return result(json_line(fields), {key: fields})


def refusal(code: str, text: str) -> t.CallToolResult:
    """Return a result that says why a call was refused and what to do, in one line.

    It may quote what others wrote, who could else make up lines of their own.
    """
    written = one_line(f"{code}: {text}", _MAX_REFUSAL)
    return t.CallToolResult(content=[t.TextContent(text=written)], is_error=True)


def with_line(answer: t.CallToolResult, line: str) -> t.CallToolResult:
    """Return a result with one more line at the end of its text."""
    texts = [item.text for item in answer.content if isinstance(item, t.TextContent)]
    return answer.model_copy(update={"content": [t.TextContent(text="\n".join([*texts, line]))]})
