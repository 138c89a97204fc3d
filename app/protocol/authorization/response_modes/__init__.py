"""How an authorization response travels: one file per response mode."""
