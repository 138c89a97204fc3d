"""Registered clients and the APIs their tokens are for."""
