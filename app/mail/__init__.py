"""Letters to people and the ways they are carried."""
