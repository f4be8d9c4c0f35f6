"""The environment variables that stand for options of the broker."""

from __future__ import annotations

BROKER = {"inbox_bound": ("SIGNALPOST_INBOX_BOUND", "GPTQ_QUEUE_BOUND")}
"""Where a setting is looked for that was not given as an option."""
