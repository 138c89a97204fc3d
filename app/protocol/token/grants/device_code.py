"""grant_type=urn:ietf:params:oauth:grant-type:device_code.

Specs:
    RFC 8628 sections 3.4, 3.5    the device asks, and what it hears
"""

from app.clients.client import DEVICE_CODE
from app.clients.registry import Client
from app.protocol.token.grant import TokenGrant, required
from app.protocol.token.narrowing import authorization_of
from app.tokens import authorization_codes, derivation, device_codes, policy
from app.tokens.authorization import Authorization


class DeviceCodeGrant(TokenGrant):
    """Redeems a device code, once, after a person allowed it."""

    GRANT_TYPE = DEVICE_CODE

    def authorize(self, client: Client) -> Authorization:
        """Return what the person allowed the device."""
        code = required(self.parameters, "device_code")
        self.grant = device_codes.poll(code, client_id=client.client_id, now=self.now)
        refresh_token = derivation.refresh_token(self.grant.id, 1) if self.grant.offline else None
        return authorization_of(
            self.grant,
            client,
            scope=(),
            resources=self.parameters.resources,
            refresh_token=refresh_token,
        )

    def spend(self, authorization: Authorization) -> None:
        """Spend the grant, by the same lock as an authorization code."""
        expires_at = policy.expiry_after_use(
            offline=self.grant.offline,
            ends_at=self.grant.ends_at,
            access_token=authorization.access_token_lifetime,
            now=self.now,
        )
        authorization_codes.redeem(self.grant, expires_at=expires_at, now=self.now)
