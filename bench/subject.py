"""What is measured: a provider that runs, where its endpoints are, and who is known to it."""

from base64 import b64encode
from dataclasses import dataclass, field

from processes import Program

REDIRECT_URI = "https://app.bench.example/callback"
API = "https://api.bench.example"
API_SCOPE = "bench:read"
DISCOVERY = "/.well-known/openid-configuration"


@dataclass(frozen=True)
class Credentials:
    """How somebody proves who they are."""

    name: str
    secret: str

    @property
    def basic(self) -> str:
        """The value of the Authorization header. Ours need no escaping."""
        return "Basic " + b64encode(f"{self.name}:{self.secret}".encode()).decode()


@dataclass(frozen=True)
class Endpoints:
    """Paths, as the discovery document gives them."""

    jwks: str
    authorize: str
    token: str
    introspect: str
    userinfo: str


@dataclass(frozen=True)
class Subject:
    """A provider under measurement."""

    name: str
    port: int
    program: Program
    endpoints: Endpoints
    app: Credentials
    machine: Credentials
    scope: str
    # What makes the access token of a code or refresh a JWT, where it would not be one by itself.
    jwt_parameters: dict[str, str] = field(default_factory=dict)
    # Those who can sign in with a password; without any the row is left out.
    people: tuple[Credentials, ...] = ()
    # Seconds to the first answer on an empty folder, where that is not the same.
    first_start_seconds: float | None = None
    remarks: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """The base of every address."""
        return f"http://127.0.0.1:{self.port}"
