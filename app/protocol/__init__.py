"""What the RFCs say: the only package that knows Authlib."""
