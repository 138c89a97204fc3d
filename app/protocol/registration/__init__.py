"""Clients that register themselves, and manage what they registered."""
