"""The authorization endpoint: from raw parameters to a validated request and its answer."""
