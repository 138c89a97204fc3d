"""How a client proves who it is: exactly one method per request."""
