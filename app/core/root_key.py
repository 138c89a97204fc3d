"""Root keys: 32 random bytes from which every other secret of the installation is derived.

Specs:
    RFC 5869            HKDF, one independent key for each purpose
    NIST SP 800-38D     AES-256-GCM for what is sealed at rest

The newest key makes; every key that is present still opens. So an operator rotates by adding a file, and
removes the old one once nothing made with it is alive. See ``keys/README.md``.
"""

import hashlib
import hmac
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app

from app.core.errors import ConfigurationError, SignetError
from app.core.secrets import SECRET_BYTES, decode, encode, equal

_NONCE_BYTES = 12
_MODE = 0o600
_GROUP_AND_OTHERS = 0o077


class SealBrokenError(SignetError):
    """A sealed value does not open: another root key made it, or it was changed. Nothing may be done with it."""

    public = "A stored secret cannot be read."


@dataclass(frozen=True)
class RootKey:
    """One root key. ``key_id`` is a fingerprint, safe to show; the bytes never leave this object's methods."""

    key_id: str
    _secret: bytes = field(repr=False)
    _derived: dict[str, bytes] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, secret: bytes) -> "RootKey":
        """Return the key of these 32 bytes."""
        if len(secret) != SECRET_BYTES:
            raise ConfigurationError(f"a root key has {SECRET_BYTES} bytes, this one {len(secret)}")
        return cls(hashlib.sha256(b"signet root key id" + secret).hexdigest()[:16], secret)

    def derive(self, purpose: str) -> bytes:
        """Return the 32-byte key for one ``purpose``; the same for ever, and no help in finding another's."""
        derived = self._derived.get(purpose)
        if derived is None:
            kdf = HKDF(SHA256(), length=SECRET_BYTES, salt=None, info=f"signet/{purpose}".encode())
            derived = self._derived[purpose] = kdf.derive(self._secret)
        return derived


@dataclass(frozen=True)
class RootKeys:
    """All root keys that are present, the newest (the one that makes) first."""

    keys: tuple[RootKey, ...]

    @property
    def current(self) -> RootKey:
        """Return the key that makes new values."""
        return self.keys[0]

    def mac(self, purpose: str, message: bytes) -> bytes:
        """Return the 32-byte HMAC-SHA-256 of ``message`` under the current key for ``purpose``."""
        return hmac.digest(self.current.derive(purpose), message, "sha256")

    def macs(self, purpose: str, message: bytes) -> tuple[bytes, ...]:
        """Return the MAC of ``message`` under every present key: what to look for where MACs are stored."""
        keys = (key.derive(purpose) for key in self.keys)
        return tuple(hmac.digest(key, message, "sha256") for key in keys)

    def verify(self, purpose: str, message: bytes, mac: bytes) -> bool:
        """Tell in constant time whether any present key made ``mac``."""
        genuine = False
        for key in self.keys:
            genuine |= equal(hmac.digest(key.derive(purpose), message, "sha256"), mac)
        return genuine

    def seal(self, purpose: str, plain: bytes, *, about: str) -> tuple[str, bytes]:
        """Encrypt ``plain`` and bind it to ``about``; return the root key's id and the sealed bytes."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = AESGCM(self.current.derive(purpose)).encrypt(nonce, plain, about.encode())
        return self.current.key_id, nonce + sealed

    def unseal(self, purpose: str, sealed: bytes, *, key_id: str, about: str) -> bytes:
        """Return what was sealed.

        Raises:
            SealBrokenError: the root key is not present, or value, purpose or ``about`` is not the sealed one.
        """
        key = next((key for key in self.keys if key.key_id == key_id), None)
        if key is None:
            raise SealBrokenError(detail=f"root key {key_id} is not present")
        try:
            nonce, body = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
            return AESGCM(key.derive(purpose)).decrypt(nonce, body, about.encode())
        except (InvalidTag, ValueError):  # a value cut short has no nonce
            raise SealBrokenError(detail=f"{about} does not open with root key {key_id}") from None


def load(directory: Path, configured: str | None) -> RootKeys:
    """Return the root keys of ``configured`` (base64url, the newest first, separated by commas) or ``directory``.

    Raises:
        ConfigurationError: no key, a malformed one, or a file that others may read.
    """
    if configured:
        try:
            secrets = [decode(part.strip().rstrip("=")) for part in configured.split(",")]
        except ValueError:
            raise ConfigurationError("SIGNET_ROOT_KEY is not base64url") from None
        return RootKeys(tuple(RootKey.of(secret) for secret in secrets))
    # Names begin with the UTC time of making, so that the newest sorts last.
    files = sorted(directory.glob("root-*.key"), reverse=True)
    if not files:
        raise ConfigurationError(f"no root key in {directory}; `signet serve` makes the first one")
    return RootKeys(tuple(RootKey.of(_read(path)) for path in files))


def create(directory: Path, *, name: str) -> Path:
    """Write a new root key as ``root-<name>.key``, mode 0600, complete or not at all; return its path."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = directory / f"root-{name}.key"
    unfinished = directory / f".root-{name}.{os.getpid()}.new"
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(encode(os.urandom(SECRET_BYTES)) + "\n")
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)
    # The name too must survive a power cut, before anything is sealed under the key.
    folder = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return path


def current() -> RootKeys:
    """Return the root keys of the running application."""
    keys: RootKeys = current_app.extensions["signet.root_keys"]
    return keys


def _read(path: Path) -> bytes:
    if stat.S_IMODE(path.stat().st_mode) & _GROUP_AND_OTHERS:
        raise ConfigurationError(f"{path} can be read by others: chmod 600 {path}")
    try:
        return decode(path.read_text("ascii").strip())
    except ValueError:
        raise ConfigurationError(f"{path} is not a root key") from None
