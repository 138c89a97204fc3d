"""Hostile values and their hostile spellings: text, forms, bodies and headers, whatever the route."""

import json
from collections.abc import Iterable, Sequence
from urllib.parse import quote, urlencode

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

# Stands in every page unescaped if anything does.
MARK = "<i7q x=\"'&"
FORM = "application/x-www-form-urlencoded"
LIMIT = 65536
Pair = tuple[str, str]

NASTY: tuple[str, ...] = (
    "", " ", "\0", "a\0b", "\x7f", "\x85", "\t", "a\r\nX-Injected: 1", "\n", "\u2028", "\ufeff", "\u202etxt",
    "\ud800", "\udfff\ud800", "é", "e\u0301", "ﬁ", "İ", "ß", "\uff11\uff12", "١٢٣", "\U0001d7d9\U0001d7da", "\U0001f511" * 9,
    MARK, f"{MARK}>", f"javascript:alert(1)//{MARK}", "</title><script>i7q</script>", "{{7*7}}", "${7*7}", "%s%n",
    "' OR '1'='1", "'; DROP TABLE users;--", "\\", '"', "`id`", "$(id)", "|id", "%", "%zz", "%00", "%c0%af", "+",
    "../../../etc/passwd", "..\\..\\x", "/", "//", "///evil.example", "//evil.example", "/\\evil.example",
    "https://evil.example/callback", "http://127.0.0.1:8000@evil.example/", "https://[::1", "https://a:99999999/",
    "https://a:b:c", "http://", "https://app.example/callback/..", "https://app.example/callback?x#y", "mailto:x",
    "-1", "0", "00", "1e308", "-1e308", "9" * 400, str(2**31), str(2**63), str(2**64), "0x10", "1_000", "+1", "1.5",
    "NaN", "Infinity", "null", "true", "[]", "{}", "{", "[" * 3000, '{"a":' * 900, "\x00" * 300, "." * 300,
    "e30.e30.", "a.b.c", "a.b.c.d.e", "=", "==", "A=", "AA==", "-", "_", "sgr_", "sgc_", "sgs_", "sgk_", "sgd_",
    "A" * 64, "A" * 255, "A" * 256, "A" * 4097, "é" * 3000, "a " * 2000, "a,", ",".join("ab" * 3000), "xn--", "a@b",
)  # fmt: skip


@st.composite
def mutated(draw: DrawFn, value: str) -> str:
    """Draw something that is nearly ``value``."""
    place = draw(st.integers(0, max(0, len(value) - 1)))
    head, letter, tail = value[:place], value[place : place + 1], value[place + 1 :]
    flipped = chr(ord(letter) ^ draw(st.sampled_from((1, 2, 4, 32)))) if letter else ""
    return draw(
        st.sampled_from((
            head, head + tail, head + flipped + tail, value + letter, value + value, value.swapcase(),
            f" {value}", f"{value} ", f"{value}\0", f"{value}\n", f"{value}=", f"{value}/../x", f"{value}%00",
            value[::-1], f"{value}.", quote(value, safe="", errors="surrogatepass"), head + "é" + tail, value + MARK,
        ))
    )  # fmt: skip


def texts(alive: Sequence[str]) -> st.SearchStrategy[str]:
    """Return hostile text: known tricks, genuine values in the wrong place, nearly genuine ones, noise."""
    known = st.sampled_from([value for value in alive if value])
    noise = st.text(st.characters(), max_size=30)
    return st.one_of(st.sampled_from(NASTY), known, known.flatmap(mutated), noise)


@st.composite
def spelled(draw: DrawFn, pairs: Iterable[Pair]) -> bytes:
    """Draw a form-urlencoded spelling of ``pairs``, most often the right one."""
    pairs = list(pairs)
    raw = urlencode(pairs, errors="surrogatepass", encoding="utf-8").encode()
    loose = "&".join(f"{name}={value}" for name, value in pairs).encode("utf-8", "surrogatepass")
    return draw(
        st.one_of(
            st.just(raw),
            st.just(raw),
            st.sampled_from((
                loose, raw.replace(b"&", b";"), raw + b"&" * 500, raw + b"&a" * 10_000, b"&=&=" + raw,
                raw + b"&" + raw, raw + b"&%", raw + b"&x=%zz", raw + b"&x=%ff%fe", raw + b"&x=\xff\xfe",
                raw + b"&\x00=\x00", raw + b"&x=%00", raw + b"&x[y]=1&x[]=2", raw + b"&" + b"x" * 9000,
                raw.replace(b"=", b"%3d"), b"?" + raw, raw[: len(raw) // 2], b"%ef%bb%bf" + raw, raw.upper(),
            )),
        )
    )  # fmt: skip


def _multipart(pairs: Sequence[Pair], boundary: str, end: str) -> bytes:
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in pairs
    ]
    return ("".join(parts) + end).encode("utf-8", "surrogatepass")


def bodies(pairs: Sequence[Pair]) -> st.SearchStrategy[tuple[str, bytes]]:
    """Return strange bodies that mean, or pretend to mean, ``pairs``, each with its media type."""
    form = urlencode(pairs, errors="surrogatepass").encode()
    mapped = json.dumps(dict(pairs)).encode()
    file = 'name="f"; filename="../../x"\r\nContent-Type: a\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    parts = f"multipart/form-data; boundary={'b' * 20}"
    return st.sampled_from((
        ("", form), ("text/plain", form), ("application/json", form), ("application/json", mapped), (FORM, mapped),
        ("application/json", b"[" * 20_000), ("application/json", b'{"a":1e999,"a":NaN,"b":' + b"9" * 5000 + b"}"),
        ("application/json", b'{"grant_type":"x","grant_type":"y"}'), ("application/json; charset=utf-16", mapped),
        (f"{FORM}; charset=utf-16", form.decode().encode("utf-16")), (f"{FORM}; charset=nonsense", form),
        (f"{FORM}; charset=utf-7", b"+AAA-"), (f'{FORM}; charset="', form), (f"{FORM};;;=;", form),
        (FORM.upper(), form), (f"{FORM}, text/html", form), (f" {FORM} ", form), (FORM, b"\xff\xfe" + form),
        (parts, _multipart(pairs, "b" * 20, f"--{'b' * 20}--\r\n")), (parts, _multipart(pairs, "b" * 20, "")),
        (parts, _multipart(pairs, "c", "")), ("multipart/form-data", form), (parts, b"--" + b"b" * 20),
        ("multipart/form-data; boundary=", form), ('multipart/form-data; boundary="', form),
        ("multipart/form-data; boundary=" + "b" * 9000, form), ("multipart/form-data; boundary=é", form),
        (parts, b"".join(b"--" + b"b" * 20 + b"\r\n" for _ in range(2000))),
        (parts, _multipart([(f"f{n}", "") for n in range(1100)], "b" * 20, f"--{'b' * 20}--")),
        (parts, f"--{'b' * 20}\r\nContent-Disposition: form-data; {file}AAAA\r\n--{'b' * 20}--".encode()),
        (parts, f"--{'b' * 20}\r\nContent-Disposition: {'x' * 9000}\r\n\r\n".encode()),
        (parts, b"--" + b"b" * 20 + b"\r\n" + b"X-Y: z\r\n" * 3000 + b"\r\nq"),
        (FORM, form.ljust(LIMIT - 1, b"&")), (FORM, form.ljust(LIMIT, b"&")), (FORM, form.ljust(LIMIT + 1, b"&")),
        (FORM, form + b"&pad=" + b"x" * 3 * LIMIT), (FORM, b"=" * 60_000), (FORM, b"%" * 60_000), (FORM, b"\0" * 999),
        ("application/jwt", b"e30.e30."), ("text/xml", b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'),
    ))  # fmt: skip


LENGTHS = st.sampled_from((
    None, None, "0", "1", "-1", "+5", " 5", "5 ", "abc", "", "1e3", "0x10", "9" * 30, "65536", "65537", "٣", "5, 5",
))  # fmt: skip

_LONG = "x" * 20_000
HEADERS: dict[str, tuple[str, ...]] = {
    "Host": ("", "evil.example", "a" * 5000, "127.0.0.1:8000:1", "é", "[::1", "a/b", "127.0.0.1:99999999", "a b"),
    "X-Forwarded-For": ("", "evil", "1.2.3.4, 5.6.7.8", "[::1]:443", "1.2.3.4:80", ",,,", "::1%eth0", "1," * 9000, "é"),
    "X-Forwarded-Host": ("evil.example",),
    "X-Forwarded-Proto": ("https", "javascript"),
    "X-Forwarded-Prefix": ("/evil", "//evil.example"),
    "Forwarded": ("for=evil;host=evil.example;proto=https", '"'),
    "X-Request-Id": ("a" * 64, "a" * 65, "../x", "x y", MARK, "\x01"),
    "X-Original-URL": ("/console",),
    "X-HTTP-Method-Override": ("DELETE",),
    "Accept": ("", "text/html", "application/json", "*/*;q=NaN", "text/html;" * 3000, "é", MARK),
    "Accept-Language": ("", "de", "x" * 3000, "de;q=9e999", "en;q=nan", "de-" * 2000, "*", "de,en;q=" + "9" * 400, "é", "de_DE\0",
                        "zh-Hant-x-" + "a-" * 99, "../de", "de;q=-1", "en;q=inf"),
    "Accept-Encoding": ("gzip;q=NaN", "gzip;" * 3000, "", "*;q=0", "gzip;q=1e9"),
    "Accept-Charset": ("utf-16",),
    "Range": ("bytes=0-", "bytes=-1", "bytes=9999999-", "bytes=" + "0-1," * 900, "lines=1-2", "bytes=a-b", "bytes=" + "9" * 99 + "-"),
    "If-None-Match": ("*", '"', 'W/"' + "a" * 5000, '"a",' * 3000, "é", '"\xff"'),
    "If-Match": ("*", '"x"', 'W/"x"'),
    "If-Modified-Since": ("Thu, 01 Jan 1970 00:00:00 GMT", "x", "9" * 99, "Thu, 99 Foo 99999 99:99:99 XYZ"),
    "If-Range": ("x", '"'),
    "Expect": ("100-continue", "200-ok"),
    "Upgrade": ("h2c", "websocket"),
    "Content-Encoding": ("gzip", "br", "x"),
    "Content-Type": ("", "/", "a/b/c", ";", "text/html; charset=\xff", _LONG),
    "Origin": ("null", "https://evil.example", "https://app.example", "https://app.example:443", "", "é", "http://[", MARK, _LONG),
    "Access-Control-Request-Method": ("POST", "x" * 3000),
    "Access-Control-Request-Headers": (MARK,),
    "Sec-Fetch-Site": ("cross-site", "same-site", "none", "x"),
    "Referer": ("https://evil.example/?" + MARK, "\xff"),
    "User-Agent": ("", MARK, _LONG, "é", "\x01\x02", "Firefox/" * 900, "%s%s%n"),
    "Authorization": (
        "", " ", "Basic", "Basic ", "Basic =", "Basic !!!!", "Basic YQ", "Basic YTpi", "Basic OmI=", "Basic YTo=", "Basic Og==",
        "Basic AGE6AA==", "Basic /////w==", "Basic 6Tpi", "basic YXBwOng=", "Basic YXBwOiVmZg==", "Basic YXBwOiUwMA==",
        "Basic " + "A" * 20_000, "Basic YXBw Ong=", "Basic\tYXBwOng=", "Basic YXBwOng=, Bearer x", "Bearer", "Bearer ",
        "Bearer \t", "Bearer é", "Bearer x y", "bearer e30.e30.", "Bearer " + "x" * 30_000, "DPoP x", 'Digest username="', "é", "\xff\xfe",
        "Negotiate TlRMTVNTUA==", "Bearer null", "Bearer \ud83d\ude00".encode("utf-8", "surrogatepass").decode("latin-1"),
    ),
    "Cookie": (
        "", ";", "=", "a", "=x", ";;;=;=", "signet-session", "signet-session=", 'signet-session="', "signet-session=sgs_", "signet-form=.",
        "signet-form=e30.", "signet-form=..", "signet-form=.eJw", "signet-form=é", "signet-device=sgd_" + "A" * 64, "signet-session=sgs_" + "A" * 64,
        "a=b; " * 3000, "x=" + _LONG, "signet-session=\\000\\377", "signet-session=%00", "__Host-signet-session=sgs_x", "signet-form=" + "A" * 6000,
    ),
}  # fmt: skip


@st.composite
def headers(draw: DrawFn) -> tuple[str, str]:
    """Draw one hostile header."""
    name = draw(st.sampled_from(sorted(HEADERS)))
    return name, draw(st.sampled_from(HEADERS[name]))
