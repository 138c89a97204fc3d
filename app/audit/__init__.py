"""The append-only record of what happened, to whom and by whom."""
