"""Work that is done periodically, outside any request."""
