"""The tools that a bridge offers, and what it shows of queues and inboxes. Pure.

Clients cut a description off at 2,048 characters.
"""

from __future__ import annotations

from . import mail_tools, task_tools
from .tool_text import ToolText, parameters

_QUEUES = ToolText(
    name="get_queue_status",
    title="Show queues and inboxes",
    description="""\
Show how full the inboxes of the agents are and who runs or waits in the task queues; changes \
nothing. One line of JSON:
- inboxes: per agent depth (messages not yet acknowledged), max_size, in_flight (received and not \
yet acknowledged) and oldest_age in seconds. With agent, only that one's inbox.
- queues: every task queue in use: how many tasks may run at once (width), which commands run now \
and which wait, in order, each with task_id, owner and elapsed seconds. Use it to see why a build, \
test run or other command waits, and who is ahead of you.""",
    input_schema=parameters(
        [],
        {
            "agent": {
                "type": "string",
                "description": "Show the inbox of this agent only. Left out: all of them.",
            },
        },
    ),
    read_only=True,
)


def offered(*, no_tasks: bool = False) -> list[ToolText]:
    """Return the tools of a bridge, in the order shown."""
    tasks = [task_tools.RUN, task_tools.STATUS, task_tools.CANCEL, task_tools.CLEAR]
    mail = [
        mail_tools.REGISTER,
        mail_tools.SEND,
        mail_tools.RECEIVE,
        mail_tools.ACKNOWLEDGE,
        mail_tools.LIST,
        _QUEUES,
        mail_tools.UNREGISTER,
    ]
    return mail if no_tasks else tasks + mail
