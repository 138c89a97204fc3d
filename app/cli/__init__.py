"""The ``signet`` command: one file per noun."""
