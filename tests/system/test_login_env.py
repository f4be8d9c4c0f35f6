"""A client that gives its servers next to nothing, as Codex does."""

from __future__ import annotations

from tests.system.bridge import bridge
from tests.system.place import Place, within


@within(40)
async def test_commands_see_what_the_login_shell_sets_though_the_client_passes_nothing(
    place: Place,
) -> None:
    home = place.folder / "home"
    home.mkdir()
    (home / ".profile").write_text("export JAVA_HOME=/opt/java\n")
    bare_environment = {
        "HOME": str(home),
        "SHELL": "/bin/sh",
        "PATH": "/usr/bin:/bin",
        "SIGNALPOST_DATA_DIR": str(place.state),
    }
    async with bridge(place, "bare", "--login-env", environment=bare_environment) as bare:
        await bare.handshake()
        text = await bare.text(bare.run_task("echo home=$JAVA_HOME; exit 1"))
    assert "home=/opt/java" in text
