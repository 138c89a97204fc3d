"""HTTP/1.1 over one kept connection, with as little work as possible: the bench shares the server's processors."""

import socket
from collections.abc import Iterable
from dataclasses import dataclass

_TIMEOUT = 20.0
_CHUNK = 65536
_END = b"\r\n\r\n"
FORM = "application/x-www-form-urlencoded"

Header = tuple[str, str]


class NoAnswerError(Exception):
    """The server closed the connection, or said something that this client does not understand."""


@dataclass(frozen=True)
class Answer:
    """An answer; names of headers are in lower case and may repeat."""

    status: int
    headers: list[Header]
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the first header of that name."""
        return next((value for each, value in self.headers if each == name), None)


class Connection:
    """One connection, opened when it is needed."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._host = f"Host: {host}:{port}\r\n"
        self._socket: socket.socket | None = None

    def close(self) -> None:
        """Close it."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def request(
        self, method: str, path: str, headers: Iterable[Header] = (), body: str | None = None
    ) -> Answer:
        """Send a request and return its answer; a ``body`` is a form.

        Raises:
            OSError, NoAnswerError: there is none.
        """
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
        if body is not None:
            lines += f"Content-Type: {FORM}\r\nContent-Length: {len(body)}\r\n"
        head = f"{method} {path} HTTP/1.1\r\n{self._host}{lines}\r\n"
        if self._socket is None:
            self._socket = socket.create_connection(self._address, timeout=_TIMEOUT)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self._socket.sendall((head + (body or "")).encode("latin-1"))
            return self._answer(self._socket)
        except (OSError, NoAnswerError):
            self.close()
            raise

    def _answer(self, opened: socket.socket) -> Answer:
        received = b""
        while (end := received.find(_END)) < 0:
            received += _some(opened)
        first, *lines = received[:end].decode("latin-1").split("\r\n")
        headers = [(name.lower(), value.strip()) for name, _, value in map(_parted, lines)]
        answer = Answer(int(first.split(" ", 2)[1]), headers, received[end + len(_END) :])
        body = answer.body
        missing = _length(answer) - len(body)
        while missing > 0:
            piece = _some(opened)
            body += piece
            missing -= len(piece)
        if answer.header("connection") == "close":
            self.close()
        return Answer(answer.status, headers, body)


def _parted(line: str) -> tuple[str, str, str]:
    return line.partition(":")


def _length(answer: Answer) -> int:
    length = answer.header("content-length")
    if length is None and answer.status not in {204, 304}:
        raise NoAnswerError("an answer without Content-Length")
    return int(length or 0)


def _some(opened: socket.socket) -> bytes:
    piece = opened.recv(_CHUNK)
    if not piece:
        raise NoAnswerError("the connection was closed")
    return piece
