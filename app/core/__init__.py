"""The ground everything stands on: configuration, database, clock, errors, secrets."""
