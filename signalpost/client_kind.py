"""What setup has to know of a client, of whose files they are, and of what is wanted. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .bare_environment import NAMES_AGENT
from .client_edits import Edit
from .client_hooks import HookWishes
from .jsonc_tree import Plain
from .server_entry import ServerEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Whose files: a home, its environment, and the kind of system."""

    home: Path
    environment: Mapping[str, str]
    mac: bool = False
    exists: Callable[[Path], bool] = lambda _path: False
    """Asked only where a client reads one of several files."""
    root: Path = Path("/")
    """Below it lie the files of whoever looks after the machine."""

    def own(self, variable: str, default: str) -> Path:
        """Return the folder that a variable names, else the one below the home.

        A relative one counts for nothing: it would be another one in each folder.
        """
        named = Path(self.environment.get(variable, ""))
        return named if named.is_absolute() else self.home / default

    def xdg(self) -> Path:
        """Return where programs of the terminal keep their settings."""
        return self.own("XDG_CONFIG_HOME", ".config")

    def config(self) -> Path:
        """Return where programs with a window keep their settings."""
        return self.home / "Library" / "Application Support" if self.mac else self.xdg()

    def claude_managed(self) -> Path:
        """Return where an organisation's files for Claude Code lie."""
        mac = Path("Library", "Application Support", "ClaudeCode")
        return self.root / (mac if self.mac else Path("etc", "claude-code"))

    def first(self, *paths: Path) -> Path:
        """Return the first of them that is there, else the first of all."""
        return next(filter(self.exists, paths), paths[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What is to be written."""

    program: tuple[str, ...]
    """The words that run this program, the first of them an absolute path."""
    agent: str = ""
    data_dir: str = ""
    """Not the one that bridges find by themselves."""
    allow: bool | None = None
    """Let the client's model use every tool unasked: any command, as this user. None: as it is."""
    variables: tuple[str, ...] = ()
    """Names of variables that a client with a bare environment is to pass on."""
    login_env: bool | None = None
    """Complete a bare environment by a login shell. None: where no names can be passed on."""
    hooks: HookWishes

    def server(
        self,
        more: Mapping[str, Plain] | None = None,
        *,
        approval: tuple[str, Plain] | None = None,
        bare: bool = False,
        budget: int | None = None,
        limits: Mapping[str, int] | None = None,
        names: bool = False,
        one_list: bool = False,
    ) -> ServerEntry:
        """Return the entry of the server.

        :param more: members besides the command line
        :param approval: the member that lets all tools be used unasked
        :param bare: the client keeps its environment from its servers
        :param budget: ``--wait-budget``, where the client is told a limit of its own
        :param limits: members that are time limits
        :param names: the client takes names of variables to pass on
        :param one_list: command and arguments are one list
        """
        login = self.login_env if self.login_env is not None else (bare and not names) or None
        options = {"--data-dir": self.data_dir} if self.data_dir else {}
        options |= {"--login-env": ""} if login else {}
        allowed = dict([approval]) if approval is not None and self.allow else {}
        return ServerEntry(
            program=self.program,
            agent=self.agent,
            options=options,
            budget=budget,
            limits=limits or {},
            unwanted=("--login-env",) if login is False else (),
            one_list=one_list,
            more={**(more or {}), **allowed},
            dropped=(approval[0],) if approval is not None and self.allow is False else (),
            variables=(NAMES_AGENT, *self.variables) if names else (),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientKind:
    """One client."""

    name: str
    title: str
    programs: tuple[str, ...] = ()
    """It is installed where one of these is on PATH, or one of the folders is there."""
    folders: Callable[[Place], Sequence[Path]]
    entries: Callable[[Place, Wishes], Sequence[Edit]]
    """Its MCP server, in each file that it may read it from."""
    hooks: Callable[[Place, Wishes], Sequence[Edit]] | None = None
    """Hooks or a plugin."""
    hooks_seen: bool = False
    """They were seen to work in the real program; others are written when asked for."""
    former: Callable[[Place], Sequence[Edit]] | None = None
    """What earlier versions have written, and what is of no use: it goes."""
    instructions: Callable[[Place], Path] | None = None
    project_instructions: str = "AGENTS.md"
    seen: bool = False
    """A real one has used the server."""
    read: bool = False
    """A real one has read what setup writes, and said so."""
    note: str = ""
    """What the person has to know or do."""
