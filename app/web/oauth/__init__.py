"""Endpoints for machines, one file each."""
