"""Keys and JWTs: the only package that knows joserfc."""
