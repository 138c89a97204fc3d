"""The life of everything that is issued: grants, codes, refresh, access and ID tokens."""
