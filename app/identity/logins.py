"""What people type to say who they are: user names and e-mail addresses, and when two are the same.

Specs:
    Unicode 15 section 3.13    compatibility caseless matching (D146)
    ASVS 5.0 2.2.1             what is accepted is written down here

``Ada``, ``ada`` and their full-width look-alikes are one person. A user name holds an ``@`` only
where it is the person's own e-mail address, so nobody can sign up under the address of somebody
else.
"""

import re
import unicodedata

from app.core.errors import InvalidInputError

LONGEST_USERNAME = 128
LONGEST_EMAIL = 254
_LONGEST_KEY = 512

# Addresses are identifiers to us and mail inside a company is mail: names that the public DNS will
# never know are good ones.
_GOOD_DOMAINS = frozenset({"local", "test"})

# Letters to Unicode, nothing to the eye: fillers, joiners, variation selectors, the blank Braille
# pattern.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_LOOKS_LIKE_AN_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def fold(text: str) -> str:
    """Return the form in which two spellings of one name are equal."""
    for _ in range(2):
        text = unicodedata.normalize("NFKC", text.casefold())
    return text


def key_of(login: str) -> str | None:
    """Return the key under which this would be stored; ``None`` if nobody can be called so."""
    login = login.strip()
    if not login.isprintable() or len(login) > _LONGEST_KEY:
        return None
    if "@" in login:
        try:
            login = _parsed(login)
        except ValueError:
            return None
    key = fold(login)
    return key if 0 < len(key) <= _LONGEST_KEY else None


def username(text: str, *, email: str | None) -> str:
    """Return ``text`` in NFC if it is a good user name for whoever has this (checked) address.

    Raises:
        InvalidInputError: it is empty, too long, not visible as it is, or somebody's e-mail
        address.
    """
    name = unicodedata.normalize("NFC", text)
    if not 1 <= len(name) <= LONGEST_USERNAME or len(fold(name)) > 2 * LONGEST_USERNAME:
        raise _bad_username(f"A user name has 1 to {LONGEST_USERNAME} characters.")
    if name != name.strip() or not name.isprintable() or _INVISIBLE.search(name):
        raise _bad_username("A user name has visible characters only, and no space at its ends.")
    if "@" in fold(name) and (email is None or key_of(name) != key_of(email)):
        raise _bad_username("A user name has an @ only where it is the person's e-mail address.")
    if _LOOKS_LIKE_AN_ID.fullmatch(name):
        raise _bad_username("A user name does not look like an account's identifier.")
    return name


def email(text: str) -> str:
    """Return ``text`` as it is stored: the domain in lower case, the rest as it was written.

    Raises:
        InvalidInputError: it is not the syntax of an e-mail address. No DNS is asked.
    """
    try:
        address = _parsed(text)
    except ValueError as error:
        raise InvalidInputError(
            "This is not an e-mail address.", field="email", detail=str(error)
        ) from None
    if len(address) > LONGEST_EMAIL or not address.isprintable() or _INVISIBLE.search(address):
        raise InvalidInputError("This is not an e-mail address.", field="email")
    return address


def email_key(address: str) -> str:
    """Return the key of a checked e-mail address."""
    return fold(address)


def _parsed(text: str) -> str:
    """Return a normalised e-mail address.

    Raises:
        ValueError: it is not one.
    """
    # Imported here: the library takes longer to load than all else in this package, and most of
    # what starts never sees an address.
    import email_validator

    # The list is a setting of the library, for this purpose. Written as a whole, so that threads
    # which come first together do it alike.
    special = email_validator.SPECIAL_USE_DOMAIN_NAMES
    special[:] = [name for name in special if name not in _GOOD_DOMAINS]
    return email_validator.validate_email(
        text, check_deliverability=False, globally_deliverable=False, test_environment=True
    ).normalized


def _bad_username(why: str) -> InvalidInputError:
    return InvalidInputError(why, field="username")
