"""Messages and agents as a store keeps them, but for what a test says."""

from __future__ import annotations

import msgspec

from signalpost.actors.agent_row import AgentRow
from signalpost.actors.message_row import MessageRow


def message(seq: int, **changes: object) -> MessageRow:
    row = MessageRow(
        seq=seq,
        id=f"m{seq}",
        agent_id=2,
        sender="alice",
        sender_id=3,
        recipient="bob",
        kind="task",
        request_id=seq.to_bytes(16, "big"),
        sent_at=1000.0 + seq,
        content=f"content {seq}",
    )
    return msgspec.structs.replace(row, **changes)


def agent(agent_id: int, **changes: object) -> AgentRow:
    row = AgentRow(id=agent_id, name=f"agent{agent_id}", since=1000.0)
    return msgspec.structs.replace(row, **changes)
