"""What passes over the pipe is told to those who must know."""

from __future__ import annotations

from dataclasses import dataclass, field

import mcp.types as t
import pytest

from signalpost.mcp_bridge.deliveries import RequestId
from signalpost.mcp_bridge.traffic import Traffic


@dataclass
class Notes:
    heard: list[tuple[str, RequestId]] = field(default_factory=list[tuple[str, RequestId]])

    def written(self, request: RequestId) -> None:
        self.heard.append(("written", request))

    def failed(self, request: RequestId) -> None:
        self.heard.append(("failed", request))

    def cancelled(self, request: RequestId) -> None:
        self.heard.append(("cancelled", request))

    def restarted(self) -> None:
        self.heard.append(("restarted", 0))


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def traffic(notes: Notes) -> Traffic:
    traffic = Traffic()
    traffic.tell(notes)
    return traffic


def _cancel(request: object) -> t.JSONRPCNotification:
    params = {"requestId": request}
    return t.JSONRPCNotification(jsonrpc="2.0", method="notifications/cancelled", params=params)


def test_an_answer_is_told_when_it_was_written(traffic: Traffic, notes: Notes) -> None:
    traffic.went(t.JSONRPCResponse(jsonrpc="2.0", id=3, result={}))
    traffic.went(t.JSONRPCNotification(jsonrpc="2.0", method="notifications/progress"))
    assert notes.heard == [("written", 3)]


def test_an_error_is_no_answer(traffic: Traffic, notes: Notes) -> None:
    error = t.ErrorData(code=0, message="x")
    traffic.went(t.JSONRPCError(jsonrpc="2.0", id=3, error=error))
    traffic.went(t.JSONRPCError(jsonrpc="2.0", id=None, error=error))
    assert notes.heard == [("failed", 3)]


def test_a_number_is_known_as_text_too(traffic: Traffic, notes: Notes) -> None:
    traffic.came(_cancel("3"))
    traffic.went(t.JSONRPCResponse(jsonrpc="2.0", id="4", result={}))
    traffic.came(_cancel("x-1"))
    assert notes.heard == [("cancelled", 3), ("written", 4), ("cancelled", "x-1")]


@pytest.mark.parametrize("request_id", [None, [], 1.5, True])
def test_a_cancel_of_nothing_is_passed_over(
    traffic: Traffic, notes: Notes, request_id: object
) -> None:
    traffic.came(_cancel(request_id))
    assert notes.heard == []


def test_a_start_of_the_client_is_told(traffic: Traffic, notes: Notes) -> None:
    for method in ("ping", "initialize", "tools/call"):
        traffic.came(t.JSONRPCRequest(jsonrpc="2.0", id=1, method=method))
    assert notes.heard == [("restarted", 0)]
