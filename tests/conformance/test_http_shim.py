"""The shim carries messages between the suite and a stdio server, and changes none."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

import pytest

from tests.conformance.aliases import translated
from tests.conformance.child import Child
from tests.conformance.http_shim import HttpShim

ECHO = """
import json, sys
for line in sys.stdin:
    m = json.loads(line)
    token = m.get("params", {}).get("_meta", {}).get("progressToken")
    if token:
        note = {"method": "notifications/progress", "params": {"progressToken": token}}
        print(json.dumps(note), flush=True)
    error = {"code": -32601, "message": "no"}
    answer = {"error": error} if m["method"] == "no" else {"result": m["method"]}
    print(json.dumps({"id": m["id"], **answer}), flush=True)
"""


@pytest.fixture
def shim() -> Iterator[HttpShim]:
    it = HttpShim(lambda: Child((sys.executable, "-c", ECHO), {}))
    yield it
    it.end()


def _post(shim: HttpShim, message: dict[str, Any], **headers: str) -> tuple[int, str, str]:
    """Return the status, the body and the session that was opened."""
    connection = HTTPConnection(*shim.server_address[:2], timeout=10)  # type: ignore[arg-type]
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with closing(connection):
        connection.request("POST", "/mcp", json.dumps(message), named)
        response = connection.getresponse()
        body, session = response.read().decode(), response.headers.get("mcp-session-id", "")
        return response.status, body, session


def test_the_older_protocols_get_a_server_for_each_session(shim: HttpShim) -> None:
    status, body, session = _post(shim, {"id": "a", "method": "initialize"})
    assert (status, json.loads(body)) == (200, {"id": "a", "result": "initialize"})
    assert _post(shim, {"id": 2, "method": "ping"}, mcp_session_id=session)[0] == 200
    assert _post(shim, {"id": 3, "method": "ping"}, mcp_session_id="other")[0] == 404


def test_the_stateless_protocol_needs_no_session(shim: HttpShim) -> None:
    found = _post(shim, {"id": 7, "method": "x"}, mcp_protocol_version="2026-07-28")
    assert (found[0], json.loads(found[1])) == (200, {"id": 7, "result": "x"})


def test_an_error_has_its_status(shim: HttpShim) -> None:
    assert _post(shim, {"id": 1, "method": "no"}, mcp_protocol_version="2026-07-28")[0] == 404


def test_progress_comes_before_the_answer(shim: HttpShim) -> None:
    message = {"id": 1, "method": "x", "params": {"_meta": {"progressToken": "p"}}}
    body = _post(shim, message, mcp_protocol_version="2026-07-28")[1]
    events = [json.loads(line[6:]) for line in body.splitlines() if line.startswith("data: ")]
    assert [event.get("method", "") for event in events] == ["notifications/progress", ""]


def test_only_the_name_and_arguments_of_the_suites_own_tools_are_changed() -> None:
    call = {"method": "tools/call", "params": {"name": "slow_compute", "arguments": {"seconds": 2}}}
    params = translated({**call, "id": 1})["params"]
    assert params["name"] == "run_task"
    assert params["arguments"]["command"].startswith("sleep 2")
    ours: dict[str, Any] = {"method": "tools/call", "params": {"name": "run_task", "arguments": {}}}
    assert translated(ours) == ours
