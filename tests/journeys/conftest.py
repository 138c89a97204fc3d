"""What a journey starts with: a running server on each database, browsers, and an application's callback."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from typing import Any

import pytest

from tests.support import databases
from tests.support.browser import Window, chromium_running, window
from tests.support.plain_browser import PlainBrowser
from tests.support.relying_party import RelyingParty, listening
from tests.support.server import COMMAND_LINE, Server

OpenWindow = Callable[..., AbstractContextManager[Window]]


@pytest.fixture(scope="session")
def running(tmp_path_factory) -> Iterator[Callable[[str], Server]]:
    """Give the server of this run on a database; the first who asks starts it."""
    servers: dict[str, Server] = {}
    with ExitStack() as stack:
        stack.callback(COMMAND_LINE.close)

        def on(engine: str) -> Server:
            if engine not in servers:
                database = stack.enter_context(databases.fresh(engine))
                server = Server(tmp_path_factory.mktemp(engine), database).start()
                stack.callback(server.stop)
                servers[engine] = server
            return servers[engine]

        yield on


@pytest.fixture(
    params=[databases.SQLITE, pytest.param(databases.POSTGRESQL, marks=pytest.mark.postgresql)]
)
def database(request) -> str:
    """Name the database engine of this test; every test runs on both."""
    engine: str = request.param
    return engine


@pytest.fixture
def server(running, database) -> Server:
    """The server that tests share."""
    shared: Server = running(database)
    return shared


@pytest.fixture
def sqlite_server(running) -> Server:
    """The shared server on SQLite, for what no database can change."""
    shared: Server = running(databases.SQLITE)
    return shared


@pytest.fixture
def own_server(tmp_path, database) -> Iterator[Callable[..., Server]]:
    """Make installations that belong to this test alone; all of them share one folder and database."""
    made: list[Server] = []
    with databases.fresh(database) as fresh:

        def make(**settings: Any) -> Server:
            made.append(Server(tmp_path, fresh, settings=settings))
            return made[-1]

        yield make
        for each in made:
            each.kill_if_running()


@pytest.fixture(scope="session")
def _listener() -> Iterator[RelyingParty]:
    with listening() as party:
        yield party


@pytest.fixture
def relying_party(_listener) -> RelyingParty:
    """The application's callback."""
    _listener.forget()
    party: RelyingParty = _listener
    return party


@pytest.fixture
def new_browser_on() -> Iterator[Callable[[Server], PlainBrowser]]:
    """Open browsers without a window, on whichever server."""
    with ExitStack() as stack:

        def opened(server: Server) -> PlainBrowser:
            browser = PlainBrowser(server.issuer)
            stack.callback(browser.close)
            return browser

        yield opened


@pytest.fixture
def new_browser(server, new_browser_on) -> Callable[[], PlainBrowser]:
    """Open browsers without a window, on the shared server."""
    return partial(new_browser_on, server)


@pytest.fixture
def browser(new_browser) -> PlainBrowser:
    """One browser without a window."""
    opened: PlainBrowser = new_browser()
    return opened


@pytest.fixture(scope="session")
def _chromium() -> Iterator[Any]:
    with chromium_running() as browser:
        yield browser


@pytest.fixture
def open_window(_chromium, relying_party) -> OpenWindow:
    """Open a window of Chromium on a server: ``with open_window(server, look="dark") as window``."""

    def opened(server: Server, *, look: str = "light") -> AbstractContextManager[Window]:
        return window(_chromium, look, origins=(server.issuer, relying_party.origin))

    return opened
