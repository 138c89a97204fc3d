"""Signet: a standalone OAuth 2.0 and OpenID Connect identity provider."""

__version__ = "0.1.0"
