from __future__ import annotations

from hypothesis import settings

from tests.actors.doorbell_machine import DoorbellMachine

TestDoorbell = DoorbellMachine.TestCase
TestDoorbell.settings = settings(max_examples=100, stateful_step_count=50, deadline=None)
