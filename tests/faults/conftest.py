"""What a fault is done to: servers on either database, a PostgreSQL that may be hurt, and their clients."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from tests.support import cast, cluster, databases, flows
from tests.support.cast import Application, Person
from tests.support.cluster import Cluster
from tests.support.mortal_server import MortalServer, eventually
from tests.support.plain_browser import PlainBrowser
from tests.support.requirements import required
from tests.support.server import COMMAND_LINE

# Nobody listens there: the browsers of these tests stop when they are sent to it.
CALLBACK = "http://127.0.0.1:9/callback"


@dataclass(frozen=True)
class Household:
    """A server with an application that asks nobody, and somebody who is signed in at it."""

    server: MortalServer
    application: Application
    person: Person
    browser: PlainBrowser

    def code(self, browser: PlainBrowser | None = None) -> dict[str, str]:
        """Return the form that redeems a new code."""
        asked = flows.asked(self.server, self.application, scope="openid offline_access")
        page = flows.go_through(browser or self.browser, asked.url, self.person)
        self.server.secrets.add(page.answer["code"])
        return flows.redemption(self.application, asked, page.answer["code"])

    def tokens(self) -> dict[str, Any]:
        """Return the tokens of a new grant."""
        answer = self.send(self.code())
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.json()
        self.server.secrets.update((tokens["access_token"], tokens["refresh_token"]))
        return tokens

    def send(self, form: dict[str, str], **options: Any) -> requests.Response:
        """Send ``form`` to the token endpoint."""
        return flows.token(self.server, self.application, form, **options)

    def refresh(self, token: str, **options: Any) -> requests.Response:
        """Present a refresh token."""
        return self.send({"grant_type": "refresh_token", "refresh_token": token}, **options)

    def grants(self) -> list[Any]:
        """Return every grant of the application, as the database holds it."""
        return self.server.rows(
            "SELECT id, generation, redeemed_at, revoked_reason FROM grants"
            " WHERE client_id = :client ORDER BY created_at",
            client=self.application.client_id,
        )


@pytest.fixture(scope="session", autouse=True)
def _command_line() -> Iterator[None]:
    yield
    COMMAND_LINE.close()


@pytest.fixture(
    params=[databases.SQLITE, pytest.param(databases.POSTGRESQL, marks=pytest.mark.postgresql)]
)
def database(request) -> str:
    """Name the database engine of this test; every test runs on both."""
    engine: str = request.param
    return engine


@pytest.fixture
def new_server(tmp_path, database) -> Iterator[Callable[..., MortalServer]]:
    """Make installations on one folder and one empty database."""
    made: list[MortalServer] = []
    with databases.fresh(database) as fresh:

        def make(**settings: Any) -> MortalServer:
            made.append(MortalServer(tmp_path, fresh, settings=settings))
            return made[-1]

        yield make
        for each in made:
            each.kill_if_running()


@pytest.fixture(scope="session")
def new_household() -> Iterator[Callable[[MortalServer], Household]]:
    """Let an application and a person move in at a server that runs."""
    with ExitStack() as stack:

        def settle(server: MortalServer) -> Household:
            browser = PlainBrowser(server.issuer)
            stack.callback(browser.close)
            household = Household(
                server,
                cast.new_application(server, CALLBACK, "--skip-consent"),
                cast.person(server),
                browser,
            )
            household.tokens()
            return household

        yield settle


@pytest.fixture(scope="session")
def _servers(tmp_path_factory) -> Iterator[Callable[[str], MortalServer]]:
    servers: dict[str, MortalServer] = {}
    with ExitStack() as stack:

        def on(engine: str) -> MortalServer:
            if engine not in servers:
                fresh = stack.enter_context(databases.fresh(engine))
                servers[engine] = MortalServer(tmp_path_factory.mktemp(engine), fresh)
                stack.callback(servers[engine].kill_if_running)
                servers[engine].start()
            return servers[engine]

        yield on
        for server in servers.values():
            server.stop_after_faults()


@pytest.fixture
def household(_servers, database, new_household) -> Iterator[Household]:
    """Somebody signed in and an application that asks nobody, at a server that survives every test."""
    settled: Household = new_household(_servers(database))
    yield settled
    assert settled.server.is_sound()
    eventually(lambda: settled.server.get("/readyz").status_code == 200)


@pytest.fixture(scope="session")
def _cluster() -> Iterator[Cluster]:
    programs = cluster.programs()
    if programs is None:
        reason = "the programs of PostgreSQL are not installed (Debian: apt install postgresql)"
        if "postgresql" in required():
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    with cluster.running(programs) as made:
        yield made


@pytest.fixture
def postgresql(_cluster, tmp_path, new_household) -> Iterator[tuple[Cluster, Household]]:
    """A PostgreSQL that this test may hurt, and a household whose server rests on it."""
    server = MortalServer(tmp_path, _cluster.new_database())
    try:
        yield _cluster, new_household(server.start())
    finally:
        server.kill_if_running()
