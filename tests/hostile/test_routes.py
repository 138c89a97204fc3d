"""Every route, taken from the route map, answers whatever is thrown at it: no failure, no delay, nothing told."""

from functools import cache
from urllib.parse import quote

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.routing import Rule

from app.web import routes
from tests.hostile import grammar
from tests.hostile.invariants import CONSTANT_PATHS, check
from tests.hostile.wire import deliver

# What Hypothesis cannot show in short must not hide what it has found.
pytestmark = pytest.mark.filterwarnings("error", "ignore:Generating overly large repr")
_CONSTANT = [Rule(path, methods=["GET", "HEAD", "OPTIONS"]) for path in sorted(CONSTANT_PATHS)]


@cache
def _rules() -> dict[str, Rule]:
    # The map alone: making the whole application would need keys and a database while tests are collected.
    bare = Flask("app", static_folder="web/static", static_url_path="/static")
    routes.register(bare)
    for rule in _CONSTANT:
        bare.url_map.add(rule)
    return {
        f"{rule.rule} {'POST' if 'POST' in rule.methods else 'GET'}": rule
        for rule in bare.url_map.iter_rules()
    }


EVERY_RULE = pytest.mark.parametrize("name", sorted(_rules()))


def test_every_route_of_the_application_is_attacked(stage):
    mapped = {rule.rule for rule in stage.provider.app.url_map.iter_rules()}
    assert mapped | CONSTANT_PATHS == {rule.rule for rule in _rules().values()}


@EVERY_RULE
@settings(settings.get_profile("hostile"))
@given(data=st.data())
def test_no_request_makes_a_route_fail_or_wait_or_tell(stage, name, data):
    stage.restore()
    sent = data.draw(grammar.requests_to(stage, _rules()[name]))
    check(sent, deliver(stage.provider.app, sent))


@EVERY_RULE
def test_every_method_is_answered_with_and_without_a_session(stage, name):
    rule = _rules()[name]
    path = grammar.path_of(rule, lambda _: quote(stage.ids[0]))
    for persona in stage.personas:
        for draft in grammar.beginnings(stage, rule, persona, path):
            for method in grammar.METHODS:
                stage.restore()
                sent = grammar.plain(draft, method, cookie=stage.personas[persona].cookie)
                check(sent, deliver(stage.provider.app, sent))
