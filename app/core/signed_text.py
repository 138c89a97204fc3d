"""Signed text that travels through a browser and comes back: itsdangerous, as fast as the signature that it makes.

By itself it makes a signer for each value, and derives the key anew for each signature. Neither ever changes, so both
are kept here, and what is short is not compressed, which costs more than it saves. Either reads what the other signed.
"""

import hmac
import json
import zlib
from functools import cached_property
from typing import Any

from itsdangerous import (
    Serializer,
    Signer,
    TimestampSigner,
    URLSafeSerializer,
    URLSafeTimedSerializer,
)
from itsdangerous.encoding import base64_encode
from itsdangerous.signer import HMACAlgorithm
from itsdangerous.url_safe import URLSafeSerializerMixin

# Bytes of JSON: identifiers and secrets, which are random, and little beside them.
_SHORT = 128


class _Hmac(HMACAlgorithm):
    def get_signature(self, key: bytes, value: bytes) -> bytes:
        # In one call: an object for it costs more than the MAC.
        return hmac.digest(key, value, self.digest_method)


class _Kept(Signer):
    """A signer whose keys are derived once."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.algorithm = _Hmac(self.digest_method)
        self._derived: dict[str | bytes, bytes] = {}

    def derive_key(self, secret_key: str | bytes | None = None) -> bytes:
        """Return the key that signs in the place of ``secret_key``, or of the newest."""
        name = self.secret_keys[-1] if secret_key is None else secret_key
        derived = self._derived.get(name)
        if derived is None:
            derived = self._derived[name] = super().derive_key(name)
        return derived


class _KeptTimed(_Kept, TimestampSigner):
    """The same, for what ends by itself."""


class _Json:
    """The JSON of itsdangerous, by an encoder that is made once."""

    dumps = staticmethod(json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode)
    loads = staticmethod(json.loads)


class _OneSigner(URLSafeSerializerMixin):
    """A serializer with one signer, which does not try to compress what is short."""

    default_serializer = _Json

    def dump_payload(self, obj: Any) -> bytes:
        """Return ``obj`` in letters that a URL carries."""
        plain = Serializer.dump_payload(self, obj)
        if len(plain) > _SHORT:
            compressed = zlib.compress(plain)
            if len(compressed) < len(plain) - 1:
                return b"." + base64_encode(compressed)
        return base64_encode(plain)

    @cached_property
    def _signer(self) -> Signer:
        return super().make_signer()

    def make_signer(self, salt: str | bytes | None = None) -> Signer:
        """Return the signer."""
        return self._signer if salt in {None, self.salt} else super().make_signer(salt)


class SignedText(_OneSigner, URLSafeSerializer):
    """What has no end, or says itself when that is."""

    default_signer = _Kept


class TimedText(_OneSigner, URLSafeTimedSerializer):
    """What carries the second at which it was signed."""

    default_signer = _KeptTimed
