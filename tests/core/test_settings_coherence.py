"""Settings that contradict one another refuse the start."""

import pytest

from app.core.errors import ConfigurationError
from app.core.settings_loader import load


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"CLIENT_CERTIFICATE_SOURCE": "header"}, "SIGNET_TRUSTED_PROXIES"),
        ({"CLIENT_CERTIFICATE_HEADER": "a b"}, "SIGNET_CLIENT_CERTIFICATE_HEADER"),
        ({"CLIENT_CERTIFICATE_CA": "ca.pem"}, "SIGNET_CLIENT_CERTIFICATE_SOURCE"),
        ({"CLIENT_CERTIFICATE_SOURCE": "tls", "CLIENT_CERTIFICATE_CA": "/none.pem"}, "no file"),
        ({"REQUEST_OBJECTS": "no", "REQUIRE_SIGNED_REQUEST_OBJECT": "yes"}, "SIGNET_REQUEST_OBJECTS"),
        ({"REGISTRATION_SCOPES": "openid admin"}, "admin"),
        ({"SOFTWARE_STATEMENT_ISSUERS": "https://a.example"}, "https://a.example"),
        ({"SOFTWARE_STATEMENT_ISSUERS": "http://a.example=https://a.example/j"}, "http://a.example"),
        ({"SOFTWARE_STATEMENT_ISSUERS": "https://a.example=http://a.example/j"}, "https://a.example"),
    ],
)  # fmt: skip
def test_a_contradiction_is_named(tmp_path, environment, named):
    with pytest.raises(ConfigurationError, match=named):
        load({f"SIGNET_{name}": value for name, value in environment.items()}, folder=tmp_path)


def test_what_fits_together_is_accepted(tmp_path):
    issuers = "https://a.example=https://a.example/jwks,https://b.example=https://b.example/k?a=b"
    settings = load(
        {
            "SIGNET_CLIENT_CERTIFICATE_SOURCE": "header",
            "SIGNET_TRUSTED_PROXIES": "10.0.0.0/8",
            "SIGNET_SOFTWARE_STATEMENT_ISSUERS": issuers,
        },
        folder=tmp_path,
    )
    assert len(settings.registration.software_statement_issuers) == 2
