"""An agent is known to the others as soon as its client has got the list of the tools.

    tools/list ──> answer ── written ──> the broker is dialled and told, beside everything else

What dialling loads takes longer than the answer: so it is done afterwards. A client
that has listed the tools to see whether the server is well, and leaves, is forgotten by the broker.
"""

from __future__ import annotations

from .clients import Clients
from .deliveries import RequestId
from .identity import AgentIdentity


class Greeting:
    """Greets the agents whose clients have got the list; it listens to the traffic."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._owed: dict[RequestId, AgentIdentity] = {}

    def owe(self, request: RequestId, agent: AgentIdentity) -> None:
        """Greet ``agent`` when this request is answered."""
        self._owed[request] = agent

    def written(self, request: RequestId) -> None:
        """Note that the answer to this request was written."""
        if (agent := self._owed.pop(request, None)) is not None:
            self._clients.greet(agent)

    def failed(self, request: RequestId) -> None:
        """Note that an error was written instead."""
        self._owed.pop(request, None)

    def cancelled(self, request: RequestId) -> None:
        """Note that the client gave this request up: it has looked, and is there."""

    def restarted(self) -> None:
        """Note that the client began a session."""
        self._owed.clear()
