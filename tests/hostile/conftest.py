"""Who is attacked: one installation a run and database, put back after every request."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
import structlog
from hypothesis import HealthCheck, settings

from app.core import clock, logging
from tests.hostile import stage as stages
from tests.hostile.stage import Stage
from tests.support import databases
from tests.support import provider as providers

# SIGNET_FUZZ_EXAMPLES=5000 makes a long run; each rule of the route map gets so many requests.
EXAMPLES = int(os.environ.get("SIGNET_FUZZ_EXAMPLES", "20"))
settings.register_profile(
    "hostile",
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=False,
    # An example is not worth keeping: keys and tokens are others in the next run.
    database=None,
    print_blob=True,
    # The installation is put back before every example.
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.function_scoped_fixture,
    ],
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give a long run the time it needs."""
    for item in items:
        if "tests/hostile/test_routes" in item.nodeid:
            item.add_marker(pytest.mark.timeout(100 + EXAMPLES))


@pytest.fixture(scope="session")
def _stages(tmp_path_factory) -> Iterator[Callable[[str], Stage]]:
    made: dict[str, Stage] = {}
    with ExitStack() as stack:

        def on(engine: str) -> Stage:
            if engine not in made:
                database = stack.enter_context(databases.fresh(engine))
                environment = {
                    name.removeprefix("SIGNET_"): value for name, value in database.settings.items()
                }
                made[engine] = stages.build(tmp_path_factory.mktemp(engine), **environment)
                stack.callback(providers.dispose, made[engine].provider)
            return made[engine]

        yield on


@pytest.fixture(
    params=[databases.SQLITE, pytest.param(databases.POSTGRESQL, marks=pytest.mark.postgresql)]
)
def stage(request, _stages) -> Iterator[Stage]:
    """The installation, as if nobody had touched it; PostgreSQL is pickier about what it is given."""
    prepared: Stage = _stages(request.param)
    provider = prepared.provider
    clock.use(lambda: provider.at)
    logging.configure(provider.app.extensions["signet.settings"])
    prepared.restore()
    yield prepared
    prepared.restore()
    clock.use(None)
    structlog.contextvars.clear_contextvars()
