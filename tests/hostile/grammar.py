"""Requests that are wrong in one place, or in several: for any rule of the route map, and deep at those we know.

A request begins as one that would be answered well and is then spoiled. A rule that nobody has written a
beginning for gets one from the form on its page and from the names that other routes know, so a new route is
attacked from the day it is there.
"""

import json
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from werkzeug.routing import Rule

from tests.hostile.forgeries import forged
from tests.hostile.stage import API, Stage, fields_of
from tests.hostile.values import FORM, LENGTHS, Pair, bodies, headers, mutated, spelled, texts
from tests.hostile.wire import Sent
from tests.support.provider import CALLBACK, PASSWORD, VERIFIER, request_parameters

METHODS = (
    "GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND", "get", "Post", "X",
    "PURGE", "M-SEARCH",
)  # fmt: skip
_JWTS = ("access_token", "id_token", "userinfo_token", "machine_token")
_NAMES = (
    "request", "next", "confirm", "switch", "search", "after", "before", "client_id", "redirect_uri", "scope", "state",
    "token", "token_type_hint", "grant_type", "code", "refresh_token", "id_token_hint", "post_logout_redirect_uri",
    "prompt", "max_age", "claims", "ui_locales", "resource", "response_mode", "request_uri", "access_token", "csrf_token",
    "logout_hint", "client_assertion", "client_assertion_type", "client_secret", "acr_values", "login_hint", "id", "_method",
    "decision", "_external", "_anchor", "_scheme", "endpoint", "values",
)  # fmt: skip


@dataclass(frozen=True)
class Draft:
    """A request before it is written down."""

    method: str
    path: str
    query: tuple[Pair, ...] = ()
    form: tuple[Pair, ...] = ()
    headers: tuple[Pair, ...] = ()
    cookie: str = field(default="", repr=False)


def basic(client_id: str, secret: str) -> Pair:
    pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}".encode()
    return "Authorization", f"Basic {b64encode(pair).decode()}"


def token_forms(stage: Stage) -> dict[str, tuple[Pair, ...]]:
    """Return the token requests that would be answered well, by grant type."""
    alive = stage.alive
    return {
        "code": (
            ("grant_type", "authorization_code"), ("code", alive["code"]), ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER), ("resource", API),
        ),
        "refresh": (("grant_type", "refresh_token"), ("refresh_token", alive["refresh_token"]), ("scope", "openid")),
        "machine": (("grant_type", "client_credentials"), ("scope", "api.read"), ("resource", API)),
    }  # fmt: skip


def known(stage: Stage, persona: str) -> dict[str, list[Draft]]:
    """Return good requests of those rules whose parameters no page tells, by rule."""
    alive, forms = stage.alive, token_forms(stage)
    app, machine = basic("app", alive["app_secret"]), basic("machine", alive["machine_secret"])
    asked = tuple(request_parameters(prompt="login consent", max_age="60", claims="{}").items())
    pending = alive[f"pending_{persona}"]
    blob = (("request", alive.get(f"consent_{persona}", pending)),)
    csrf = ("csrf_token", stage.personas[persona].csrf_token)
    post_auth = (("client_id", "posting"), ("client_secret", alive["posting_secret"]))
    bearer = ("Authorization", f"Bearer {alive['userinfo_token']}")
    typed = (csrf, ("username", "ada"), ("password", PASSWORD))
    hint = (
        ("id_token_hint", alive["id_token"]),
        ("post_logout_redirect_uri", "https://app.example/out"),
    )
    return {
        "/token": [
            Draft("POST", "/token", form=forms["code"], headers=(app,)),
            Draft("POST", "/token", form=forms["refresh"], headers=(app,)),
            Draft("POST", "/token", form=forms["machine"], headers=(machine,)),
            Draft("POST", "/token", form=(*forms["code"], *post_auth)),
        ],
        "/introspect": [
            Draft("POST", "/introspect", form=(("token", alive[name]),), headers=(app,))
            for name in ("access_token", "refresh_token")
        ],
        "/revoke": [Draft("POST", "/revoke", form=(("token", alive["refresh_token"]),), headers=(app,))],
        "/userinfo": [
            Draft("GET", "/userinfo", headers=(bearer,)),
            Draft("POST", "/userinfo", form=(("access_token", alive["userinfo_token"]),)),
        ],
        "/authorize": [Draft("GET", "/authorize", query=asked), Draft("POST", "/authorize", form=asked)],
        "/authorize/continue": [Draft("GET", "/authorize/continue", query=blob)],
        "/end_session": [
            Draft("GET", "/end_session", query=hint),
            Draft("POST", "/end_session", form=hint),
            Draft("POST", "/end_session", form=(csrf, ("request", pending))),
        ],
        "/login": [
            Draft("GET", "/login", query=(("request", pending),)),
            Draft("POST", "/login", query=(("request", pending),), form=typed),
            Draft("POST", "/login", query=(("next", "/console"), ("switch", "1")), form=typed),
        ],
        "/consent": [Draft("GET", "/consent", query=blob), Draft("POST", "/consent", query=blob, form=(csrf, ("decision", "allow")))],
        "/select-account": [Draft("POST", "/select-account", query=blob, form=(csrf, ("decision", "continue")))],
        "/set-up": [Draft("GET", "/set-up", query=(("token", alive["set_up_token"]),))],
        "/metrics": [Draft("GET", "/metrics", headers=(("Authorization", f"Bearer {alive['metrics_token']}"),))],
    }  # fmt: skip


def path_of(rule: Rule, identifier: Callable[[str], str]) -> str:
    """Return a path for ``rule``; ``identifier`` chooses each variable part, as it stands in the path."""
    parts = (
        part if not is_dynamic else identifier(part)
        for is_dynamic, part in rule._trace  # the only place where werkzeug keeps them apart
        if part != "|"
    )
    return "".join(parts)


def beginnings(stage: Stage, rule: Rule, persona: str, path: str) -> list[Draft]:
    """Return requests to ``rule`` that are good, as far as can be known."""
    found = [replace(each, path=path) for each in known(stage, persona).get(rule.rule, ())]
    methods = rule.methods or set()
    if "GET" in methods:
        found.append(Draft("GET", path, headers=(("Accept", "text/html"),)))
    if "POST" in methods and not any(each.method == "POST" for each in found):
        names = fields_of(stage, path) if "GET" in methods and "/console" in path else ()
        values = {
            "csrf_token": stage.personas[persona].csrf_token,
            "scope": "openid",
            "client_name": "New",
        }
        values |= {
            "identifier": "https://other.example",
            "name": "N",
            "redirect_uris": CALLBACK,
            "username": "carl",
        }
        named = [
            (name, values.get(name, "")) for name in {"csrf_token": None, **dict.fromkeys(names)}
        ]
        found.append(Draft("POST", path, form=tuple(named)))
    return found or [Draft("GET", path)]


@st.composite
def requests_to(draw: DrawFn, stage: Stage, rule: Rule) -> Sent:
    """Draw a request to ``rule``: a good one, spoiled in up to three places."""
    persona = stage.personas[draw(st.sampled_from(("nobody", "admin", "admin", "person")))]
    alive = [*stage.alive.values(), *stage.ids]
    text = texts(alive)

    def identifier(_: str) -> str:
        genuine = draw(st.sampled_from(stage.ids))
        return quote(
            draw(st.one_of(st.just(genuine), st.just(genuine), mutated(genuine), text)),
            safe="/.~",
            errors="surrogatepass",
        )

    path = path_of(rule, identifier)
    draft = draw(st.sampled_from(beginnings(stage, rule, persona.name, path)))
    draft = replace(draft, cookie=draw(st.sampled_from((persona.cookie,) * 6 + ("",))))
    for _ in range(draw(st.integers(1, 3))):
        draft = draw(st.sampled_from(_SPOILERS))(draw, draft, stage, text)
    return draw(written(draft))


@st.composite
def written(draw: DrawFn, draft: Draft) -> Sent:
    """Draw how ``draft`` stands on the wire."""
    query = draw(spelled(draft.query)) if draft.query else b""
    fixed = [*draft.headers, *([("Cookie", draft.cookie)] if draft.cookie else [])]
    if draft.method in {"GET", "HEAD"} and not draft.form:
        return Sent(draft.method, draft.path, query, tuple(fixed))
    choice = draw(st.integers(0, 9))
    if choice < 6:
        kind, body = FORM, urlencode(draft.form, errors="surrogatepass").encode()
    elif choice < 8:
        kind, body = FORM, draw(spelled(draft.form))
    else:
        kind, body = draw(bodies(draft.form))
    announced = draw(LENGTHS) if draw(st.integers(0, 9)) == 0 else "exact"
    return Sent(draft.method, draft.path, query, (("Content-Type", kind), *fixed), body, announced)


def _value(draw: DrawFn, draft: Draft, stage: Stage, text: Any) -> Draft:
    """Replace one value by another, or by something nearly the same."""
    where = "form" if draft.form and (not draft.query or draw(st.booleans())) else "query"
    pairs = list(getattr(draft, where))
    if not pairs:
        return _added(draw, draft, stage, text)
    place = draw(st.integers(0, len(pairs) - 1))
    name, value = pairs[place]
    pairs[place] = (name, draw(st.one_of(text, mutated(value), _jwt(stage))))
    return replace(draft, **{where: tuple(pairs)})


def _jwt(stage: Stage) -> st.SearchStrategy[str]:
    keys = _public_keys(stage)
    return st.sampled_from(_JWTS).flatmap(lambda name: forged(stage.alive[name], keys))


def _public_keys(stage: Stage) -> tuple[bytes, ...]:
    if "jwks" not in stage.fields:
        answer = stage.provider.app.test_client().get("/.well-known/jwks.json")
        stage.fields["jwks"] = (answer.text, *(json.dumps(each) for each in answer.json["keys"]))
    return (b"", *(text.encode() for text in stage.fields["jwks"]))


def _added(draw: DrawFn, draft: Draft, _: Stage, text: Any) -> Draft:
    pair = (draw(st.one_of(st.sampled_from(_NAMES), text)), draw(text))
    if draft.method == "POST" and draw(st.booleans()):
        return replace(draft, form=(*draft.form, pair))
    return replace(draft, query=(*draft.query, pair))


def _structure(draw: DrawFn, draft: Draft, _: Stage, __: Any) -> Draft:
    where = "form" if draft.form and (not draft.query or draw(st.booleans())) else "query"
    pairs: Sequence[Pair] = getattr(draft, where)
    if not pairs:
        return draft
    place = draw(st.integers(0, len(pairs) - 1))
    name, value = pairs[place]
    rest = (*pairs[:place], *pairs[place + 1 :])
    changed = draw(st.sampled_from((
        rest, (*pairs, pairs[place]), (*rest, (name.upper(), value)), (*rest, (f"{name}[]", value)), (), pairs[::-1],
        (*rest, (name, "")), (*pairs, (name, "other")), (*rest, (f" {name}", value)), (*rest, (value, name)),
    )))  # fmt: skip
    return replace(draft, **{where: tuple(changed)})


def _method(draw: DrawFn, draft: Draft, _: Stage, __: Any) -> Draft:
    return replace(draft, method=draw(st.sampled_from(METHODS)))


def _header(draw: DrawFn, draft: Draft, stage: Stage, _: Any) -> Draft:
    bearer = _jwt(stage).map(lambda token: ("Authorization", f"Bearer {token}"))
    return replace(draft, headers=(*draft.headers, draw(st.one_of(headers(), headers(), bearer))))


def _cookie(draw: DrawFn, draft: Draft, stage: Stage, _: Any) -> Draft:
    others = [stage.personas[name].cookie for name in stage.personas]
    strange = st.sampled_from([each for each in (*others, draft.cookie) if each])
    mixed = st.tuples(strange, strange).map("; ".join)
    return replace(draft, cookie=draw(st.one_of(strange.flatmap(mutated), mixed, strange)))


def _path(draw: DrawFn, draft: Draft, _: Stage, __: Any) -> Draft:
    path = draft.path
    return replace(draft, path=draw(st.sampled_from((
        f"{path}/", f"/{path}", f"{path}//", f"{path}/..", f"{path}/.", f"{path}%00", f"{path};a=b", f"{path}%20", f"{path}%2f", path.upper(),
        f"{path}/%2e%2e/%2e%2e/etc/passwd", f"{path}%ff", f"{path}/{'a/' * 2000}", path.replace("/", "\\"), "*", "", f"{path}%0d%0aX-Injected:1",
    ))))  # fmt: skip


_SPOILERS = (_value, _value, _value, _value, _added, _added, _structure, _structure, _header, _header, _cookie, _method, _path)  # fmt: skip


def plain(draft: Draft, method: str, *, cookie: str = "") -> Sent:
    """Return ``draft`` as it stands on the wire when nothing is wrong but perhaps the method."""
    body = urlencode(draft.form).encode()
    kept = [*draft.headers, *([("Cookie", cookie)] if cookie else [])]
    kind = [("Content-Type", FORM)] if draft.form else []
    return Sent(method, draft.path, urlencode(draft.query).encode(), (*kind, *kept), body)
