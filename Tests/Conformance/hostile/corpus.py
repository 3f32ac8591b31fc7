"""Raw requests that two readers could take for different things, or that no reader should take at all, and what has to
become of each: refused with a status, or passed on as exactly these bodies.

Every request carries the name of its case, so that what reaches a backend can be told apart. Sources are sections of
RFC 9112 (HTTP/1.1), RFC 9110 (semantics) and RFC 3986 (URIs), and classes of published attacks.
"""

import dataclasses

HOST = "model-bench001.api.localhost"
KEY = "benchmark.0123456789abcdef0123456789abcdef"
PATH = "/production/predict"
# A model's own routes take every method.
SYNC = "/production/sync/echo"


@dataclasses.dataclass
class Case:
    name: str
    raw: bytes
    source: str
    # A status means refused; a list means passed on with these bodies, in this order.
    verdict: int | list
    # Why nginx comes to another verdict, where that is known and accepted.
    nginx: str | None = None


CASES = []
_group = {"source": "", "nginx": None}


def group(source, nginx=None):
    _group.update(source=source, nginx=nginx)


def filled(raw, name):
    for mark, text in [
        ("@PATH", PATH), ("@SYNC", SYNC), ("@CASE", name), ("@HOST", HOST), ("@UPPERHOST", HOST.upper()), ("@KEY", KEY)
    ]:
        raw = raw.replace(mark, text)
    return raw


def case(name, raw, verdict, nginx=None):
    assert name not in {c.name for c in CASES}, name
    CASES.append(Case(name, filled(raw, name).encode("latin-1"), _group["source"], verdict, nginx or _group["nginx"]))


# Every request needs these to be routed.
USUAL = "Host: @HOST\r\nAuthorization: Api-Key @KEY\r\nX-Case: @CASE\r\n"


def post(name, lines, body, verdict, usual=USUAL, start="POST @PATH HTTP/1.1", nginx=None):
    """A POST with these header lines (each ends with CR LF already or is given without)."""
    case(name, start + "\r\n" + usual + lines + "\r\n" + body, verdict, nginx)


def get(name, lines, verdict, start="GET @SYNC HTTP/1.1", usual=USUAL, nginx=None):
    case(name, start + "\r\n" + usual + lines + "\r\n", verdict, nginx)


SMUGGLED = "GET /production/sync/smuggled HTTP/1.1\r\n" + USUAL + "\r\n"
CHUNKED = "Transfer-Encoding: chunked\r\n"

# Requests that are as they should be: a filter that refuses everything is no filter.
group("RFC 9112 3, 6")
post("plain-length", "Content-Length: 5\r\n", "hello", ["hello"])
post("plain-chunked", CHUNKED, "5\r\nhello\r\n0\r\n\r\n", ["hello"])
post("plain-chunks", CHUNKED, "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", ["hello"])
post("plain-empty-length", "Content-Length: 0\r\n", "", [""])
post("plain-empty-chunked", CHUNKED, "0\r\n\r\n", [""])
get("plain-get", "", [""])
post("plain-no-length", "", "", [""])
post("chunk-size-upper", CHUNKED, "A\r\n0123456789\r\n0\r\n\r\n", ["0123456789"])
post("chunk-size-zeros", CHUNKED, "0005\r\nhello\r\n0000\r\n\r\n", ["hello"])
post("chunk-extension", CHUNKED, "5;name=value\r\nhello\r\n0\r\n\r\n", ["hello"])
post("chunk-extension-quoted", CHUNKED, '5;name="a value"\r\nhello\r\n0;last\r\n\r\n', ["hello"])
post("trailers", CHUNKED + "Trailer: X-Sum\r\n", "5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n", ["hello"])
post("pipelined", "Content-Length: 1\r\n", "aPOST @PATH HTTP/1.1\r\n" + USUAL + "Content-Length: 1\r\n\r\nb", ["a", "b"])
post("pipelined-chunked", CHUNKED, "1\r\na\r\n0\r\n\r\nPOST @PATH HTTP/1.1\r\n" + USUAL + CHUNKED + "\r\n1\r\nb\r\n0\r\n\r\n", ["a", "b"])
post("length-spaces-around", "Content-Length: \t 5 \t\r\n", "hello", ["hello"], nginx="takes spaces only, no tabs")
post("coding-upper-case", "transfer-encoding: CHUNKED\r\n", "5\r\nhello\r\n0\r\n\r\n", ["hello"])
post("length-leading-zeros", "Content-Length: 0005\r\n", "hello", ["hello"])
post("empty-field-value", "X-Empty:\r\nContent-Length: 1\r\n", "a", ["a"])
post("value-latin-1", "X-Text: caf\xe9\r\nContent-Length: 1\r\n", "a", ["a"])
post("value-tab-inside", "X-Text: a\tb\r\nContent-Length: 1\r\n", "a", ["a"])
post("expect-continue", "Expect: 100-continue\r\nContent-Length: 5\r\n", "hello", ["hello"])
post("leading-empty-line", "Content-Length: 1\r\n", "a", ["a"], start="\r\nPOST @PATH HTTP/1.1")

group("RFC 9112 6.3: a message with both lengths; request smuggling CL.TE and TE.CL",
      nginx="refuses a repeated or empty Transfer-Encoding as we do, and takes a single chunked one before Content-Length, "
            "as the RFC allows; we refuse, as it advises")
post("cl-te", "Content-Length: 6\r\n" + CHUNKED, "0\r\n\r\nG", 400)
post("te-cl", CHUNKED + "Content-Length: 4\r\n", "5c\r\n" + "x" * 92 + "\r\n0\r\n\r\n", 400)
post("cl-te-smuggle", "Content-Length: 200\r\n" + CHUNKED, "0\r\n\r\n" + SMUGGLED, 400)
post("te-cl-smuggle", "Content-Length: 4\r\n" + CHUNKED, "96\r\n" + SMUGGLED + "\r\n0\r\n\r\n", 400)
post("cl-zero-te", "Content-Length: 0\r\n" + CHUNKED, "5\r\nhello\r\n0\r\n\r\n", 400)
post("te-identity-cl", "Transfer-Encoding: identity\r\nContent-Length: 5\r\n", "hello", 400)
post("cl-te-http-1.0", "Content-Length: 5\r\n" + CHUNKED, "5\r\nhello\r\n0\r\n\r\n", 400, start="POST @PATH HTTP/1.0")
post("te-http-1.0", CHUNKED, "5\r\nhello\r\n0\r\n\r\n", 400, start="POST @PATH HTTP/1.0")
post("te-http-1.0-keep-alive", "Connection: keep-alive\r\n" + CHUNKED, "0\r\n\r\n" + SMUGGLED, 400, start="POST @PATH HTTP/1.0")

group("RFC 9112 6.1, 6.3: codings that end with something else than one chunked; TE.TE obfuscation",
      nginx="says 501 for more of them; takes a bare LF as the end of a line, and names beyond ASCII")
for name, line, status in [
    ("te-twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", 400),
    ("te-twice-list", "Transfer-Encoding: chunked, chunked", 400),
    ("te-identity", "Transfer-Encoding: identity", 400),
    ("te-identity-chunked", "Transfer-Encoding: identity, chunked", 501),
    ("te-chunked-identity", "Transfer-Encoding: chunked, identity", 400),
    ("te-gzip", "Transfer-Encoding: gzip", 400),
    ("te-gzip-chunked", "Transfer-Encoding: gzip, chunked", 501),
    ("te-chunked-gzip", "Transfer-Encoding: chunked, gzip", 400),
    ("te-xchunked", "Transfer-Encoding: xchunked", 400),
    ("te-chunkedx", "Transfer-Encoding: chunkedx", 400),
    ("te-chunked-comma", "Transfer-Encoding: chunked,", 400),
    ("te-comma-chunked", "Transfer-Encoding: ,chunked", 501),
    ("te-quoted", 'Transfer-Encoding: "chunked"', 400),
    ("te-parameter", "Transfer-Encoding: chunked;q=1", 400),
    ("te-empty", "Transfer-Encoding:", 400),
    ("te-cow", "Transfer-Encoding: cow", 400),
    ("te-chunked-and-cow", "Transfer-Encoding: chunked\r\nTransfer-Encoding: cow", 400),
    ("te-cow-and-chunked", "Transfer-Encoding: cow\r\nTransfer-Encoding: chunked", 501),
    ("te-space-before-colon", "Transfer-Encoding : chunked", 400),
    ("te-tab-before-colon", "Transfer-Encoding\t: chunked", 400),
    ("te-vertical-tab", "Transfer-Encoding: \x0bchunked", 400),
    ("te-form-feed", "Transfer-Encoding: chunked\x0c", 400),
    ("te-nul", "Transfer-Encoding: chunked\x00", 400),
    ("te-nbsp", "Transfer-Encoding: chunked\xa0", 400),
    ("te-leading-newline", "Transfer-Encoding:\n chunked", 400),
    ("te-obs-fold", "Transfer-Encoding:\r\n chunked", 400),
    ("te-in-value", "X: y\rTransfer-Encoding: chunked", 400),
    ("te-hidden-lf", "X: y\nTransfer-Encoding: chunked", 400),
    ("te-soft-hyphen", "Transfer\xadEncoding: chunked", 400),
    ("te-name-nul", "Transfer-Encoding\x00: chunked", 400),
]:
    post(name, line + "\r\n", "5\r\nhello\r\n0\r\n\r\n", status)
post("te-underscore", "Transfer_Encoding: chunked\r\nContent-Length: 5\r\n", "hello", ["hello"])
post("te-minus-end", "Transfer-Encoding-: chunked\r\nContent-Length: 5\r\n", "hello", ["hello"])

group("RFC 9112 6.2, RFC 9110 8.6: lengths that are not one number")
for name, line, status in [
    ("cl-twice", "Content-Length: 5\r\nContent-Length: 5", 400),
    ("cl-differs", "Content-Length: 5\r\nContent-Length: 6", 400),
    ("cl-differs-zero", "Content-Length: 0\r\nContent-Length: 5", 400),
    ("cl-list", "Content-Length: 5, 5", 400),
    ("cl-list-differs", "Content-Length: 5, 6", 400),
    ("cl-plus", "Content-Length: +5", 400),
    ("cl-minus", "Content-Length: -5", 400),
    ("cl-hex", "Content-Length: 0x5", 400),
    ("cl-hex-letter", "Content-Length: a", 400),
    ("cl-float", "Content-Length: 5.0", 400),
    ("cl-exponent", "Content-Length: 1e1", 400),
    ("cl-underscore", "Content-Length: 1_0", 400),
    ("cl-space-inside", "Content-Length: 1 0", 400),
    ("cl-empty", "Content-Length:", 400),
    ("cl-comma", "Content-Length: ,5", 400),
    ("cl-semicolon", "Content-Length: 5;", 400),
    ("cl-quoted", 'Content-Length: "5"', 400),
    ("cl-overflow-64", "Content-Length: 18446744073709551621", 400),
    ("cl-overflow-63", "Content-Length: 9223372036854775813", 400),
    ("cl-overflow-long", "Content-Length: " + "9" * 400, 400),
    ("cl-repeated-with-space", "Content-Length: 5\r\nContent-Length : 6", 400),
    ("cl-first-line-folded", " Content-Length: 5", 400),
    ("cl-nel", "Content-Length: 5\x85", 400),
    ("cl-space-before-colon", "Content-Length : 5", 400),
    ("cl-obs-fold", "Content-Length:\r\n 5", 400),
    ("cl-nul", "Content-Length: 5\x00", 400),
    ("cl-superscript", "Content-Length: \xb2", 400),
    ("cl-vertical-tab", "Content-Length: \x0b5", 400),
]:
    post(name, line + "\r\n", "hello", status)

group("RFC 9112 7.1: chunks that are not chunks",
      nginx="takes a bare LF where CR LF should be, and chunk sizes and extensions more loosely")
for name, body in [
    ("chunk-negative", "-5\r\nhello\r\n0\r\n\r\n"),
    ("chunk-plus", "+5\r\nhello\r\n0\r\n\r\n"),
    ("chunk-0x", "0x5\r\nhello\r\n0\r\n\r\n"),
    ("chunk-space-before", " 5\r\nhello\r\n0\r\n\r\n"),
    ("chunk-letters", "xyz\r\nhello\r\n0\r\n\r\n"),
    ("chunk-empty-size", "\r\nhello\r\n0\r\n\r\n"),
    ("chunk-only-extension", ";a=b\r\nhello\r\n0\r\n\r\n"),
    ("chunk-overflow", "10000000000000005\r\nhello\r\n0\r\n\r\n"),
    ("chunk-overflow-sign", "8000000000000005\r\nhello\r\n0\r\n\r\n"),
    ("chunk-long-size", "0" * 40 + "5\r\nhello\r\n0\r\n\r\n"),
    ("chunk-lf-size", "5\nhello\r\n0\r\n\r\n"),
    ("chunk-lf-data", "5\r\nhello\n0\r\n\r\n"),
    ("chunk-lf-end", "5\r\nhello\r\n0\n\n"),
    ("chunk-cr-only", "5\rhello\r0\r\r"),
    ("chunk-no-end", "5\r\nhello0\r\n\r\n"),
    ("chunk-too-long", "5\r\nhelloo\r\n0\r\n\r\n"),
    ("chunk-too-short", "6\r\nhello\r\n0\r\n\r\n"),
    ("chunk-junk-after-size", "5 x\r\nhello\r\n0\r\n\r\n"),
    ("chunk-nul-size", "5\x00\r\nhello\r\n0\r\n\r\n"),
    ("chunk-comma", "5,5\r\nhello\r\n0\r\n\r\n"),
    ("chunk-extension-lf", "5;a\nb\r\nhello\r\n0\r\n\r\n"),
    ("chunk-extension-cr", "5;a\rb\r\nhello\r\n0\r\n\r\n"),
    ("chunk-extension-empty-lf", "2;\nhe\r\n0\r\n\r\n"),
    ("chunk-cr-cr-lf", "5\r\r\nhello\r\n0\r\n\r\n"),
    ("chunk-lf-cr", "5\n\rhello\r\n0\r\n\r\n"),
    ("chunk-end-of-other-bytes", "5\r\nhelloXX0\r\n\r\n"),
    ("chunk-end-cr-x", "5\r\nhello\rX0\r\n\r\n"),
    ("chunk-end-doubled", "5\r\nhello\r\n\r\n0\r\n\r\n"),
    ("chunk-size-tab", "5\t\r\nhello\r\n0\r\n\r\n"),
    ("chunk-extension-nul", "5;a\x00b\r\nhello\r\n0\r\n\r\n"),
    ("chunk-extension-huge", "5;" + "a" * 20000 + "\r\nhello\r\n0\r\n\r\n"),
    ("chunk-wide-digit", "\xb5\r\nhello\r\n0\r\n\r\n"),
    ("trailer-malformed", "5\r\nhello\r\n0\r\nno colon\r\n\r\n"),
    ("trailer-lf", "5\r\nhello\r\n0\r\nX-Sum: 1\n\r\n"),
    ("trailer-space-name", "5\r\nhello\r\n0\r\nX Sum: 1\r\n\r\n"),
    ("trailer-obs-fold", "5\r\nhello\r\n0\r\nX-Sum: 1\r\n 2\r\n\r\n"),
    ("trailer-nul", "5\r\nhello\r\n0\r\nX-Sum: \x00\r\n\r\n"),
    ("trailer-huge", "5\r\nhello\r\n0\r\nX-Sum: " + "a" * 200000 + "\r\n\r\n"),
]:
    post(name, CHUNKED, body, 400)

group("RFC 9110 6.5: trailers that would be framing, routing or keys")
for name, line in [
    ("trailer-length", "Content-Length: 7"), ("trailer-te", "Transfer-Encoding: chunked"),
    ("trailer-host", "Host: evil"), ("trailer-key", "Authorization: Api-Key evil"),
    ("trailer-connection", "Connection: close"), ("trailer-request-id", "X-Baseten-Request-Id: evil"),
]:
    post(name, CHUNKED, "5\r\nhello\r\n0\r\n" + line + "\r\n\r\n", ["hello"])

group("RFC 9112 5: header lines", nginx="takes a bare LF as the end of a line, as RFC 9112 2.2 allows a recipient to")
for name, lines, status in [
    ("header-bare-lf", "X-A: b\nX-B: c\r\n", 400),
    ("header-bare-cr", "X-A: b\rX-B: c\r\n", 400),
    ("header-cr-cr-lf", "X-A: b\r\r\n", 400),
    ("header-nul", "X-A: b\x00c\r\n", 400),
    ("header-control", "X-A: b\x01c\r\n", 400),
    ("header-delete", "X-A: b\x7fc\r\n", 400),
    ("header-no-colon", "X-A\r\n", 400),
    ("header-empty-name", ": value\r\n", 400),
    ("header-space-name", "X A: b\r\n", 400),
    ("header-tab-name", "X\tA: b\r\n", 400),
    ("header-space-before-colon", "X-A : b\r\n", 400),
    ("header-bracket-name", "X(A): b\r\n", 400),
    ("header-at-name", "X@A: b\r\n", 400),
    ("header-latin-name", "X-\xe9: b\r\n", 400),
    ("header-nul-name", "X\x00A: b\r\n", 400),
    ("header-leading-space", " X-A: b\r\n", 400),
    ("header-obs-fold", "X-A: b\r\n c\r\n", 400),
    ("header-obs-fold-tab", "X-A: b\r\n\tc\r\n", 400),
    ("header-too-many", "".join(f"X-{n}: a\r\n" for n in range(400)), 431),
    ("header-too-large", "X-A: " + "a" * 300000 + "\r\n", 431),
    ("header-name-too-large", "X" * 300000 + ": a\r\n", 431),
]:
    get(name, lines, status)
case("header-lf-everywhere", "GET @PATH HTTP/1.1\n" + USUAL.replace("\r", "") + "\n", 400)
case("header-end-lf-crlf", "GET @PATH HTTP/1.1\r\n" + USUAL + "\n", 400)
case("header-first-space", "GET @PATH HTTP/1.1\r\n " + USUAL + "\r\n", 400)

group("RFC 9112 3.2: Host", nginx="takes most characters in Host")
get("host-missing", "", 400, usual=USUAL.replace("Host: @HOST\r\n", ""))
get("host-twice", "Host: @HOST\r\n", 400)
get("host-twice-differs", "Host: evil\r\n", 400)
for name, host in [
    ("host-space", "@HOST evil"), ("host-comma", "@HOST,evil"), ("host-userinfo", "user@@HOST"),
    ("host-path", "@HOST/evil"), ("host-query", "@HOST?evil"), ("host-fragment", "@HOST#evil"),
    ("host-backslash", "@HOST\\evil"), ("host-angle", "<@HOST>"), ("host-quote", '"@HOST"'),
    ("host-nul", "@HOST\x00"), ("host-tab", "@HOST\tevil"),
]:
    get(name, "", 400, usual=USUAL.replace("@HOST", host))
# No model's host: for the management server, which the host of this test has not, so 502.
_group["nginx"] = "has one host; we route by it"
get("host-missing-1.0", "", 502, start="GET @PATH HTTP/1.0", usual=USUAL.replace("Host: @HOST\r\n", ""))
get("host-other", "", 502, usual=USUAL.replace("@HOST", "nobody.example"))
get("host-empty", "", 502, usual=USUAL.replace("@HOST", ""))
get("host-port-large", "", [""], usual=USUAL.replace("@HOST", "@HOST:99999"))
get("host-trailing-dot", "", [""], usual=USUAL.replace("@HOST", "@HOST."))
get("host-upper", "", [""], usual=USUAL.replace("@HOST", "@UPPERHOST"))

group("RFC 9112 3: request lines", nginx="is looser about the request line")
for name, line, verdict in [
    ("line-lower-method", "get @PATH HTTP/1.1", 405),
    ("line-no-version", "GET @PATH", 400),
    ("line-http-0.9", "GET @PATH HTTP/0.9", 505),
    ("line-http-1.2", "GET @PATH HTTP/1.2", 505),
    ("line-http-2.0", "GET @PATH HTTP/2.0", 505),
    ("line-http-9.9", "GET @PATH HTTP/9.9", 505),
    ("line-http-10", "GET @PATH HTTP/1.10", 400),
    ("line-http-lower", "GET @PATH http/1.1", 400),
    ("line-http-space", "GET @PATH HTTP /1.1", 400),
    ("line-http-x", "GET @PATH HTTP/x.y", 505),
    ("line-version-junk", "GET @PATH HTTP/1.1x", 400),
    ("line-version-space", "GET @PATH HTTP/1.1 ", 400),
    ("line-two-spaces", "GET  @PATH HTTP/1.1", 400),
    ("line-two-spaces-after", "GET @PATH  HTTP/1.1", 400),
    ("line-tab", "GET\t@PATH HTTP/1.1", 400),
    ("line-leading-space", " GET @PATH HTTP/1.1", 400),
    ("line-no-method", " @PATH HTTP/1.1", 400),
    ("line-space-in-target", "GET @PATH /x HTTP/1.1", 400),
    ("line-nul-in-target", "GET @PATH\x00 HTTP/1.1", 400),
    ("line-control-in-target", "GET @PATH\x01 HTTP/1.1", 400),
    ("line-delete-in-target", "GET @PATH\x7f HTTP/1.1", 400),
    ("line-cr-in-target", "GET @PATH\r HTTP/1.1", 400),
    ("line-bad-method", "G(T @PATH HTTP/1.1", 400),
    ("line-method-colon", "GET: @PATH HTTP/1.1", 400),
    ("line-method-latin", "G\xc9T @PATH HTTP/1.1", 400),
    ("line-no-slash", "GET production/predict HTTP/1.1", 400),
    ("line-authority-form", "GET @HOST:80 HTTP/1.1", 400),
    ("line-connect", "CONNECT @HOST:80 HTTP/1.1", 400),
    ("line-connect-path", "CONNECT @PATH HTTP/1.1", 400),
    ("line-asterisk-get", "GET * HTTP/1.1", 404),
    ("line-trace", "TRACE @PATH HTTP/1.1", 405),
    ("line-unknown-method", "BREW @PATH HTTP/1.1", 405),
    ("line-scheme-ftp", "GET ftp://@HOST@PATH HTTP/1.1", 400),
    ("line-scheme-javascript", "GET javascript:alert(1) HTTP/1.1", 400),
    ("line-uri-no-host", "GET http:///production/predict HTTP/1.1", 400),
    ("line-uri-userinfo", "GET http://user@@HOST@PATH HTTP/1.1", 400),
    ("line-uri-too-long", "GET @PATH?" + "a" * 20000 + " HTTP/1.1", 414),
    ("line-method-too-long", "G" * 300000 + " @PATH HTTP/1.1", 431),
    ("line-preface-h2", "PRI * HTTP/2.0", 505),
]:
    get(name, "", verdict, start=line)
get("line-absolute-form", "", [""], start="GET http://@HOST@SYNC HTTP/1.1")
get("line-absolute-beats-host", "", 502, start="GET http://nobody.example@PATH HTTP/1.1", nginx="has one host; we route by it")
get("line-absolute-with-other-host", "", [""], start="GET http://@HOST@SYNC HTTP/1.1",
    usual=USUAL.replace("Host: @HOST", "Host: nobody.example"))
# Waits for the rest of the head; `test_slow_clients` sees to the end of that.
case("line-http-0.9-short", "GET @PATH\r\n", [])
case("line-garbage", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03@CASE\r\n\r\n", 400)
case("line-empty-flood", "\r\n" * 5000 + "@CASE", 400)

group("RFC 3986: paths that point elsewhere once decoded",
      nginx="decodes and normalises paths before it looks for a location")
for name, path, verdict in [
    ("path-dots", "/production/../production/predict", 404),
    ("path-dots-encoded", "/production/%2e%2e/production/predict", 404),
    ("path-slash-encoded", "/production%2fpredict", 404),
    ("path-double-slash", "//production/predict", 404),
    ("path-double-slash-inside", "/production//predict", 404),
    ("path-nul-encoded", "/production/predict%00", 404),
    ("path-crlf-encoded", "/production/predict%0d%0aX-Evil:%20a", 404),
    ("path-backslash", "/production\\predict", 404),
    ("path-semicolon", "/production;a=b/predict", 404),
    ("path-bad-percent", "/production/predict%zz", 404),
    ("path-upper", "/PRODUCTION/predict", 404),
]:
    get(name, "", verdict, start=f"GET {path} HTTP/1.1")

group("RFC 9110 7.6.1: Connection that names fields others rely on")
for name, fields in [
    ("connection-host", "Host"), ("connection-length", "Content-Length"), ("connection-key", "Authorization"),
    ("connection-te", "Transfer-Encoding"), ("connection-unknown", "X-Nobody"), ("connection-close-upper", "CLOSE"),
    ("connection-junk", ",, ,close,,"), ("connection-request-id", "X-Baseten-Request-Id"),
]:
    post(name, f"Connection: {fields}\r\nContent-Length: 5\r\n", "hello", ["hello"])

group("Headers that only the platform may set, and hop-by-hop fields: they are passed over, the request goes on")
for name, line in [
    ("forged-request-id", "X-Baseten-Request-Id: evil"), ("forged-forwarded", "X-Forwarded-For: 1.2.3.4"),
    ("forged-forwarded-new", "Forwarded: for=1.2.3.4"), ("forged-real-ip", "X-Real-IP: 1.2.3.4"),
    ("forged-slipway", "X-Slipway-Replica: evil"), ("forged-proxy-connection", "Proxy-Connection: keep-alive"),
    ("forged-keep-alive", "Keep-Alive: timeout=1"), ("forged-te", "TE: trailers"),
    ("forged-proxy-key", "Proxy-Authorization: Basic eA=="), ("forged-http2-settings", "HTTP2-Settings: AAMAAABkAAQAAP__"),
]:
    post(name, line + "\r\nContent-Length: 5\r\n", "hello", ["hello"])

group("RFC 9110 7.8, 10.1.1: Upgrade and Expect")
post("upgrade-h2c", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nContent-Length: 5\r\n", "hello", ["hello"])
post("upgrade-unknown", "Connection: Upgrade\r\nUpgrade: evil\r\nContent-Length: 5\r\n", "hello", ["hello"])
post("upgrade-without-connection", "Upgrade: websocket\r\nContent-Length: 5\r\n", "hello", ["hello"])
post("expect-unknown", "Expect: miracles\r\nContent-Length: 5\r\n", "hello", ["hello"])
post("expect-obfuscated", "Expect: y 100-continue\r\nContent-Length: 5\r\n", "hello", ["hello"])
post("expect-twice", "Expect: 100-continue\r\nExpect: 100-continue\r\nContent-Length: 5\r\n", "hello", ["hello"], nginx="takes no second Expect")
post("expect-no-body", "Expect: 100-continue\r\n", "", [""])

group("Keys: more than one, or none that holds")
post("key-twice", "Authorization: Api-Key @KEY\r\nContent-Length: 5\r\n", "hello", 401,
     nginx="knows no keys")
post("key-missing", "Content-Length: 5\r\n", "hello", 401, usual=USUAL.replace("Authorization: Api-Key @KEY\r\n", ""), nginx="knows no keys")
post("key-wrong", "Content-Length: 5\r\n", "hello", 401, usual=USUAL.replace("@KEY", "@KEY" + "x"), nginx="knows no keys")
post("key-nul", "Content-Length: 5\r\n", "hello", 400, usual=USUAL.replace("@KEY", "@KEY\x00"))

group("Pipelined: what follows a refused or finished request", nginx="see the single case")
post("pipelined-then-bad", "Content-Length: 1\r\n", "aGET @PATH HTTP/9.9\r\n" + USUAL + "\r\n", ["a"])
post("pipelined-after-close", "Connection: close\r\nContent-Length: 1\r\n", "a" + SMUGGLED, ["a"])
post("pipelined-after-bad", "Content-Length: +1\r\n", "a" + SMUGGLED, 400)
post("body-shorter", "Content-Length: 10\r\n", "hello", [])
post("get-body-smuggle", "Content-Length: 5\r\n", "hello", ["hello"], start="GET @SYNC HTTP/1.1")

group("Answers before the body was read (CL.0, 0.CL): what the body holds is no request of its own",
      nginx="knows no keys")
for name, start, usual, status in [
    ("early-unknown-path", "POST /production/nothing HTTP/1.1", USUAL, 404),
    ("early-no-key", "POST @PATH HTTP/1.1", USUAL.replace("Authorization: Api-Key @KEY\r\n", ""), 401),
    ("early-method", "PUT @PATH HTTP/1.1", USUAL, 405),
]:
    for kind, lines in [("", ""), ("-expect", "Expect: 100-continue\r\n")]:
        inside = filled(SMUGGLED, name + kind)
        post(name + kind, f"{lines}Content-Length: {len(inside)}\r\n", inside, status, start=start, usual=usual)
    inside = filled(SMUGGLED, name + "-chunked")
    body = f"{len(inside):x}\r\n{inside}\r\n0\r\n\r\n"
    post(name + "-chunked", CHUNKED, body, status, start=start, usual=usual)
inside = filled(SMUGGLED, "get-body-is-a-request")
post("get-body-is-a-request", f"Content-Length: {len(inside)}\r\n", inside, [inside], start="GET @SYNC HTTP/1.1")
