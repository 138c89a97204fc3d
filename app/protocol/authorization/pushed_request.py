"""A pushed request comes back: the handle that its client got, in a browser.

Specs:
    RFC 9126 section 4      the handle takes the place of everything else
    RFC 9126 section 7.3    it is not used twice
    RFC 9101 section 5      what stands beside it is ignored

It is looked at as often as the page is loaded, and used up with the answer (``flow``).
"""

from datetime import datetime

from app.clients.registry import Client
from app.protocol.authorization.source import Source, SourceRefusedError
from app.protocol.parameters import Parameters
from app.tokens import pushed_requests

_NOTHING = Parameters({})


def resolve(client: Client, uri: str, *, now: datetime) -> Source:
    """Return the pushed request that ``uri`` names; it stays unspent.

    Raises:
        SourceRefusedError: invalid_request_uri: it is not one of this client's, is over, or was used.
    """
    pushed = pushed_requests.find(uri)
    if pushed is None or pushed.client_id != client.client_id:
        # Whoever brought this made it up or took it: what the browser says beside it is not believed either.
        raise _refused("The request_uri is not known.", told=_NOTHING)
    resources = tuple(value for name, value in pushed.parameters if name == "resource")
    values = {name: value for name, value in pushed.parameters if name != "resource"}
    parameters = Parameters(values, resources)
    if pushed.is_over(now):
        raise _refused("The request_uri has expired or was used.", told=parameters)
    return Source(parameters, pushed_id=pushed.id)


def _refused(public: str, *, told: Parameters) -> SourceRefusedError:
    return SourceRefusedError("invalid_request_uri", public, told=told)
