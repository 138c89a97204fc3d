"""A peer beside Signet: panva's oidc-provider for Node.js, at the version that the lock file names."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from secrets import token_urlsafe

from processes import Command, Program, ProgramError, free_port
from subject import API, API_SCOPE, DISCOVERY, REDIRECT_URI, Credentials, Endpoints, Subject

NAMES = ("oidc-provider",)
_FOLDER = Path(__file__).with_name("peers") / "oidc-provider"
_ENDPOINTS = Endpoints("/jwks", "/auth", "/token", "/token/introspection", "/me")


def start(folder: Path) -> Subject:
    """Install it if need be, and start it."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise ProgramError("node and npm are missing (Debian: nodejs, npm)")
    _install(npm)
    port = free_port()
    app, machine = (Credentials(name, token_urlsafe(32)) for name in ("app", "machine"))
    what = {
        "port": port,
        "app": {"clientId": app.name, "secret": app.secret},
        "machine": {"clientId": machine.name, "secret": machine.secret},
        "redirectUri": REDIRECT_URI,
        "api": API,
        "scope": API_SCOPE,
        "cookieKey": token_urlsafe(32),
    }
    environment = {**os.environ, "NODE_ENV": "production", "BENCH_PEER": json.dumps(what)}
    command = Command((node, _FOLDER / "server.mjs"), folder, environment, port)
    version = json.loads((_FOLDER / "package.json").read_text())["dependencies"]["oidc-provider"]
    return Subject(
        name="oidc-provider",
        port=port,
        program=Program(command, ask=DISCOVERY),
        endpoints=_ENDPOINTS,
        app=app,
        machine=machine,
        scope=f"openid profile email {API_SCOPE}",
        jwt_parameters={"resource": API},
        remarks=(f"{version}, one process, state in memory, access tokens for UserInfo opaque",),
    )


def _install(npm: str) -> None:
    installed = _FOLDER / "node_modules" / ".package-lock.json"
    locked = _FOLDER / "package-lock.json"
    if installed.exists() and installed.stat().st_mtime >= locked.stat().st_mtime:
        return
    subprocess.run(
        [npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=_FOLDER, check=True
    )
