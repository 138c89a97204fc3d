"""The sockets that the workers listen on."""

import socket

import pytest

from app.cli import listener

CONNECTIONS = 64


@pytest.fixture(params=["127.0.0.1", "::1"])
def sockets(request):
    """Return three workers' sockets on one address."""
    try:
        opened = listener.bind(request.param, 0)
    except listener.AddressInUseError:
        pytest.skip(f"there is no {request.param} here")
    spread = listener.spread(opened, 3)
    yield spread
    for each in spread:
        each.close()


def test_each_worker_gets_some_of_the_connections(sockets):
    address = sockets[0].getsockname()[:2]
    clients = [socket.create_connection(address) for _ in range(CONNECTIONS)]
    shares = [listener.waiting(each) for each in sockets]
    for client in clients:
        client.close()
    assert sum(shares) == CONNECTIONS
    assert all(shares)


def test_nobody_else_can_listen_on_an_address_that_the_workers_share(sockets):
    host, port = sockets[0].getsockname()[:2]
    with pytest.raises(listener.AddressInUseError, match="is in use"):
        listener.bind(host, port)


def test_a_single_worker_has_the_socket_to_itself():
    opened = listener.bind("127.0.0.1", 0)
    assert listener.spread(opened, 1) == [opened]
    opened.close()
