"""Pages inside a flow."""
