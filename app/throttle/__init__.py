"""Counters that slow down whoever tries too often."""
