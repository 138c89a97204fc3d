"""Which paths speak to programs, so that neither refusals nor CORS have to guess."""

# An application in a browser may need these, and no other.
CORS_PATHS = frozenset({"/token", "/introspect", "/revoke", "/userinfo", "/par"})
OAUTH_PATHS = CORS_PATHS | {"/device_authorization", "/register"}
OAUTH_PREFIXES = ("/register/",)
MACHINE_PREFIXES = ("/api/", "/.well-known/", "/resources/", "/healthz", "/readyz", "/metrics")
