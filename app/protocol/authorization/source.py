"""The parameters that count, wherever a request came from."""

from dataclasses import dataclass

from app.protocol.errors import OAuthError
from app.protocol.parameters import Parameters


@dataclass(frozen=True)
class Source:
    """What a client asks for. ``pushed_id`` names the pushed request; ``is_signed``: a key of the client proves it."""

    parameters: Parameters
    pushed_id: str | None = None
    is_signed: bool = False


class SourceRefusedError(OAuthError):
    """The parameters cannot be had. The client is told at the redirect URI in ``told``, if that is registered.

    Raise it where ``told`` is not what the browser brought: the parameters of a pushed request that is over, say,
    or none at all, so that the person sees a page. Never with what a signature has yet to prove.
    """

    def __init__(
        self, code: str, public: str, *, told: Parameters, detail: str | None = None
    ) -> None:
        self.told = told
        super().__init__(code, public, detail=detail)
