"""What every test finds prepared."""

pytest_plugins = ["tests.support.requirements"]
