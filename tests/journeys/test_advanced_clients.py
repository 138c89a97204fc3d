"""What openid-client, oauth4webapi and jose of npm make of everything beyond the plain code flow."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from tests.support import (
    cast,
    certificates,
    databases,
    flows,
    logout_listener,
    node,
    open_installation,
)
from tests.support.cast import Person
from tests.support.certificates import Wanted, self_signed
from tests.support.client_keys import ClientKey, jwks, key
from tests.support.open_installation import Open
from tests.support.plain_browser import PlainBrowser
from tests.support.server import Server

pytestmark = [pytest.mark.node, pytest.mark.server, pytest.mark.xdist_group("advanced_clients")]

_CERTIFIED = "CN=machine,O=Example"
# What the libraries sign with, and the name under which a client registers it.
_ALGORITHMS = ("ES256", "PS256", "RS256", "Ed25519", "EdDSA")


@pytest.fixture(
    scope="module",
    params=[databases.SQLITE, pytest.param(databases.POSTGRESQL, marks=pytest.mark.postgresql)],
)
def installation(request, tmp_path_factory) -> Iterator[Open]:
    with open_installation.running(request.param, tmp_path_factory.mktemp("open")) as made:
        yield made


@pytest.fixture
def person(installation: Open) -> Person:
    return cast.person(installation.server)


@pytest.fixture
def browser(installation: Open, new_browser_on: Callable[[Server], PlainBrowser]) -> PlainBrowser:
    return new_browser_on(installation.server)


def signs_in(browser: PlainBrowser, person: Person, said: dict[str, Any]) -> dict[str, Any]:
    """Answer a script that asks where the browser comes out."""
    page = flows.go_through(browser, said["authorize"], person)
    return {"callback": page.left_for} if page.posted is None else {"form": page.posted}


@pytest.mark.spec("OpenID Connect Dynamic Client Registration 1.0", "3.2")
@pytest.mark.spec("RFC 7592", "2.1")
@pytest.mark.spec("RFC 7592", "2.2")
@pytest.mark.spec("RFC 7592", "2.3")
@pytest.mark.parametrize("policy", ["open", "with a token"])
def test_openid_client_registers_itself_and_manages_what_it_registered(
    installation: Open, browser: PlainBrowser, person: Person, policy: str
) -> None:
    token = None
    if policy == "with a token":
        made = installation.server.cli("registration-tokens", "create", "--note", "for the journey")
        token = next(value for value in made.values() if str(value).startswith("sgi_"))
        installation.server.secrets.add(token)
    given = installation.given(
        {"client_id": None}, metadata=installation.metadata(), initial_access_token=token
    )
    result = node.run("registration.mjs", given, answer=partial(signs_in, browser, person))

    assert result["claims"]["aud"] == result["registered"]["client_id"]
    assert result["read"]["status"] == result["replaced"]["status"] == 200
    assert result["read"]["body"]["client_name"] == "The Reading Room"
    assert result["replaced"]["body"]["client_name"] == "Another name"
    assert result["stale"]["status"] == 401
    assert result["removed"] == {"status": 204, "body": None}
    assert result["gone"]["status"] == 401


_WAYS = [
    (["pushed"], None),
    (["signed request"], None),
    (["signed answer"], None),
    (["signed answer"], "query.jwt"),
    (["signed answer"], "form_post.jwt"),
    (["pushed", "signed request", "signed answer"], None),
]


@pytest.mark.spec("RFC 9126", "2.1")
@pytest.mark.spec("RFC 9101", "5")
@pytest.mark.spec("JARM 1.0", "2.3.1")
@pytest.mark.parametrize(("ways", "mode"), _WAYS, ids=str)
def test_openid_client_pushes_and_signs_its_request_and_reads_a_signed_answer(
    installation: Open, browser: PlainBrowser, person: Person, ways: list[str], mode: str | None
) -> None:
    result = _requested(installation, browser, person, key("ES256"), ways=ways, response_mode=mode)
    expected = {"client_id"}
    if "pushed" in ways:
        expected |= {"request_uri"}
    elif "signed request" in ways:
        expected |= {"request"}
    else:
        expected |= {"response_mode", "scope", "state"}
    assert expected <= set(result["parameters"])
    assert result["claims"]["iss"] == installation.server.issuer


@pytest.mark.spec("RFC 9101", "4")
@pytest.mark.spec("RFC 7523", "3")
@pytest.mark.parametrize("algorithm", _ALGORITHMS)
def test_openid_client_signs_with_every_algorithm_and_reads_what_we_sign(
    installation: Open, browser: PlainBrowser, person: Person, algorithm: str
) -> None:
    signed_by = "EdDSA" if algorithm == "Ed25519" else algorithm
    _requested(
        installation, browser, person, key(algorithm), signed_by=signed_by,
        ways=["pushed", "signed request", "signed answer"],
    )  # fmt: skip


def _requested(
    installation: Open,
    browser: PlainBrowser,
    person: Person,
    signer: ClientKey,
    *,
    signed_by: str = "RS256",
    **more: Any,
) -> Any:
    registered = installation.register(
        token_endpoint_auth_method="private_key_jwt",
        token_endpoint_auth_signing_alg=signer.algorithm,
        request_object_signing_alg=signer.algorithm,
        id_token_signed_response_alg=signed_by,
        authorization_signed_response_alg=signed_by,
        jwks=jwks(signer),
    )
    own = {"key": signer.private_jwk(), "algorithm": signer.algorithm, "signed_by": signed_by}
    return node.run(
        "requests.mjs",
        installation.given(registered, **own, **more),
        answer=partial(signs_in, browser, person),
    )


@pytest.mark.spec("RFC 7523", "2.2")
@pytest.mark.spec("RFC 8705", "2.1")
@pytest.mark.spec("RFC 8705", "2.2")
@pytest.mark.parametrize(
    "method",
    ["private_key_jwt", "client_secret_jwt", "tls_client_auth", "self_signed_tls_client_auth"],
)
def test_openid_client_proves_itself_at_every_endpoint(installation: Open, method: str) -> None:
    signer, now = key("ES256"), datetime.now(UTC)
    more: dict[str, Any] = {"jwks": jwks(signer)}
    certificate = None
    if method == "tls_client_auth":
        more = {"tls_client_auth_subject_dn": _CERTIFIED}
        certificate = installation.authority.certify(signer, Wanted(subject=_CERTIFIED), now=now)
    elif method == "self_signed_tls_client_auth":
        certificate = self_signed(signer, now=now)
    registered = installation.register(
        token_endpoint_auth_method=method,
        grant_types=[
            "authorization_code",
            "client_credentials",
            "urn:ietf:params:oauth:grant-type:device_code",
        ],
        **more,
    )
    result = node.run(
        "authentication.mjs",
        installation.given(
            registered,
            method=method,
            key=signer.private_jwk(),
            algorithm=signer.algorithm,
            certificate=certificate and certificates.as_byte_sequence(certificate),
        ),
    )
    assert result["before"]["active"] is True
    assert result["after"] == {"active": False}
    assert result["user_code"]
    assert result["request_uri"].startswith("urn:ietf:params:oauth:request_uri:")


@pytest.mark.spec("RFC 7516", "5.1")
@pytest.mark.spec("OpenID Connect Core 1.0", "5.3.2")
@pytest.mark.parametrize("algorithm", ["RSA-OAEP-256", "ECDH-ES"])
@pytest.mark.parametrize("encryption", ["A128GCM", "A256GCM"])
def test_openid_client_opens_what_is_encrypted_for_it(
    installation: Open, browser: PlainBrowser, person: Person, algorithm: str, encryption: str
) -> None:
    recipient = key(algorithm)
    registered = installation.register(
        jwks=jwks(recipient),
        id_token_encrypted_response_alg=algorithm,
        id_token_encrypted_response_enc=encryption,
        userinfo_signed_response_alg="RS256",
        userinfo_encrypted_response_alg=algorithm,
        userinfo_encrypted_response_enc=encryption,
    )
    given = installation.given(
        registered, key=recipient.private_jwk(), algorithm=algorithm, encryption=encryption
    )
    result = node.run("encrypted.mjs", given, answer=partial(signs_in, browser, person))
    assert result["parts"] == 5
    assert result["claims"]["sub"] == result["userinfo"]["sub"] == person.id
    assert result["userinfo"]["email"] == person.email


@pytest.mark.spec("RFC 8628", "3.5")
def test_openid_client_waits_on_a_device_while_its_person_decides(
    installation: Open, browser: PlainBrowser, person: Person
) -> None:
    registered = installation.register(
        redirect_uris=[],
        token_endpoint_auth_method="none",
        grant_types=["urn:ietf:params:oauth:grant-type:device_code"],
        response_types=[],
    )

    def decides(said: dict[str, Any]) -> dict[str, Any]:
        page = browser.open(said["complete"])
        if page.has("login-submit"):
            page = browser.submit(
                page, "login-submit", username=person.username, password=person.password
            )
        if page.has("device-continue"):
            page = browser.submit(page, "device-continue")
        assert said["code"] in page.body
        browser.submit(page, "device-allow")
        return {}

    result = node.run("device.mjs", installation.given(registered), answer=decides)
    assert result["claims"]["sub"] == result["userinfo"]["sub"] == person.id


@pytest.mark.spec("OpenID Connect Back-Channel Logout 1.0", "2.4")
@pytest.mark.spec("OpenID Connect Back-Channel Logout 1.0", "2.6")
def test_jose_accepts_the_token_that_tells_of_a_sign_out(
    installation: Open, browser: PlainBrowser, person: Person
) -> None:
    server = installation.server
    with logout_listener.listening() as listener:
        registered = installation.register(backchannel_logout_uri=listener.uri("/back"))
        application = cast.Application(
            registered["client_id"], registered["client_secret"], installation.redirect_uri,
            "client_secret_basic",
        )  # fmt: skip
        tokens = flows.tokens_of(server, application, browser, person)
        browser.open(server.url(f"/end_session?id_token_hint={tokens['id_token']}"))
        [heard] = listener.wait_for(1)
    server.secrets.add(heard.token)
    given = {"issuer": server.issuer, "client_id": application.client_id, "token": heard.token}
    told = node.run("logout_token.mjs", given)
    assert told["payload"]["sub"] == person.id
    assert told["payload"]["sid"]


@pytest.mark.spec("RFC 9728", "3.3")
@pytest.mark.spec("RFC 9126", "2.2")
@pytest.mark.spec("JARM 1.0", "2.3.1")
def test_oauth4webapi_checks_every_step_of_a_signed_and_pushed_sign_in(
    installation: Open, browser: PlainBrowser, person: Person
) -> None:
    signer = key("ES256")
    given = {
        "issuer": installation.server.issuer,
        "resource": installation.server.url("/userinfo"),
        "metadata": installation.metadata(
            jwks=jwks(signer),
            token_endpoint_auth_method="private_key_jwt",
            grant_types=[
                "authorization_code",
                "urn:ietf:params:oauth:grant-type:device_code",
            ],
            userinfo_signed_response_alg="RS256",
            require_pushed_authorization_requests=True,
            require_signed_request_object=True,
        ),
        "key": signer.private_jwk(),
        "algorithm": signer.algorithm,
    }
    result = node.run("oauth4webapi.mjs", given, answer=partial(signs_in, browser, person))
    assert result["sub"] == result["userinfo"]["sub"] == person.id
    assert result["expires_in"] == 60
    assert result["user_code"]
    assert result["described"]["authorization_servers"] == [installation.server.issuer]
