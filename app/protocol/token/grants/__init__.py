"""Grant types: one file each, named exactly as the wire says it."""
