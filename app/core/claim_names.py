"""Names of claims and scopes that have a meaning of their own, so that nothing else may bear them.

Specs:
    OpenID Connect Core 1.0 sections 5.1, 5.4, 11   the standard claims, and the scopes that own them
    RFC 7519 section 4.1, RFC 9068 section 2.2      what a token says about itself
    RFC 7662 section 2.2                            and an introspection response

Names alone, for packages that do not know each other.
"""

from collections.abc import Mapping

# What the protocol says in a token: no operator may set it, from whatever source.
PROTOCOL = frozenset({
    "iss", "sub", "aud", "exp", "iat", "nbf", "jti", "azp", "nonce", "auth_time", "acr", "amr",
    "sid", "at_hash", "c_hash", "s_hash", "scope", "client_id", "cnf", "act", "may_act", "events",
    "sub_jwk", "token_type", "active", "txn", "authorization_details", "sub_id", "trust_framework",
    "_claim_names", "_claim_sources",
})  # fmt: skip

# The standard claims, each with the scope whose consent releases it; ``roles`` is ours.
BY_SCOPE: Mapping[str, tuple[str, ...]] = {
    "profile": (
        "name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile",
        "picture", "website", "gender", "birthdate", "zoneinfo", "locale", "updated_at",
    ),
    "email": ("email", "email_verified"),
    "address": ("address",),
    "phone": ("phone_number", "phone_number_verified"),
    "roles": ("roles",),
}  # fmt: skip
STANDARD_SCOPES = frozenset({"openid", *BY_SCOPE, "offline_access"})
SCOPED = frozenset(name for names in BY_SCOPE.values() for name in names)
