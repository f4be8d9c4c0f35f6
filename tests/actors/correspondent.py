"""An agent of a test: a raw connection that knows the requests about mail."""

from __future__ import annotations

from typing import Any

from signalpost.transport import letters, mail, messages
from tests.actors.counter import Answer, Counter, Speaker


class Correspondent:
    """One session of an agent. Use :func:`correspondent`."""

    def __init__(self, speaker: Speaker) -> None:
        self.speaker = speaker

    async def ask(self, request: messages.Request, correlation: bytes = b"") -> Answer:
        return await self.speaker.ask(request, correlation)

    def say(self, request: messages.Request, correlation: bytes = b"") -> bytes:
        return self.speaker.say(request, correlation)

    async def code(self, request: messages.Request) -> str:
        """Return the code with which a request is refused."""
        return (await self.speaker.refusal(request)).code

    async def send(self, *to: str, content: str = "hello", **words: Any) -> mail.Sent:  # noqa: ANN401
        return sent(await self.ask(mail.Send(to=[*to], content=content, **words)))

    async def message_id(self, to: str, **words: Any) -> str:  # noqa: ANN401
        """Send to one and return the message's id."""
        return (await self.send(to, **words)).sent[0].message_id

    async def receive(self, wait: float | None = 0, **words: Any) -> list[letters.Delivery]:  # noqa: ANN401
        return deliveries(await self.ask(mail.Receive(wait_seconds=wait, **words))).messages

    async def contents(self, **words: Any) -> list[str]:  # noqa: ANN401
        """Take what there is."""
        return [m.content for m in await self.receive(max_messages=32, **words)]

    async def settle(
        self, *received: letters.Delivery, outcome: letters.Outcome = "ack"
    ) -> list[str]:
        """Return the code for each message."""
        held = [letters.Held(message_id=m.id, lease=m.lease) for m in received]
        answer = await self.ask(mail.Settle(messages=held, outcome=outcome))
        assert isinstance(answer, mail.SettledAll), answer
        return [one.code for one in answer.messages]

    async def register(self, name: str, **words: Any) -> mail.Registered:  # noqa: ANN401
        answer = await self.ask(mail.Register(name=name, **words))
        assert isinstance(answer, mail.Registered), answer
        return answer

    async def agents(self) -> dict[str, letters.AgentState]:
        answer = await self.ask(mail.ListAgents())
        assert isinstance(answer, mail.Agents), answer
        return {agent.name: agent for agent in answer.agents}

    async def inbox(self, agent: str) -> letters.InboxState:
        answer = await self.ask(mail.InboxStatus(agent=agent))
        assert isinstance(answer, mail.Inboxes), answer
        return answer.inboxes[0]

    async def stored(self, **words: Any) -> list[letters.StoredMessage]:  # noqa: ANN401
        answer = await self.ask(mail.History(**words))
        assert isinstance(answer, mail.StoredMessages), answer
        return answer.messages

    async def leave(self) -> None:
        await self.ask(messages.Bye())


async def correspondent(place: Counter, agent: str = "", **hello: Any) -> Correspondent:  # noqa: ANN401
    """Connect an agent."""
    return Correspondent(await place.speaker(agent=agent, **hello))


def sent(answer: Answer) -> mail.Sent:
    assert isinstance(answer, mail.Sent), answer
    return answer


def deliveries(answer: Answer) -> mail.Deliveries:
    assert isinstance(answer, mail.Deliveries), answer
    return answer
