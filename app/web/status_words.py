"""A title and a sentence for each status code, said to people and programs alike.

The words are English and translated where a page shows them; programs get them as they stand.
"""

# Marks a string for the translators' catalogue and leaves it as it is.
N_ = str

_SERVER_ERROR = 500

_WORDS = {
    400: (N_("This request cannot be answered"), N_("Something in it is missing or malformed.")),
    401: (N_("Please sign in"), N_("This address asks who you are.")),
    403: (N_("This is not open to you"), N_("Your account may not do this.")),
    404: (N_("There is nothing here"), N_("The address is mistyped, or what was here is gone.")),
    405: (N_("This is not possible here"), N_("This address answers other kinds of request.")),
    409: (N_("This contradicts what is there"), N_("Somebody may have changed it meanwhile.")),
    413: (N_("This request is too large"), N_("More was sent than is ever needed here.")),
    415: (N_("This format is not understood"), N_("Send what this address asks for.")),
    429: (N_("Too many attempts"), N_("Please wait a moment and try again.")),
    500: (N_("Something went wrong here"), N_("It was recorded. Please try again later.")),
    503: (N_("Busy at the moment"), N_("The service is busy. Please try again in a moment.")),
}  # fmt: skip


def words(status: int) -> tuple[str, str]:
    """Return title and sentence for ``status``; 400 or 500 speaks for one that is not listed."""
    return _WORDS.get(status) or _WORDS[_SERVER_ERROR if status >= _SERVER_ERROR else 400]
