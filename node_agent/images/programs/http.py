"""HTTP/1.1 as bytes: requests cut out of a buffer, responses put together. No I/O is done here."""

from typing import NamedTuple

REASONS = {
    200: "OK",
    204: "No Content",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
METHODS = (b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"PATCH", b"OPTIONS")
HEX_DIGITS = frozenset("0123456789abcdefABCDEF")
HEAD_LIMIT = 64 << 10


class Request(NamedTuple):
    """One request. Header names are in lower case; `query` holds the last value of each name."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    keep_alive: bool


class Response(NamedTuple):
    """What to answer."""

    body: bytes = b""
    status: int = 200
    content_type: str = "text/plain; charset=utf-8"
    exit_code: int | None = None  # the program ends with it after this answer

    @classmethod
    def text(cls, text: str, status: int = 200) -> "Response":
        return cls(text.encode(), status)


def looks_like_http(data: bytes) -> bool:
    """Whether the first bytes of a connection are a request's, as far as they go."""
    word = data.split(b" ", 1)[0]
    if b" " in data:
        return word in METHODS and (b"\n" not in data or b"HTTP/1." in data.split(b"\n", 1)[0])
    return any(method.startswith(word) for method in METHODS)


def cut_request(buffer: bytes) -> tuple[Request | None, bytes]:
    """The first request in the buffer and what follows it; None while it is not complete. Raises ValueError."""
    head, found, rest = buffer.partition(b"\r\n\r\n")
    if not found:
        if len(buffer) > HEAD_LIMIT:
            raise ValueError("the head of the request is too long")
        return None, buffer
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, version = first.split(" ")
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    length = int(headers.get("content-length", "0"))
    if len(rest) < length:
        return None, buffer
    path, _, query = target.partition("?")
    wish = headers.get("connection", "").lower()
    keep_alive = wish == "keep-alive" if version == "HTTP/1.0" else wish != "close"
    request = Request(method, unquote(path), parse_query(query), headers, rest[:length], keep_alive)
    return request, rest[length:]


def parse_query(text: str) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in text.split("&") if pair)
    return {unquote(name, plus=True): unquote(value, plus=True) for name, _, value in pairs}


def unquote(text: str, *, plus: bool = False) -> str:
    """Percent-decoding (RFC 3986); what is not a valid escape stays as it is."""
    first, *parts = (text.replace("+", " ") if plus else text).split("%")
    decoded = [first.encode("latin-1", "replace")]
    for part in parts:
        if len(part) >= 2 and HEX_DIGITS.issuperset(part[:2]):
            decoded.append(bytes.fromhex(part[:2]) + part[2:].encode("latin-1", "replace"))
        else:
            decoded.append(b"%" + part.encode("latin-1", "replace"))
    return b"".join(decoded).decode("utf-8", "replace")


def encode(response: Response, request: Request | None) -> bytes:
    keep_alive = request is not None and request.keep_alive
    head = f"HTTP/1.1 {response.status} {REASONS.get(response.status, 'Status')}\r\n"
    head += f"Content-Type: {response.content_type}\r\n"
    head += f"Content-Length: {len(response.body)}\r\n"
    head += f"Connection: {'keep-alive' if keep_alive else 'close'}\r\n\r\n"
    return head.encode() + (b"" if request is not None and request.method == "HEAD" else response.body)
