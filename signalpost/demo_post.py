"""What two agents of the demo write each other: a result, and the reply its sender waits for.

bob     send_message ──────────────────────────────> gets the reply, acknowledges it
              └──> receive_message, send_message ──┘
alice                                       └──> learns that it is acknowledged
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mcp.client.client import Client
from mcp.types import CallToolResult

from .demo_agent import Agent, Tell, Unexpected
from .demo_timeline import Note, Row
from .mail_text import first_words
from .transport.letters import Kind

_SECONDS = 60
"""How long each of them waits at most for the other."""


@dataclass(frozen=True, slots=True)
class Correspondent:
    """An agent, the bridge it speaks through, and who hears what happens to it."""

    agent: Agent
    client: Client
    tell: Tell

    async def send_result(self, to: str, row: Row) -> Note:
        """Send how the build went, wait for the reply and acknowledge it.

        :raises Unexpected: it was refused, or no reply came
        """
        text = f"{row.result}, ran {row.ran:.1f}s"
        self._tell(f"sends {to} a message and waits for the reply: {text}")
        sent, replies = await self._send(to, text, "result", wait_for="reply")
        reply = self._only(replies, "no reply", sender=to, in_reply_to=sent["message_id"])
        self._tell(f"reply from {to}: {first_words(reply['payload']['content'])}")
        await self._call("acknowledge_message", message_ids=[reply["id"]])
        # Its stage may have been told before the acknowledgement: the reply says more anyway.
        return Note(self.agent.name, to, "result", "replied", first_words(text))

    async def answer_result(self, sender: str, row: Row) -> Note:
        """Wait for mail, reply to it, and return when the reply is acknowledged.

        :raises Unexpected: nothing came, or the reply was refused
        """
        self._tell(f"waits for mail from {sender}")
        ask: dict[str, Any] = {"timeout": _SECONDS, "from": sender}
        came = _messages(await self._call("receive_message", **ask))
        message = self._only(came, "no mail", sender=sender)
        self._tell(f"mail from {sender}: {first_words(message['payload']['content'])}")
        text = f"seen; mine: {row.result}, ran {row.ran:.1f}s"
        sent, _ = await self._send(
            sender, text, "status", in_reply_to=message["id"], wait_for="acked"
        )
        if sent["stage"] != "acked":
            raise Unexpected(f"{self.agent.name}: its reply to {sender} is only {sent['stage']}")
        self._tell(f"its reply to {sender} is acknowledged")
        return Note(self.agent.name, sender, "status", sent["stage"], first_words(text))

    async def _send(
        self, to: str, text: str, kind: Kind, **more: object
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Return what became of a message, and the reply where one was waited for."""
        result = await self._call(
            "send_message", to=to, content=text, type=kind, wait_seconds=_SECONDS, **more
        )
        sent: list[dict[str, Any]] = (result.meta or {})["signalpost/sent"]["sent"]
        return sent[0], _messages(result)

    async def _call(self, tool: str, **arguments: object) -> CallToolResult:
        return await self.agent.call(self.client, tool, arguments)

    def _only(
        self, messages: list[dict[str, Any]], missing: str, *, sender: str, in_reply_to: str = ""
    ) -> dict[str, Any]:
        """Return the one message that was waited for.

        :raises Unexpected: it is another one, or there is none
        """
        if len(messages) != 1:
            raise Unexpected(f"{self.agent.name}: {missing} from {sender} within {_SECONDS} s")
        message = messages[0]
        answers = message["payload"].get("in_reply_to", "")
        if (message["from"], answers) != (sender, in_reply_to):
            raise Unexpected(
                f"{self.agent.name}: message {message['id']} is from {message['from']}"
                f" in reply to {answers or 'nothing'}"
            )
        return message

    def _tell(self, text: str) -> None:
        self.tell(self.agent.name, text)


def _messages(result: CallToolResult) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = (result.meta or {}).get("signalpost/messages", [])
    return messages
