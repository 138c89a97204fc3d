"""What a request offers as the proof of its client, and what judges it.

A proof is a function of the client, or of ``None`` where the one named is unknown or may not use the method, and
of what was presented. It is asked in both cases, so that those whose time could tell something take it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from app.clients.registry import Client
from app.protocol.server import MachineRequest


@dataclass(frozen=True)
class Presented:
    """The one proof of a request, and the methods it may belong to. Not a word of it may reach a log."""

    methods: tuple[str, ...]
    client_id: str
    proof: str = field(repr=False)
    request: MachineRequest = field(repr=False)


Prove = Callable[[Client | None, Presented], bool]
