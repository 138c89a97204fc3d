"""Which paths speak to programs, so that neither refusals nor CORS have to guess."""

OAUTH_PATHS = frozenset({"/token", "/introspect", "/revoke", "/userinfo"})
MACHINE_PREFIXES = ("/api/", "/.well-known/", "/healthz", "/readyz", "/metrics")
