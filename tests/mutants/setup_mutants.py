"""Faults in what is done to other programs' files, and in what is said of them."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

_JSONC = "tests/signalpost/test_jsonc.py"
_TOML = "tests/signalpost/test_toml_text.py"
_ENTRY = "tests/signalpost/test_server_entry.py"
_EDITS = "tests/signalpost/test_client_edits.py"
_TABLE = "tests/signalpost/test_client_table.py"
_FILE = "tests/signalpost/test_config_file.py"
_RECORD = "tests/signalpost/test_setup_record.py"
_CHECKS = "tests/signalpost/test_client_checks.py"
_POLICY = "tests/signalpost/test_claude_policy.py"
_SWITCHED = "test_the_users_own_settings_switch_hooks_off_too_but_not_by_what_is_the_organisations"
_SHELL = "tests/mcp_bridge/test_login_shell.py"
_RULES = "tests/signalpost/test_claude_rules.py"
_BYPASS = "tests/signalpost/test_bypass.py"
_DOCTOR = "tests/signalpost/test_doctor.py"

SETUP = (
    Mutant(
        "what is refused or asked counts as allowed",
        "signalpost/bypass.py",
        "return covered or rule in same",
        "return False",
        (
            f"{_RULES}::test_what_any_file_refuses_or_asks_is_allowed_by_none",
            f"{_BYPASS}::test_what_is_refused_or_asked_is_not_allowed",
        ),
    ),
    Mutant(
        "permissions that cannot be read are none",
        "signalpost/claude_rules.py",
        "found.unread.append(str(path))",
        "pass",
        (f"{_RULES}::test_a_file_that_cannot_be_read_is_named_and_hides_no_other",),
    ),
    Mutant(
        "a stranger's project speaks to the terminal",
        "signalpost/doctor.py",
        'line = one_line(f"{check.name}: {check.found}", _LONGEST_LINE)',
        'line = f"{check.name}: {check.found}"',
        (f"{_DOCTOR}::test_what_a_strangers_project_says_cannot_speak_to_the_terminal",),
    ),
    Mutant(
        "csh is asked as any other shell",
        "mcp_bridge/login_shell.py",
        "is_csh = PurePath(self._shell).name in _CSH",
        "is_csh = False",
        (f"{_SHELL}::test_a_shell_that_is_a_login_shell_alone_is_told_what_to_do_by_its_input",),
    ),
    Mutant(
        "a comment swallows what is left",
        "signalpost/jsonc.py",
        "if in_comment and not _REST_OF_LINE",
        "if False and not _REST_OF_LINE",
        (f"{_JSONC}::test_no_comment_swallows_what_is_left",),
    ),
    Mutant(
        "what was empty before is taken away",
        "signalpost/jsonc.py",
        "if before is not None and was is not None and was.kind == holder.kind:",
        "if False and before is not None and was is not None:",
        (f"{_JSONC}::test_what_was_put_is_removed_to_the_last_byte",),
    ),
    Mutant(
        "a document behind a comment without an end of line",
        "signalpost/jsonc.py",
        'gap = "" if text.endswith(("\\n", "\\ufeff")) or not text else _newline(text)',
        'gap = ""',
        (f"{_JSONC}::test_a_blank_text_becomes_a_document_and_is_blank_again",),
    ),
    Mutant(
        "a person's own entry is taken for one of setup",
        "signalpost/server_entry.py",
        'and program[0].startswith("/")',
        "",
        (f"{_EDITS}::test_an_entry_that_a_person_made_is_strange_and_none_or_one_of_setup_is_not",),
    ),
    Mutant(
        "an edit of TOML is believed",
        "signalpost/toml_text.py",
        "if got is None or _whole(got, path) != _whole(wanted, path):",
        "if got is None:",
        (f"{_TOML}::test_a_table_in_another_form_is_refused_with_the_remedy",),
    ),
    Mutant(
        "the missing last end of line is not given back",
        "signalpost/toml_text.py",
        'if not after and before and not text.endswith("\\n"):',
        "if False:",
        (f"{_TOML}::test_a_table_is_added_once_and_taken_back_to_the_last_byte",),
    ),
    Mutant(
        "tasks that a person switched off are switched on",
        "signalpost/server_entry.py",
        "if name not in self.unwanted}",
        'if name not in (*self.unwanted, "--no-tasks")}',
        (f"{_ENTRY}::test_tasks_that_are_switched_off_stay_off",),
    ),
    Mutant(
        "unasked tools stay allowed",
        "signalpost/client_kind.py",
        "if approval is not None and self.allow is False else ()",
        "if False and approval is not None else ()",
        (f"{_TABLE}::test_unasked_tools_are_allowed_only_when_that_is_wanted",),
    ),
    Mutant(
        "hooks of others are taken for ours",
        "signalpost/client_edits.py",
        "return bool(each) and all(",
        "return bool(each) or all(",
        (f"{_EDITS}::test_older_hooks_of_ours_are_replaced_and_those_of_others_stay",),
    ),
    Mutant(
        "written over what others wrote meanwhile",
        "signalpost/config_file.py",
        "if self.read() != before:",
        "if False:",
        (f"{_FILE}::test_a_file_that_has_changed_is_left",),
    ),
    Mutant(
        "a link is replaced by a file",
        "signalpost/config_file.py",
        "return Path(os.path.realpath(self.path))",
        "return self.path",
        (f"{_FILE}::test_through_links_the_file_that_is_meant_is_written",),
    ),
    Mutant(
        "what others wrote in between is lost at the end",
        "signalpost/setup_record.py",
        'Kept(old.backup, "", (',
        "Kept(old.backup, _hash(after), (",
        (
            f"{_RECORD}::test_what_others_wrote_in_between_has_a_copy_and_is_never_taken_for_untouched",
        ),
    ),
    Mutant(
        "an organisation's list of commands may be passed by a name",
        "signalpost/claude_policy.py",
        "for entry in commands or listed",
        "for entry in listed",
        (f"{_POLICY}::test_a_server_that_is_not_among_those_allowed_is_not_used",),
    ),
    Mutant(
        "what an organisation has switched on again stays off",
        "signalpost/claude_policy.py",
        "for s in setting or own if",
        "for s in [*setting, *own] if",
        (f"{_POLICY}::{_SWITCHED}",),
    ),
    Mutant(
        "a pipe in the place of a file is waited for",
        "transport/regular_file.py",
        "_AT_ONCE = os.O_NONBLOCK | os.O_NOCTTY",
        "_AT_ONCE = os.O_NOCTTY",
        (
            "tests/transport/test_regular_file.py::test_what_is_no_file_is_refused_at_once_and_named",
        ),
    ),
    Mutant(
        "a client that gives up first is well",
        "signalpost/client_checks.py",
        "if budget is not None and budget <= seconds - MARGIN:",
        "if budget is not None:",
        (f"{_CHECKS}::test_a_call_must_be_answered_before_the_client_gives_up",),
    ),
    Mutant(
        "what a profile left in the background is waited for",
        "mcp_bridge/login_shell.py",
        "while not is_whole(output, mark) and",
        "while not is_whole(output, b'no') and",
        (f"{_SHELL}::test_a_real_shell_is_asked_as_a_login_shell",),
    ),
    Mutant(
        "an entry made by hand goes where others have written since",
        "signalpost/client_edits.py",
        "return jsonc.merge(text, self._path, was) if there is not None else text",
        "return jsonc.remove(text, self._path, before)",
        (f"{_EDITS}::test_an_entry_that_a_person_made_comes_back_where_others_have_written_since",),
    ),
)
