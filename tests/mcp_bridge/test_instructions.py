"""What every model reads about the server, held by a snapshot."""

from __future__ import annotations

from signalpost.mcp_bridge.instructions import MAX_INSTRUCTIONS, instructions

FAMILIES = {
    *("gradle", "bazel", "make", "cmake", "mvn", "cargo", "go", "npm", "yarn", "pnpm"),
    *("docker", "podman", "kubectl", "helm", "pytest", "jest", "mocha", "rspec"),
}

SNAPSHOT = """\
Signalpost: agents and people on this machine take turns for heavy commands. Run builds, tests, \
installs, containers and other heavy commands with run_task instead of your shell: gradle, bazel, \
make, cmake, mvn, cargo, go, dotnet, npm, yarn, pnpm, pip, docker, podman, kubectl, helm, pytest, \
jest, vitest, mocha, rspec and the like. Quick ones (ls, cat, git status) stay in your shell. \
run_task blocks until the command has had its turn and has run; others may be ahead of you, so a \
long wait is normal. If it answers RUNNING, never repeat the call: call task_status with that \
task_id, it waits. get_queue_status shows who runs and who waits; cancel_task stops a task of \
yours."""


def test_the_instructions_are_those_of_the_snapshot() -> None:
    assert instructions("") == SNAPSHOT


def test_a_named_agent_is_told_its_name() -> None:
    assert instructions("alice") == f"{SNAPSHOT} Your name here is alice."


def test_they_fit_with_the_longest_name() -> None:
    assert len(instructions("x" * 64)) <= MAX_INSTRUCTIONS


def test_they_name_the_families_of_commands() -> None:
    words = SNAPSHOT.replace(",", " ").replace(".", " ").split()
    assert set(words) >= FAMILIES


def test_without_tasks_they_do_not_speak_of_running_any() -> None:
    assert "run_task" not in instructions("alice", no_tasks=True)
    assert "get_queue_status" in instructions("alice", no_tasks=True)
