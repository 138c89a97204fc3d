"""The rows of the table: what is asked of a provider, and how much of it must at least be answered."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlencode

import load
import sign_in
from load import Load, LoadError, Script
from processes import HOST
from sign_in import Browser
from subject import DISCOVERY, REDIRECT_URI, Subject
from wire import FORM, Connection

# Rows that spend what others made need more of it than can be spent, as a share of the signing rate.
_CODES_A_SIGNATURE = 0.5
_REFRESH_TOKENS = 64
_MOST_ROUNDS = 20


@dataclass(frozen=True)
class Plan:
    """How it is measured. ``rsa_signatures`` is the rate of one core."""

    seconds: float
    connections: int
    rsa_signatures: float
    folder: Path


@dataclass(frozen=True)
class Session:
    """A provider with somebody signed in: what the rows ask with."""

    subject: Subject
    plan: Plan
    cookies: str
    access_token: str
    refresh_tokens: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """One row. ``least`` and ``aim`` are ratios, to the signing rate or to the Argon2 rate."""

    name: str
    measure: Callable[[Session], Load]
    least: float | None = None
    aim: float | None = None
    against: str = "rsa"


def prepare(subject: Subject, plan: Plan) -> Session:
    """Sign somebody in, and get the tokens that the rows need."""
    connection = Connection(HOST, subject.port)
    browser = Browser(subject, connection)
    person = subject.people[0] if subject.people else None
    for_api = sign_in.authorization_path(subject, subject.jwt_parameters)
    parameters = sign_in.exchange_parameters(subject)
    refresh_tokens = []
    # More than there are connections: each request waits for none of those under way.
    for _ in range(max(_REFRESH_TOKENS, 2 * plan.connections)):
        code = browser.sign_in(for_api, person)
        refresh_tokens.append(
            sign_in.redeem(subject, connection, code, parameters)["refresh_token"]
        )
    code = browser.sign_in(sign_in.authorization_path(subject), person)
    for_userinfo = urlencode(
        {
            "grant_type": "authorization_code",
            "redirect_uri": REDIRECT_URI,
            "code_verifier": sign_in.VERIFIER,
        }
    )
    tokens = sign_in.redeem(subject, connection, code, for_userinfo)
    connection.close()
    return Session(subject, plan, browser.cookies, tokens["access_token"], tuple(refresh_tokens))


def _same(session: Session, path: str, *headers: str, body: str | None = None) -> Load:
    """Send one request again and again; what it is answered is looked at before and after."""
    plan, subject = session.plan, session.subject
    form = [] if body is None else [f"Content-Type={FORM}"]
    method = "GET" if body is None else "POST"
    script = Script("same", [method, body or "-", *headers, *form])
    _look(subject, path, headers, body)
    load.run(script, subject.url + path, seconds=1, connections=plan.connections)
    measured = _run(session, script, path)
    _look(subject, path, headers, body)
    return measured


def _run(session: Session, script: Script, path: str) -> Load:
    plan, url = session.plan, session.subject.url + path
    return _metered(
        session,
        lambda: load.run(script, url, seconds=plan.seconds, connections=plan.connections),
    )


def _metered(session: Session, measure: Callable[[], Load]) -> Load:
    program = session.subject.program
    before = program.cpu_seconds()
    measured = measure()
    after = program.cpu_seconds()
    spent = [used - before.get(pid, 0.0) for pid, used in after.items()]
    return replace(measured, server_cpu=sum(spent), busiest_cpu=max(spent))


def _look(subject: Subject, path: str, headers: tuple[str, ...], body: str | None) -> None:
    connection = Connection(HOST, subject.port)
    parted = [(name, value) for name, _, value in (each.partition("=") for each in headers)]
    answer = connection.request("GET" if body is None else "POST", path, parted, body)
    connection.close()
    told = json.loads(answer.body)
    if answer.status != 200 or told.get("active") is False:
        raise LoadError(f"{path}: {answer.status} {answer.body.decode()}")


def _jwks(session: Session) -> Load:
    return _same(session, session.subject.endpoints.jwks)


def _discovery(session: Session) -> Load:
    return _same(session, DISCOVERY)


def _client_credentials(session: Session) -> Load:
    subject = session.subject
    basic = f"Authorization={subject.machine.basic}"
    return _same(session, subject.endpoints.token, basic, body="grant_type=client_credentials")


def _introspection(session: Session) -> Load:
    subject = session.subject
    basic = f"Authorization={subject.app.basic}"
    body = urlencode({"token": session.access_token})
    return _same(session, subject.endpoints.introspect, basic, body=body)


def _userinfo(session: Session) -> Load:
    bearer = f"Authorization=Bearer {session.access_token}"
    return _same(session, session.subject.endpoints.userinfo, bearer)


def _refresh(session: Session) -> Load:
    subject, plan = session.subject, session.plan
    file = plan.folder / "refresh_tokens"
    file.write_text("".join(f"{token}\n" for token in session.refresh_tokens))
    parameters = urlencode({"grant_type": "refresh_token", **subject.jwt_parameters})
    script = Script("refresh", [str(file), subject.app.basic, parameters])
    return _run(session, script, subject.endpoints.token)


def _authorization(session: Session) -> Load:
    return _collect(session, session.plan.folder / "codes_not_redeemed")


def _collect(session: Session, file: Path) -> Load:
    subject = session.subject
    path = sign_in.authorization_path(subject, subject.jwt_parameters)
    script = Script("codes", [str(file), session.cookies])
    return _run(session, script, path)


def collect_codes(session: Session) -> Path:
    """Return a file with more codes than can be redeemed in the time of a row."""
    file = session.plan.folder / "codes"
    wanted = session.plan.rsa_signatures * _CODES_A_SIGNATURE * session.plan.seconds
    collected = 0
    for _ in range(_MOST_ROUNDS):
        collected += _collect(session, file).answers
        if collected > wanted:
            break
    return file


def _exchange(session: Session) -> Load:
    subject, plan = session.subject, session.plan
    file = plan.folder / "codes"
    script = Script(
        "exchange", [str(file), subject.app.basic, sign_in.exchange_parameters(subject)]
    )
    return _run(session, script, subject.endpoints.token)


def _sign_in(session: Session) -> Load:
    subject, plan = session.subject, session.plan
    return _metered(
        session,
        lambda: sign_in.storm(subject, seconds=plan.seconds, threads=plan.connections),
    )


CODE_EXCHANGE = "code exchange"
SIGN_IN = "sign-in"
ROWS = (
    Row("JWKS", _jwks, 3.5, 6),
    Row("discovery", _discovery, 3.5, 6),
    Row("client_credentials", _client_credentials, 0.75, 0.95),
    Row("refresh", _refresh, 0.30, 0.45),
    Row("authorization", _authorization),
    Row(CODE_EXCHANGE, _exchange, 0.28, 0.40),
    Row("introspection", _introspection, 0.9, 2.0),
    Row("userinfo", _userinfo, 0.9, 2.0),
    Row(SIGN_IN, _sign_in, 0.7, 0.9, "argon2"),
)
