"""The device authorization endpoint: a device without a browser gets two codes, one of them for a person.

Specs:
    RFC 8628 section 3.1, 3.2    request and answer
    RFC 8628 section 3.3.1       the address that brings the code along
    ASVS 5.0 2.4.1               against excessive calls

What may be asked for is what may be asked for at /authorize.
"""

from datetime import datetime, timedelta
from urllib.parse import quote

from app.clients.client import DEVICE_CODE
from app.clients.registry import Client
from app.core import config
from app.core.context import caller
from app.protocol.authorization import prompt
from app.protocol.client_authentication.authenticate import authenticate
from app.protocol.errors import OAuthError
from app.protocol.extensions import claims_parameter, resource_indicators, scopes, step_up
from app.protocol.server import Answer, MachineRequest, json_answer
from app.throttle import budgets
from app.throttle.budgets import Budget
from app.throttle.networks import network_of
from app.tokens import device_codes
from app.tokens.device_codes import NewDevice

ENDPOINT = "/device_authorization"
PAGE = "/device"
_LONGEST_ADDRESS = 64


def authorize(request: MachineRequest) -> Answer:
    """Let a device wait for a person, and tell it what to show.

    Raises:
        OAuthError: the client is not authenticated, may not use the grant type, or asks for too much.
        ThrottledError: clients that prove nothing ask too often from this network.
    """
    client = authenticate(request)
    if not client.allows_grant(DEVICE_CODE):
        raise OAuthError("unauthorized_client", f"The client may not use {DEVICE_CODE}.")
    wanted = _wanted(client, request)
    if client.is_public:
        _spend(request.now)
    started = device_codes.start(wanted, now=request.now)
    page = f"{config.current().issuer}{PAGE}"
    answer = json_answer(
        {
            "device_code": started.device_code,
            "user_code": started.user_code,
            "verification_uri": page,
            "verification_uri_complete": f"{page}?user_code={quote(started.user_code)}",
            "expires_in": int((started.expires_at - request.now).total_seconds()),
            "interval": started.interval,
        }
    )
    answer.client_id = client.client_id
    return answer


def _wanted(client: Client, request: MachineRequest) -> NewDevice:
    parameters = request.parameters
    scope = scopes.requested(client, parameters.words("scope"))
    receivers = resource_indicators.resolve(client, scope, parameters.resources)
    address = caller().address
    return NewDevice(
        client_id=client.client_id,
        scope=scope,
        resources=receivers.audience,
        # A wish has no effect here; what is a condition is kept.
        acr_values=step_up.required(
            claims_parameter.NOTHING, prompt.acr_values(parameters), parameters.resources
        ),
        address=address[:_LONGEST_ADDRESS] if address else None,
    )


def _spend(now: datetime) -> None:
    """Take one from what the network of a client that proves nothing may ask for."""
    allowed = config.current().requests.public_rate
    budget = Budget("public-requests", allowed, timedelta(minutes=1))
    budgets.spend(budget, network_of(caller().address), now=now)
