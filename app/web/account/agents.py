"""A browser's long name for itself, in three words: enough for people to recognise their own."""

from app.web.language import gettext

# The first that matches counts: nearly every browser also claims to be Safari, and Chrome after it.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
)
_LONGEST_UNKNOWN = 40


def summary(agent: str | None) -> str | None:
    """Return such as ``Firefox on Linux`` for a User-Agent, or the beginning of an unknown one."""
    if not agent:
        return None
    browser = next((name for sign, name in _BROWSERS if sign in agent), None)
    system = next((name for sign, name in _SYSTEMS if sign in agent), None)
    if browser and system:
        return gettext("%(browser)s on %(system)s", browser=browser, system=system)
    return browser or system or agent[:_LONGEST_UNKNOWN]
