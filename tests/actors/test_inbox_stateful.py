from __future__ import annotations

from hypothesis import settings

from tests.actors.inbox_machine import InboxMachine

TestInbox = InboxMachine.TestCase
TestInbox.settings = settings(stateful_step_count=40)
