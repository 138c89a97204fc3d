import hmac
from base64 import urlsafe_b64encode

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.core import root_key
from app.core.errors import ConfigurationError
from app.core.root_key import RootKey, RootKeys, SealBrokenError
from app.core.secrets import encode

OLD = RootKey.of(b"\x01" * 32)
NEW = RootKey.of(b"\x02" * 32)
PLAIN = b"a private key"


def secret(fill):
    return encode(bytes([fill]) * 32)


@pytest.mark.spec("RFC 5869", "2.3")
def test_a_purpose_has_the_key_that_hkdf_gives_it():
    kdf = HKDF(SHA256(), length=32, salt=None, info=b"signet/code")
    assert OLD.derive("code") == kdf.derive(b"\x01" * 32)


def test_purposes_and_root_keys_have_different_keys():
    derived = {key.derive(purpose) for key in (OLD, NEW) for purpose in ("code", "refresh", "cod")}
    assert len(derived) == 6


def test_a_purpose_has_the_same_key_for_ever():
    assert RootKey.of(b"\x01" * 32).derive("code") == OLD.derive("code")


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_root_key_of_another_size_is_refused(size):
    with pytest.raises(ConfigurationError):
        RootKey.of(bytes(size))


def test_no_secret_is_in_a_representation():
    keys = RootKeys((OLD,))
    keys.mac("code", b"message")
    assert "\\x01" not in repr(keys)
    assert repr(OLD.derive("code"))[2:10] not in repr(keys)


def test_the_key_id_tells_keys_apart_and_is_no_part_of_them():
    assert OLD.key_id != NEW.key_id
    assert OLD.key_id not in (b"\x01" * 32).hex()


def test_a_mac_is_hmac_sha256_under_the_newest_key():
    mac = RootKeys((NEW, OLD)).mac("code", b"message")
    assert mac == hmac.digest(NEW.derive("code"), b"message", "sha256")


def test_a_mac_of_an_older_key_still_counts():
    mac = RootKeys((OLD,)).mac("code", b"message")
    assert RootKeys((NEW, OLD)).verify("code", b"message", mac)


@pytest.mark.parametrize(
    ("purpose", "message", "cut"),
    [("refresh", b"message", None), ("code", b"massage", None), ("code", b"message", 31)],
    ids=["purpose", "message", "truncated"],
)
def test_a_mac_counts_for_its_purpose_and_message_alone(purpose, message, cut):
    mac = RootKeys((OLD,)).mac("code", b"message")
    assert not RootKeys((OLD,)).verify(purpose, message, mac[:cut])


def test_a_mac_of_a_removed_key_does_not_count():
    mac = RootKeys((OLD,)).mac("code", b"message")
    assert not RootKeys((NEW,)).verify("code", b"message", mac)


def test_an_empty_mac_does_not_count():
    assert not RootKeys((OLD,)).verify("code", b"message", b"")


def test_what_is_sealed_is_opened():
    key_id, sealed = RootKeys((OLD,)).seal("signing-key", PLAIN, about="kid")
    assert PLAIN not in sealed
    both = RootKeys((NEW, OLD))
    assert both.unseal("signing-key", sealed, key_id=key_id, about="kid") == PLAIN


@pytest.mark.spec("NIST SP 800-38D", "8.2")
def test_no_two_seals_are_alike():
    keys = RootKeys((OLD,))
    assert len({keys.seal("signing-key", PLAIN, about="kid")[1][:12] for _ in range(64)}) == 64


@pytest.mark.parametrize(
    ("purpose", "about", "change"),
    [
        ("other", "kid", None),
        ("signing-key", "another", None),
        ("signing-key", "kid", 0),
        ("signing-key", "kid", 13),
        ("signing-key", "kid", -1),
    ],
    ids=["purpose", "about", "nonce", "body", "tag"],
)
def test_a_seal_that_was_touched_does_not_open(purpose, about, change):
    keys = RootKeys((OLD,))
    key_id, sealed = keys.seal("signing-key", PLAIN, about="kid")
    touched = bytearray(sealed)
    if change is not None:
        touched[change] ^= 1
    with pytest.raises(SealBrokenError):
        keys.unseal(purpose, bytes(touched), key_id=key_id, about=about)


@pytest.mark.parametrize("size", [0, 5, 12, 20])
def test_a_seal_cut_short_does_not_open(size):
    keys = RootKeys((OLD,))
    key_id, sealed = keys.seal("signing-key", PLAIN, about="kid")
    with pytest.raises(SealBrokenError):
        keys.unseal("signing-key", sealed[:size], key_id=key_id, about="kid")


def test_a_seal_of_a_removed_key_does_not_open():
    key_id, sealed = RootKeys((OLD,)).seal("signing-key", PLAIN, about="kid")
    with pytest.raises(SealBrokenError, match="not present"):
        RootKeys((NEW,)).unseal("signing-key", sealed, key_id=key_id, about="kid")


def test_a_new_key_is_a_private_file_and_complete(tmp_path):
    folder = tmp_path / "keys"
    path = root_key.create(folder, name="20300517T120000Z")
    assert path.name == "root-20300517T120000Z.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [each.name for each in folder.iterdir()] == [path.name]
    [key] = root_key.load(folder, None).keys
    assert len(key.derive("any")) == 32


def test_two_new_keys_differ(tmp_path):
    root_key.create(tmp_path, name="1")
    root_key.create(tmp_path, name="2")
    assert len({key.key_id for key in root_key.load(tmp_path, None).keys}) == 2


def test_the_newest_file_makes_and_all_of_them_open(tmp_path):
    for name, fill in (("20300101T000000Z", 1), ("20310101T000000Z", 2)):
        path = tmp_path / f"root-{name}.key"
        path.write_text(secret(fill) + "\n")
        path.chmod(0o600)
    (tmp_path / "README.md").write_text("not a key")
    assert root_key.load(tmp_path, None).keys == (NEW, OLD)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_may_read_is_refused(tmp_path, mode):
    path = root_key.create(tmp_path, name="1")
    path.chmod(mode)
    with pytest.raises(ConfigurationError, match="can be read by others"):
        root_key.load(tmp_path, None)


@pytest.mark.parametrize("content", ["", "short", "!" * 43, "A" * 44, secret(1)[:-1] + "="])
def test_a_file_that_is_no_root_key_is_refused(tmp_path, content):
    path = tmp_path / "root-1.key"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(ConfigurationError) as refusal:
        root_key.load(tmp_path, None)
    assert content == "" or content not in str(refusal.value)


def test_a_folder_without_a_key_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="no root key"):
        root_key.load(tmp_path, None)


def test_configured_keys_are_taken_instead_of_the_folder(tmp_path):
    configured = f"{secret(2)}, {urlsafe_b64encode(bytes([1]) * 32).decode()}"
    assert root_key.load(tmp_path / "nowhere", configured).keys == (NEW, OLD)


@pytest.mark.parametrize("configured", ["short", "!" * 43, f"{secret(1)},", "é" * 43])
def test_a_configured_key_that_is_none_is_refused_without_being_quoted(tmp_path, configured):
    with pytest.raises(ConfigurationError) as refusal:
        root_key.load(tmp_path, configured)
    assert configured not in str(refusal.value)
