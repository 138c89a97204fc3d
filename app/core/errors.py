"""Errors that know what may be said aloud.

Each error carries a public description, safe for any page or answer, and a private detail that goes to
the log under the reference number which the page shows. ``str(error)`` is for the log, never for a page.
"""

from secrets import choice

# No vowels and no look-alikes: a reference is read aloud over the telephone.
_ALPHABET = "23456789BCDFGHJKMNPQRSTVWXZ"


def reference() -> str:
    """Return a new reference number, such as ``7KQ2-MFX9``: about 38 bits, unguessable enough to quote."""
    letters = "".join(choice(_ALPHABET) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


class SignetError(Exception):
    """Something was refused. ``public`` may be shown to anybody; ``detail`` goes to the log alone."""

    public = "The request could not be completed."

    def __init__(self, public: str | None = None, *, detail: str | None = None) -> None:
        self.public = public or type(self).public
        self.detail = detail
        super().__init__(self.public if detail is None else f"{self.public} ({detail})")


class InvalidInputError(SignetError):
    """A value is not acceptable. ``field`` names it, so that a form or the command line can point at it."""

    public = "A value is not acceptable."

    def __init__(
        self, public: str | None = None, *, field: str | None = None, detail: str | None = None
    ) -> None:
        self.field = field
        super().__init__(public, detail=detail)


class NotFoundError(SignetError):
    """The thing named does not exist."""

    public = "There is no such thing."


class ConflictError(SignetError):
    """The change contradicts what is already there: a taken name, a second first administrator."""

    public = "This contradicts what is already there."


class UnavailableError(SignetError):
    """A part we need is down or full. The caller may try again after ``retry_after`` seconds (503)."""

    public = "The service is busy. Please try again in a moment."

    def __init__(
        self, public: str | None = None, *, retry_after: int = 2, detail: str | None = None
    ) -> None:
        self.retry_after = retry_after
        super().__init__(public, detail=detail)


class ConfigurationError(SignetError):
    """The settings contradict one another or make no sense; the server refuses to start."""

    public = "The configuration is not usable."
