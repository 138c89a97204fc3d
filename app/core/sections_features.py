"""The settings of what goes beyond plain sign-in: registration, requests, keys of clients, sign-out, devices."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from app.core.options import option

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class DynamicRegistration:
    """Applications that register themselves."""

    mode: str = option(
        "closed",
        "REGISTRATION_MODE",
        "Who may register an application at /register: nobody, who has an initial access token, or anybody.",
        spec="RFC 7591 section 3",
        choices=("closed", "token", "open"),
    )
    rate: int = option(
        20,
        "REGISTRATION_RATE",
        "How many applications one network may register in an hour.",
        spec="ASVS 5.0 2.4.1",
        minimum=1,
        maximum=10000,
    )
    unused_lifetime: timedelta = option(
        30 * _DAY,
        "REGISTRATION_UNUSED_LIFETIME",
        "An application that registered itself and was never used is deleted after this time.",
        spec="RFC 7591 section 5",
        minimum=_HOUR,
        maximum=3650 * _DAY,
    )
    scopes: tuple[str, ...] = option(
        ("openid", "profile", "email", "address", "phone", "offline_access"),
        "REGISTRATION_SCOPES",
        "The most that an application nobody knows may ask for.",
        spec="RFC 7591 section 2",
    )
    require_pkce: bool = option(
        True,
        "REGISTRATION_REQUIRE_PKCE",
        "Whether applications that registered themselves need PKCE even if they have a secret.",
        spec="RFC 9700 section 2.1.1",
    )
    software_statement_issuers: tuple[str, ...] = option(
        (),
        "SOFTWARE_STATEMENT_ISSUERS",
        "Who may vouch for software, each as issuer=jwks_uri, such as "
        "https://trust.example=https://trust.example/jwks; every other statement is refused.",
        spec="RFC 7591 section 2.3",
    )


@dataclass(frozen=True)
class Requests:
    """How authorization requests may reach us, and answers leave us."""

    request_objects: bool = option(
        True,
        "REQUEST_OBJECTS",
        "Whether a client may sign its request (the parameter request).",
        spec="RFC 9101 section 5.1",
    )
    request_uris: bool = option(
        True,
        "REQUEST_URIS",
        "Whether a signed request may be fetched from an address that the client registered.",
        spec="RFC 9101 section 5.2",
    )
    require_pushed: bool = option(
        False,
        "REQUIRE_PUSHED_AUTHORIZATION_REQUESTS",
        "Whether every client has to send its request directly to us, before the browser comes.",
        spec="RFC 9126 section 5",
    )
    require_signed: bool = option(
        False,
        "REQUIRE_SIGNED_REQUEST_OBJECT",
        "Whether every client has to sign its request.",
        spec="RFC 9101 section 10.5",
    )
    pushed_lifetime: timedelta = option(
        60 * _SECOND,
        "PUSHED_REQUEST_LIFETIME",
        "How long the handle of a pushed request may be used.",
        spec="RFC 9126 section 2.2",
        minimum=5 * _SECOND,
        maximum=600 * _SECOND,
    )
    max_object_age: timedelta = option(
        5 * _MINUTE,
        "REQUEST_OBJECT_MAX_AGE",
        "The farthest that the end of a signed request may lie ahead, and its beginning back.",
        spec="RFC 9101 section 10.2",
        minimum=10 * _SECOND,
        maximum=_HOUR,
    )
    response_lifetime: timedelta = option(
        5 * _MINUTE,
        "RESPONSE_JWT_LIFETIME",
        "How long a signed authorization response may be believed.",
        spec="JARM 1.0 section 2.1",
        minimum=30 * _SECOND,
        maximum=10 * _MINUTE,
    )
    public_rate: int = option(
        120,
        "PUBLIC_REQUEST_RATE",
        "How many requests a minute one network may push, or start for a device, without proving a client.",
        spec="ASVS 5.0 2.4.1",
        minimum=1,
        maximum=100000,
    )


@dataclass(frozen=True)
class ClientAuthentication:
    """How clients prove themselves with keys of their own."""

    assertions: bool = option(
        True,
        "CLIENT_ASSERTIONS",
        "Whether clients may authenticate with a JWT: private_key_jwt and client_secret_jwt.",
        spec="RFC 7523 section 2.2",
    )
    assertion_audience: str = option(
        "issuer_or_endpoint",
        "CLIENT_ASSERTION_AUDIENCE",
        "What such a JWT must be addressed to: the issuer alone, or also the token endpoint and the one it is "
        "sent to, as older libraries do.",
        spec="RFC 7523 section 3",
        choices=("issuer_or_endpoint", "issuer"),
    )
    assertion_lifetime: timedelta = option(
        5 * _MINUTE,
        "CLIENT_ASSERTION_MAX_LIFETIME",
        "The farthest that its end may lie ahead.",
        spec="RFC 7523 section 3",
        minimum=10 * _SECOND,
        maximum=_HOUR,
    )
    certificate_source: str = option(
        "none",
        "CLIENT_CERTIFICATE_SOURCE",
        "Where the certificate of a client is found: nowhere, which switches mutual TLS off, in a header that a "
        "trusted proxy sets, or in the connection, where the WSGI server tells.",
        spec="RFC 8705 section 2",
        choices=("none", "header", "tls"),
    )
    certificate_header: str = option(
        "Client-Cert",
        "CLIENT_CERTIFICATE_HEADER",
        "The header with the certificate; believed from SIGNET_TRUSTED_PROXIES alone.",
        spec="RFC 9440 section 2",
    )
    certificate_ca: Path | None = option(
        None,
        "CLIENT_CERTIFICATE_CA",
        "A PEM file of the authorities that certify clients; without it tls_client_auth is not offered.",
        spec="RFC 8705 section 2.1",
    )
    jwks_max_age: timedelta = option(
        10 * _MINUTE,
        "CLIENT_JWKS_MAX_AGE",
        "The key set of a client is fetched anew after this time; a key that was taken out is refused then.",
        spec="RFC 7591 section 2",
        minimum=_MINUTE,
        maximum=_DAY,
    )
    jwks_refetch: timedelta = option(
        10 * _SECOND,
        "CLIENT_JWKS_REFETCH_INTERVAL",
        "The least time between two fetches of one key set, whatever tokens ask for.",
        spec="ASVS 5.0 2.4.1",
        minimum=_SECOND,
        maximum=60 * _SECOND,
    )


@dataclass(frozen=True)
class Logout:
    """How clients hear that somebody has signed out."""

    back_channel: bool = option(
        True,
        "BACK_CHANNEL_LOGOUT",
        "Whether clients that registered for it are told by a logout token.",
        spec="OpenID Connect Back-Channel Logout 1.0 section 2",
    )
    front_channel: bool = option(
        True,
        "FRONT_CHANNEL_LOGOUT",
        "Whether clients that registered for it are told through the browser.",
        spec="OpenID Connect Front-Channel Logout 1.0 section 2",
    )
    delivery_interval: timedelta = option(
        5 * _SECOND,
        "LOGOUT_DELIVERY_INTERVAL",
        "How often a server looks for logout tokens that another one left unsent; its own are sent at once.",
        minimum=timedelta(milliseconds=250),
        maximum=_MINUTE,
    )
    delivery_timeout: timedelta = option(
        5 * _SECOND,
        "LOGOUT_DELIVERY_TIMEOUT",
        "One delivery takes at most this long, all in all.",
        minimum=timedelta(milliseconds=500),
        maximum=30 * _SECOND,
    )
    delivery_attempts: int = option(
        8,
        "LOGOUT_DELIVERY_ATTEMPTS",
        "How often a logout token is tried, ever more rarely, before we give up.",
        minimum=1,
        maximum=20,
    )
    delivery_workers: int = option(
        8,
        "LOGOUT_DELIVERY_WORKERS",
        "How many logout tokens one process sends at the same time.",
        minimum=1,
        maximum=64,
    )
    token_lifetime: timedelta = option(
        2 * _MINUTE,
        "LOGOUT_TOKEN_LIFETIME",
        "How long a logout token may be believed.",
        spec="OpenID Connect Back-Channel Logout 1.0 section 2.4",
        minimum=30 * _SECOND,
        maximum=10 * _MINUTE,
    )


@dataclass(frozen=True)
class Devices:
    """Sign-in on a device that has no browser, with a code typed elsewhere."""

    enabled: bool = option(
        True,
        "DEVICE_AUTHORIZATION",
        "Whether clients that registered for the grant type may use it.",
        spec="RFC 8628 section 3.1",
    )
    lifetime: timedelta = option(
        10 * _MINUTE,
        "DEVICE_CODE_LIFETIME",
        "How long a person has to type the code.",
        spec="RFC 8628 section 3.2",
        minimum=_MINUTE,
        maximum=30 * _MINUTE,
    )
    interval: timedelta = option(
        5 * _SECOND,
        "DEVICE_POLL_INTERVAL",
        "How long a device waits between two questions whether the person is done.",
        spec="RFC 8628 section 3.2",
        minimum=_SECOND,
        maximum=_MINUTE,
    )
    free_attempts: int = option(
        10,
        "USER_CODE_FREE_ATTEMPTS",
        "Wrong codes from one network or person before each further one costs a growing wait.",
        spec="RFC 8628 section 5.1",
        minimum=3,
        maximum=100,
    )
