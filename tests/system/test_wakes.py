"""An idle model that is told of mail by a real bridge, through its client's own door."""

from __future__ import annotations

import anyio

from tests.system.bridge import bridge
from tests.system.place import Place, within


@within(40)
async def test_a_channel_is_declared_only_when_it_is_wished_and_says_that_mail_waits(
    place: Place,
) -> None:
    async with bridge(place, "alice", "--wake", "channel") as alice, place.client("bob") as bob:
        number = alice.ask(
            "initialize",
            {
                "protocolVersion": "2025-06-18",
                "capabilities": {},
                "clientInfo": {"name": "claude-code", "version": "1"},
            },
        )
        said = await alice.answer(number)
        assert said["result"]["capabilities"]["experimental"] == {"claude/channel": {}}
        alice.send("notifications/initialized", {})
        await alice.text(alice.call("list_agents"))
        await bob.send("alice", "secret body")
        with anyio.fail_after(10):
            while not (told := [n for n in alice.notes if n["method"].endswith("channel")]):
                await anyio.lowlevel.checkpoint()
        assert "1 unread message for alice" in told[0]["params"]["content"]
        assert "secret" not in str(told)
        sent = await bob.send("alice", "again", wait_for="acked", wait_seconds=0)
        assert sent.sent[0].stage == "stored"
    async with bridge(place, "carol") as carol:
        number = carol.ask(
            "initialize",
            {
                "protocolVersion": "2025-06-18",
                "capabilities": {},
                "clientInfo": {"name": "claude-code", "version": "1"},
            },
        )
        assert "experimental" not in (await carol.answer(number))["result"]["capabilities"]


@within(40)
async def test_a_bridge_with_a_channel_knows_only_the_handshake_in_which_there_are_channels(
    place: Place,
) -> None:
    async with bridge(place, "alice", "--wake", "channel") as alice:
        probe = await alice.discover()
        assert probe["error"] == {
            "code": -32601,
            "message": "Method not found",
            "data": "server/discover",
        }
    async with bridge(place, "carol") as carol:
        said = await carol.discover()
        assert said["result"]["supportedVersions"] == ["2026-07-28"]
