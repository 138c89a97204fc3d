"""What the parts of the product that a setting can switch say about themselves in the metadata.

Specs:
    OpenID Connect Discovery 1.0 section 3                      the members of OpenID Connect
    OpenID Connect Back-Channel Logout 1.0 section 2.1          backchannel_logout_supported and its kin
    OpenID Connect Front-Channel Logout 1.0 section 3           the same in the browser
    RFC 9101 section 9                                          require_signed_request_object
    RFC 9126 section 5                                          pushed requests
    RFC 8628 section 4                                          device_authorization_endpoint
    RFC 9728 section 4                                          protected_resources
    JARM 1.0 section 4                                          authorization_signing_alg_values_supported

What is off is not mentioned, except where a boolean says so.
"""

from collections.abc import Callable, Mapping
from typing import Any

from app.clients import authentication_methods
from app.core.algorithm_names import ASYMMETRIC, CONTENT_ENCRYPTION, ENCRYPTION
from app.core.config import Settings
from app.jose.foreign_jwt import HMAC
from app.protocol.authorization import response_mode

Members = Mapping[str, Any]


def _request_objects(settings: Settings) -> Members:
    requests = settings.requests
    members: dict[str, Any] = {
        "request_parameter_supported": requests.request_objects,
        "request_uri_parameter_supported": requests.request_uris,
    }
    if requests.request_uris:
        members["require_request_uri_registration"] = True
    if requests.request_objects or requests.request_uris:
        members["request_object_signing_alg_values_supported"] = list(ASYMMETRIC)
    if requests.require_signed:
        members["require_signed_request_object"] = True
    return members


def _pushed(settings: Settings) -> Members:
    return {
        "pushed_authorization_request_endpoint": f"{settings.issuer}/par",
        "require_pushed_authorization_requests": settings.requests.require_pushed,
    }


def _signed_answers(settings: Settings) -> Members:
    members = {"userinfo_signing_alg_values_supported": list(settings.keys.algorithms)}
    if any(map(response_mode.is_secured, response_mode.SUPPORTED)):
        members["authorization_signing_alg_values_supported"] = list(settings.keys.algorithms)
    return members


def _authentication(settings: Settings) -> Members:
    offered = list(authentication_methods.offered_methods(settings))
    proving = [each for each in offered if each != "none"]
    signed = [*ASYMMETRIC, HMAC] if {*authentication_methods.ASSERTIONS} & {*offered} else None
    members = {}
    # Whoever asks about tokens proves who it is: `none` is not among those methods.
    for endpoint, methods in (
        ("token", offered),
        ("revocation", offered),
        ("introspection", proving),
    ):
        members[f"{endpoint}_endpoint_auth_methods_supported"] = methods
        if signed:
            members[f"{endpoint}_endpoint_auth_signing_alg_values_supported"] = signed
    return members


def _encryption(_: Settings) -> Members:
    members = {}
    for answer in ("id_token", "userinfo"):
        members[f"{answer}_encryption_alg_values_supported"] = list(ENCRYPTION)
        members[f"{answer}_encryption_enc_values_supported"] = list(CONTENT_ENCRYPTION)
    return members


def _device(settings: Settings) -> Members:
    if not settings.devices.enabled:
        return {}
    return {"device_authorization_endpoint": f"{settings.issuer}/device_authorization"}


def _registration(settings: Settings) -> Members:
    if settings.registration.mode == "closed":
        return {}
    return {"registration_endpoint": f"{settings.issuer}/register"}


def _logout_notices(settings: Settings) -> Members:
    logout = settings.logout
    return {
        "backchannel_logout_supported": logout.back_channel,
        "backchannel_logout_session_supported": logout.back_channel,
        "frontchannel_logout_supported": logout.front_channel,
        "frontchannel_logout_session_supported": logout.front_channel,
    }


def _resources(settings: Settings) -> Members:
    return {"protected_resources": [settings.userinfo_audience]}


CONTRIBUTIONS: tuple[Callable[[Settings], Members], ...] = (
    _request_objects,
    _pushed,
    _signed_answers,
    _authentication,
    _encryption,
    _device,
    _registration,
    _logout_notices,
    _resources,
)
