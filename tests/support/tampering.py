"""Secrets that are nearly right: a change that may by chance be none would fail one run in sixty-four."""


def with_another_end(secret: str, characters: int = 1) -> str:
    """Return ``secret`` with its last ``characters`` changed, each of them, to others of its alphabet."""
    head, end = secret[:-characters], secret[-characters:]
    return head + "".join("B" if each == "A" else "A" for each in end)
