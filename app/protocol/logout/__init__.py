"""Signing out at the request of a client."""
