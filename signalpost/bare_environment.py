"""Which variables a client with a bare environment should pass on to its servers. Pure.

Names only: a value in a client's configuration would be stale one day, and might be a secret.
"""

from __future__ import annotations

from collections.abc import Mapping

WORTH = [
    "JAVA_HOME",
    "JDK_HOME",
    "GRADLE_USER_HOME",
    "GRADLE_OPTS",
    "MAVEN_OPTS",
    "ANDROID_HOME",
    "ANDROID_SDK_ROOT",
    "ANDROID_NDK_HOME",
    "GOPATH",
    "GOROOT",
    "GOFLAGS",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "PYENV_ROOT",
    "PYTHONPATH",
    "UV_CACHE_DIR",
    "NVM_DIR",
    "NVM_BIN",
    "VOLTA_HOME",
    "FNM_DIR",
    "PNPM_HOME",
    "NODE_OPTIONS",
    "SDKMAN_DIR",
    "ASDF_DIR",
    "ASDF_DATA_DIR",
    "RBENV_ROOT",
    "GEM_HOME",
    "BUNDLE_PATH",
    "DOTNET_ROOT",
    "CMAKE_PREFIX_PATH",
    "CC",
    "CXX",
    "CFLAGS",
    "CXXFLAGS",
    "LDFLAGS",
    "LD_LIBRARY_PATH",
    "PKG_CONFIG_PATH",
    "CCACHE_DIR",
    "SCCACHE_DIR",
    "DOCKER_HOST",
    "DOCKER_CONFIG",
    "KUBECONFIG",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "SSH_AUTH_SOCK",
    "GNUPGHOME",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XDG_RUNTIME_DIR",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "CI",
]
NAMES_AGENT = "SIGNALPOST_AGENT"
"""Passed on whether it is set or not: `signalpost pty` sets it for one session."""
_OF_THE_SDK = ("HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER")
PASSES = {
    "codex": ("HOME", "LANG", "PATH", "SHELL", "TERM", "TMPDIR", "USER"),
    "claude-desktop": _OF_THE_SDK,
    "cline": _OF_THE_SDK,
}
"""What clients with a bare environment give a server by themselves, and nothing else."""


def worth_passing(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of what is set and what builds ask for."""
    return tuple(name for name in WORTH if environment.get(name))
