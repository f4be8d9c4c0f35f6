"""README.md and docs/protocol.md say what the code does: names, options, codes, limits."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import cast, get_args

import click
import msgspec
import pytest

from signalpost import exit_codes
from signalpost.actors import (
    address,
    agent,
    ancestry,
    answers,
    directory,
    doorbell,
    doorbells,
    doubt,
    inbox_books,
    latest_requests,
    leases,
    line,
    loop_guard,
    mail_archive,
    mail_search,
    message,
    news,
    outgoing,
    ready,
    registry,
    results,
    serve,
    settings,
    task,
    task_mail,
)
from signalpost.command_line import signalpost as front_door
from signalpost.mcp_bridge import budget, message_text, tools
from signalpost.mcp_bridge.tool_text import ToolText
from signalpost.transport import bell, errors, frames, letters, messages, names, session

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
PROTOCOL = (ROOT / "docs" / "protocol.md").read_text("utf-8")

Struct = type[msgspec.Struct]
PARTS: tuple[Struct, ...] = (
    bell.OpenTask,
    messages.Leftover,
    messages.RunningTask,
    messages.QueueState,
    letters.Held,
    letters.Settled,
    letters.Delivery,
    letters.SentMessage,
    letters.Refusal,
    letters.Ring,
    letters.AgentState,
    letters.InboxState,
    letters.StoredMessage,
)
MESSAGES = cast(
    "tuple[Struct, ...]",
    (*get_args(messages.Request), *get_args(messages.Reply), *get_args(messages.Push)),
)
CODES = sorted({kind.code for kind in errors.SignalpostError.__subclasses__()})
ANSWERS_MIB = answers.MAX_BYTES // 1024**2
DEFAULTS = settings.Settings()


def section(text: str, heading: str) -> str:
    """Return what stands between a heading and the next one, "" when there is no such heading."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", text, re.DOTALL | re.MULTILINE)
    return found[1] if found else ""


def heading_of(struct: Struct) -> str:
    """Return the tag of a message, or the name of a part of one."""
    tag = struct.__struct_config__.tag
    return tag if isinstance(tag, str) else struct.__name__


def rows(text: str) -> list[list[str]]:
    """Return the cells of every row of the tables in ``text``."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def commands() -> dict[str, click.Command]:
    """Return every command by the words that call it, ``dead list`` like ``send``."""
    found = dict(front_door.commands)
    for name, group in front_door.commands.items():
        if isinstance(group, click.Group):
            found |= {f"{name} {word}": command for word, command in group.commands.items()}
    return found


def options_of(command: click.Command) -> list[str]:
    """Return every option of a command that people may see, as it is written."""
    shown = [p for p in command.params if isinstance(p, click.Option) and not p.hidden]
    return [word for option in shown for word in option.opts]


def in_code(word: str, text: str) -> bool:
    """Tell whether a word stands in ``text`` as code, alone or at the beginning."""
    return re.search(rf"`{re.escape(word)}[` \[]", text) is not None


@pytest.mark.parametrize("struct", [*MESSAGES, *PARTS], ids=heading_of)
def test_every_message_has_a_section_in_the_protocol_that_names_every_field(
    struct: Struct,
) -> None:
    text = section(PROTOCOL, heading_of(struct))

    assert text, f"no heading {heading_of(struct)}"
    named = {row[0].strip("`") for row in rows(text)} - {"field"}
    assert {name for name in named if not set(name) <= {"-"}} == set(struct.__struct_fields__)


def test_every_error_code_is_in_the_protocol_with_its_remedy() -> None:
    table = {row[0].strip("`"): row[-1] for row in rows(section(PROTOCOL, "10. Errors"))}

    assert sorted(set(table) - {"code", "---"}) == CODES
    assert all(table[code] for code in CODES)


@pytest.mark.parametrize("code", CODES)
def test_every_error_code_is_in_the_readme(code: str) -> None:
    assert f"`{code}`" in README


@pytest.mark.parametrize(
    ("what", "limit"),
    [
        ("payload of a request", f"{frames.MAX_PAYLOAD:,} bytes"),
        ("payload of a reply or push", f"{frames.MAX_ANSWER:,} bytes"),
        ("environment and command", f"{frames.MAX_ENVIRONMENT:,} bytes"),
        ("name of a queue or agent", f"{names.MAX_NAME} characters"),
        ("waiting tasks in a queue", f"{line.WAITING_LIMIT:,}"),
        ("width of a queue", f"{settings.MAX_WIDTH}"),
        (
            "replies kept for requests sent again",
            f"{answers.MAX_AGE_SECONDS / 3600:g} h, {answers.MAX_ANSWERS:,}, {ANSWERS_MIB} MiB",
        ),
        ("undelivered result for a repeated call", f"{results.REUSE_SECONDS:g} s"),
        ("heartbeat", f"{session.HEARTBEAT_SECONDS:g} s"),
        ("silence", f"{session.SILENCE_SECONDS:g} s"),
        ("after the death of a client's process", f"{session.LOST_SECONDS:g} s"),
        ("after a broker's death, for waiters to come back", f"{line.GATE_SECONDS:g} s"),
        ("progress", f"{news.PROGRESS_SECONDS:g} s"),
        ("command in a report", f"{task.COMMAND_SHOWN:,} characters"),
        ("content of a message", f"{letters.MAX_CONTENT:,} bytes"),
        ("metadata of a message", f"{letters.MAX_METADATA:,} bytes"),
        ("addresses in one `to`", f"{address.MAX_RECIPIENTS:,}"),
        ("messages in one reply to `receive`", f"{letters.MAX_BATCH}"),
        (
            "content and metadata in one reply to `receive`",
            f"{ready.MAX_BATCH_BYTES // 1024**2} MiB",
        ),
        ("unacknowledged messages in an inbox, unless configured", f"{DEFAULTS.inbox_bound:,}"),
        (
            "unacknowledged content and metadata in an inbox",
            f"{inbox_books.MAX_BYTES // 1024**2} MiB",
        ),
        ("bound that an agent may ask for", f"{registry.MAX_INBOX_BOUND:,}"),
        ("description of an agent", f"{registry.MAX_DESCRIPTION:,} characters"),
        ("old names that lead to an agent", str(directory.MAX_OLD_NAMES)),
        (
            "clients whose latest `send` is known, the longest silent ones not",
            f"{latest_requests.MAX_CLIENTS:,}",
        ),
        ("wait for room in a full inbox", f"{outgoing.PARK_SECONDS:g} s"),
        ("lease, unless configured", f"{DEFAULTS.lease:g} s"),
        ("lease, however often renewed", f"{leases.CEILING_SECONDS / 3600:g} h"),
        ("failed attempts before a message is dead", f"{message.MAX_ATTEMPTS}"),
        ("replies that follow one another", f"{loop_guard.MAX_HOPS}"),
        (
            "messages between two agents, one of them a bridge",
            f"{loop_guard.MAX_PER_MINUTE} in 60 s",
        ),
        (
            "an agent with a made name, gone and without mail",
            f"{agent.EXPIRY_SECONDS / 86400:g} days",
        ),
        (
            "a result of a task that nobody took, before it is posted",
            f"{task_mail.UNTAKEN_SECONDS:g} s",
        ),
        ("messages in one reply to `history`", f"{mail_archive.HISTORY_LIMIT:,}"),
        ("words of a search", f"{mail_search.MAX_WORDS}"),
        ("time of a search", f"{mail_search.SECONDS:g} s"),
        ("least time between two rings, unless set", f"{doorbell.EVERY_SECONDS:g} s"),
        ("time in which a ring of the broker before is in doubt", f"{doubt.RETURN_SECONDS:g} s"),
        ("senders in a `doorstep`", str(doorbells.SENDERS_SHOWN)),
        ("processes looked at above one that asks at a door", str(ancestry.MOST)),
    ],
)
def test_every_limit_in_the_protocol_is_the_codes_own(what: str, limit: str) -> None:
    assert [what, limit] in rows(section(PROTOCOL, "17. Limits"))


def test_the_protocol_names_the_version_that_is_spoken() -> None:
    title = PROTOCOL.splitlines()[0]

    assert title.endswith(f"version {frames.VERSION.decode()}, minor {messages.MINOR}")


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_command_and_its_options_are_in_the_readme(name: str) -> None:
    assert f"signalpost {name}" in README
    missing = [option for option in options_of(commands()[name]) if not in_code(option, README)]
    assert missing == []


def test_the_readme_names_every_setting_of_the_config_file() -> None:
    known = [name for name in settings.Settings.__dataclass_fields__ if not in_code(name, README)]

    assert known == []


@pytest.mark.parametrize("tool", tools.offered(), ids=lambda tool: tool.name)
def test_every_tool_and_its_parameters_are_in_the_readme(tool: ToolText) -> None:
    properties = cast("dict[str, object]", tool.input_schema["properties"])

    assert f"**`{tool.name}`**" in README
    assert [name for name in properties if not in_code(name, README)] == []


def test_every_exit_code_is_in_the_readme() -> None:
    listed = {
        word for row in rows(section(README, "Exit codes")) for word in row[0].split(", ")
    } - {"code", "---"}

    spoken = {word for codes, _ in exit_codes.TABLE for word in codes.split()}
    values = vars(exit_codes).items()
    constants = {str(int(v)) for k, v in values if k.isupper() and isinstance(v, int)}
    broker = {str(serve.EXIT_REFUSED), str(serve.EXIT_STORE)}
    assert listed == spoken | constants | broker


def test_the_readme_gives_the_wait_budgets_of_the_code() -> None:
    for client, said in (("codex-mcp-client", "290 s"), ("gemini-cli-mcp-client", "590 s")):
        seconds = budget.wait_budget(client, option=None, progress=True, environment={})
        assert f"{seconds} s" == said
        assert f"answers `RUNNING` after {said}" in README
    assert f"an unknown one: {budget.UNKNOWN:g} s" in README


def test_every_file_of_the_index_exists() -> None:
    index = README.partition("<!-- index -->\n")[2]
    files = [row[1].strip("`") for row in rows(index)][2:]

    assert len(files) > 20
    assert [file for file in files if not (ROOT / file).is_file()] == []


def test_the_picture_of_the_demo_is_in_the_readme() -> None:
    marker, _, rest = README.partition("<!-- demo -->\n")

    assert "##" not in marker
    assert rest.startswith("```\n")
    assert "WAITED" in rest.partition("\n```\n")[0]


@pytest.mark.parametrize("text", [README, PROTOCOL], ids=["README.md", "protocol.md"])
def test_every_link_to_a_file_leads_somewhere(text: str) -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]

    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_examples_for_python_can_be_compiled() -> None:
    examples = re.findall(r"```python\n(.*?)```", README, re.DOTALL)

    assert len(examples) > 3
    for example in examples:
        compile(example, "README.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_what_models_are_told_of_a_message_is_in_the_readme() -> None:
    received = letters.Delivery(id="1", sender="a", to="b", kind="task", content="", sent_at=0)
    told = message_text.messages_text([received], "mark").splitlines()[-1]

    assert told.startswith("The text between")
    assert told in README
