"""The listening sockets: opened before anything is made, and closed without failing a request.

Specs:
    RFC 9112 section 9.6    a connection is announced as closed before it is

Each worker has a socket of its own on the one address. A socket that all shared would leave every kept
connection with whichever worker woke first. The parent holds the sockets too, so what waits in one outlives
a worker that crashes. A connection that the kernel has accepted and no worker has taken would be reset when
its socket closes, so a stop first keeps new ones out and waits until the last has been taken.
"""

import ctypes
import errno
import os
import socket
import struct
import sys
import time
from collections.abc import Sequence
from typing import Any

from app.core.errors import SignetError

BACKLOG = 2048
_LONGEST_DRAIN = 2.0
_STEP = 0.01
# Between taking a connection and reading its first bytes a worker would still close it unanswered.
_FIRST_READ = 0.05
_SO_ATTACH_FILTER = 26
# The kernel's words for: drop a segment whose flags are SYN without ACK, keep any other.
_DROP_NEW_CONNECTIONS = (
    (0x30, 0, 0, 13),  # load the byte at 13: the flags
    (0x54, 0, 0, 0x12),  # keep SYN and ACK
    (0x15, 0, 1, 0x02),  # SYN alone?
    (0x06, 0, 0, 0),  # drop
    (0x06, 0, 0, 0xFFFFFFFF),  # keep
)
_UNACKED_OFFSET = 24


class AddressInUseError(SignetError):
    """Somebody already listens there, perhaps another Signet. Nothing has been made or changed."""


def bind(host: str, port: int) -> socket.socket:
    """Take the address and return the socket; it refuses connections until it listens.

    Raises:
        AddressInUseError: it is taken, is not ours, or does not exist.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        opened = socket.socket(family, kind, protocol)
    except OSError as error:
        raise AddressInUseError(f"cannot listen on {host}: {error.strerror or error}") from None
    try:
        # Without SO_REUSEPORT: a second server must fail, not share the requests of the first.
        _listen(opened, address)
    except OSError as error:
        opened.close()
        reason = "is in use" if error.errno == errno.EADDRINUSE else os.strerror(error.errno or 0)
        raise AddressInUseError(f"port {port} on {host}: {reason}") from None
    return opened


def spread(opened: socket.socket, workers: int) -> list[socket.socket]:
    """Return a listening socket for each worker, ``opened`` being the first, all on its address.

    The kernel gives each new connection to one of them. Where it would not, all share ``opened``.
    """
    if sys.platform != "linux" or workers == 1:
        return [opened] * workers
    # Only now, when the address is ours alone: from here on sockets of this user may join it.
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sockets = [opened]
    for _ in range(workers - 1):
        another = socket.socket(opened.family, opened.type, opened.proto)
        another.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        _listen(another, opened.getsockname())
        sockets.append(another)
    return sockets


def drain(sockets: Sequence[socket.socket]) -> None:
    """Let no new connection in and wait until the workers have taken those that were let in.

    Who connects meanwhile gets no answer from the kernel, asks again after a second and is refused.
    Where the kernel offers no such filter, connections of the last moment are lost.
    """
    if sys.platform != "linux":
        return
    try:
        for opened in sockets:
            _attach(opened)
    except OSError:
        return
    end = time.monotonic() + _LONGEST_DRAIN
    while any(map(waiting, sockets)) and time.monotonic() < end:
        time.sleep(_STEP)
    time.sleep(_FIRST_READ)


def waiting(opened: socket.socket) -> int:
    """Return how many connections wait to be taken."""
    # Of a listening socket the kernel reports its queue in the place of unacknowledged segments.
    facts = opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _UNACKED_OFFSET + 4)
    count: int = struct.unpack_from("=I", facts, _UNACKED_OFFSET)[0]
    return count


def _listen(opened: socket.socket, address: Any) -> None:
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Inherited by each connection: the end of an answer must not wait until its beginning is acknowledged.
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if address[0] == "::":
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    opened.bind(address)
    # Two sockets may be bound to one address; without SO_REUSEPORT only one may listen.
    opened.listen(BACKLOG)
    opened.setblocking(False)  # noqa: FBT003 - the standard library's signature


def _attach(opened: socket.socket) -> None:
    code = b"".join(struct.pack("=HBBI", *each) for each in _DROP_NEW_CONNECTIONS)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("@HP", len(_DROP_NEW_CONNECTIONS), ctypes.addressof(buffer))
    opened.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)
