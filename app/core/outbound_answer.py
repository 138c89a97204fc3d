"""Reading the answer to a request that we sent: within a limit of bytes and one deadline.

Specs:
    RFC 9112 sections 4, 6, 7    status line, the length of a body, chunks
    RFC 9110 section 8.4.1       identity alone: a small answer that unpacks to a large one is refused
    ASVS 5.0 15.2.2              no wait without an end

The other side is a stranger: it may send anything, too much, too little, or nothing.
"""

import http.client
import io
import socket
from dataclasses import dataclass
from time import monotonic
from typing import Any, cast

from app.core.errors import SignetError

_MAX_HEADERS = 65536


class OutboundRefusedError(SignetError):
    """There is no answer: not permitted, not reachable, or not answered within the limits."""

    public = "The address could not be fetched."


class OutboundForbiddenError(OutboundRefusedError):
    """The address may not be asked at all, so asking again is of no use. Nothing was sent."""


@dataclass(frozen=True)
class Fetched:
    """An answer, whatever its status. ``media_type`` is what the server claims, in lower case."""

    status: int
    media_type: str
    body: bytes


def whole(connection: socket.socket, deadline: float, limit: int) -> Fetched:
    """Return the answer to a GET, with all of its body.

    Raises:
        OutboundRefusedError: it is larger than ``limit`` bytes, compressed, or ends too early.
        OSError, http.client.HTTPException, ValueError: it is no HTTP, or not there in time.
    """
    with _begun(connection, deadline, limit, "GET") as response:
        if response.getheader("Content-Encoding", "identity").strip().lower() != "identity":
            raise OutboundRefusedError(detail="the answer is compressed, which was not asked for")
        announced = response.length or 0
        # One byte more than allowed tells an answer that is too large from one that just fits.
        body = b"" if announced > limit else response.read(limit + 1)
        if max(announced, len(body)) > limit:
            raise OutboundRefusedError(detail=f"the answer is larger than {limit} bytes")
        if response.length:
            raise OutboundRefusedError(detail="the answer ended too early")
        return _fetched(response, body)


def acknowledgement(connection: socket.socket, deadline: float, limit: int) -> Fetched:
    """Return the answer to a POST: the status counts, and up to ``limit`` bytes for the log.

    Raises:
        OSError, http.client.HTTPException, ValueError: it is no HTTP, or not there in time.
    """
    with _begun(connection, deadline, limit, "POST") as response:
        try:
            body = response.read(limit)
        except (OSError, http.client.HTTPException, ValueError):
            # What was posted has arrived, and its receiver said what became of it.
            body = b""
        return _fetched(response, body)


def time_left(deadline: float) -> float:
    """Return how many seconds are left until ``deadline``, on the monotonic clock.

    Raises:
        TimeoutError: none.
    """
    left = deadline - monotonic()
    if left <= 0:
        raise TimeoutError("out of time")
    return left


def _begun(
    connection: socket.socket, deadline: float, limit: int, method: str
) -> http.client.HTTPResponse:
    wire = _Wire(connection, deadline, limit + _MAX_HEADERS)
    # HTTPResponse asks its socket for nothing but a file to read from.
    response = http.client.HTTPResponse(cast("socket.socket", wire), method=method)
    try:
        response.begin()
    except BaseException:
        response.close()
        raise
    return response


def _fetched(response: http.client.HTTPResponse, body: bytes) -> Fetched:
    media_type = response.getheader("Content-Type", "").partition(";")[0].strip().lower()
    return Fetched(response.status, media_type, body)


class _Wire(io.RawIOBase):
    """What http.client reads from: every read within the deadline, all within the limit."""

    def __init__(self, connection: socket.socket, deadline: float, limit: int) -> None:
        self._connection = connection
        self._deadline = deadline
        self._limit = limit

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(time_left(self._deadline))
        count = self._connection.recv_into(buffer)
        self._limit -= count
        if self._limit < 0:
            raise OSError("the answer is too large")
        return count
