"""The token endpoint: the phases that every grant type passes through."""
