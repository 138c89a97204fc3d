"""Features that touch several endpoints, each kept in one file."""
