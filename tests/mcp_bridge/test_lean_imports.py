"""Only the part of the SDK that serves a pipe is loaded, where it is laid out as known."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from signalpost.mcp_bridge import lean_imports
from tests.mcp_bridge.bridge_process import ENVIRONMENT

LOADED = """
import sys
from signalpost.mcp_bridge import lean_imports
def really_loaded():
    return {name for name, module in sys.modules.items() if getattr(module, "__spec__", 0)}
def of_the_sdk():
    return {name for name in really_loaded() if name.split(".")[0] in ("mcp", "mcp_types")}
"""
OTHERS = """
import anyio, mcp, secrets, ssl
from mcp.server import MCPServer
from starlette.routing import Route
async def call(server):
    async with mcp.Client(server) as client:
        return await client.call_tool("twice", {"number": 4})
server = MCPServer("other")
@server.tool()
def twice(number: int) -> int: return 2 * number
assert "8" in str(anyio.run(call, server))
assert isinstance(server.streamable_http_app().routes[0], Route)
assert isinstance(ssl.create_default_context(), ssl.SSLContext)
assert len(secrets.token_hex(2)) == 4
"""
"""What other users of the SDK might do in the same process."""
BRIDGE = "from signalpost.mcp_bridge import process\n"


def told(script: str) -> str:
    """Run a script in a process of its own and return what it prints."""
    command = [sys.executable, "-c", LOADED + script]
    done = subprocess.run(
        command, env=ENVIRONMENT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_release_that_the_tests_run_with_is_known() -> None:
    assert version("mcp") == version("mcp_types")
    assert version("mcp") in lean_imports.RELEASES


def test_neither_http_nor_tls_nor_tracing_nor_wire_types_are_loaded() -> None:
    loaded = told(f"assert not lean_imports.load()\n{BRIDGE}print(*really_loaded())").split()
    roots = {name.partition(".")[0] for name in loaded}
    assert {"mcp", "mcp_types", "pydantic", "anyio"} <= roots
    unused = "starlette httpx2 uvicorn cryptography opentelemetry ssl hmac secrets zmq click"
    assert not roots & set(unused.split())
    assert not [name for name in loaded if name.startswith(("mcp.client", "mcp_types._v"))]


def test_all_that_a_bridge_imports_of_the_sdk_has_been_tried_before() -> None:
    script = f"assert not lean_imports.load()\ntried = of_the_sdk()\n{BRIDGE}"
    assert told(f"{script}print(*(of_the_sdk() - tried))") == ""


def test_of_another_release_the_sdk_is_loaded_whole() -> None:
    script = "lean_imports.RELEASES = ('2.3.999',)\nprint(lean_imports.load())\n"
    said = told(f"{script}{BRIDGE}{OTHERS}")
    assert said == "mcp is not of a release whose inside is known (2.3.999)"


def test_without_the_sdk_it_is_left_to_the_import_to_say_so() -> None:
    script = "from importlib import util\nutil.find_spec = lambda name: None\n"
    assert told(f"{script}print(lean_imports.load())").startswith("mcp is not of")


def test_a_layout_that_differs_is_undone() -> None:
    used = "lean_imports._USED = (*lean_imports._USED, 'mcp.server.moved')\n"
    said = told(f"{used}print(lean_imports.load())\nassert not of_the_sdk()\n{BRIDGE}{OTHERS}")
    assert said == (
        "mcp is not laid out as expected (ModuleNotFoundError: No module named 'mcp.server.moved')"
    )


def test_a_module_that_is_more_than_passed_on_is_a_layout_that_differs() -> None:
    families = "lean_imports._HTTP = (*lean_imports._HTTP, 'mcp_types._wire_base')\n"
    families += "lean_imports._USED = (*lean_imports._USED, 'mcp_types._v2025_11_25')\n"
    families += "lean_imports._WIRE_TYPES = ()\n"
    said = told(f"{families}print(lean_imports.load())\n{BRIDGE}{OTHERS}")
    assert said.startswith("mcp is not laid out as expected (TypeError: ")


def test_a_process_that_has_loaded_the_sdk_keeps_it() -> None:
    said = told(f"import mcp\nprint(lean_imports.load())\nassert mcp.Client\n{BRIDGE}{OTHERS}")
    assert said == "mcp is loaded already"


def test_importing_signalpost_and_its_client_leaves_the_sdk_alone(tmp_path: Path) -> None:
    script = "import signalpost, signalpost.mcp_bridge.start\nsignalpost.connect\n"
    assert told(f"{script}print(*of_the_sdk())\n{OTHERS}") == ""


def test_others_in_the_process_have_all_of_the_sdk_when_they_ask_for_it() -> None:
    assert told(f"assert not lean_imports.load()\n{BRIDGE}{OTHERS}") == ""
