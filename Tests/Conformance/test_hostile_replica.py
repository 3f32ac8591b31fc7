"""Answers of replicas that are none, or two: the client gets exactly one answer, or 502, and no header of the replica's
making beyond those it may set. A model is its user's own code, and other users read its answers."""

import os
import socket
import socketserver
import subprocess
import threading

import pytest

from harness import BINARY
from hostile.corpus import HOST, KEY

OK = b"HTTP/1.1 200 OK\r\n"
# Name, what the replica sends, and the status and body that the client has to get.
ANSWERS = [
    ("plain", OK + b"Content-Length: 2\r\n\r\n{}", 200, b"{}"),
    ("chunked", OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 200, b"{}"),
    ("until-end", OK + b"\r\n{}", 200, b"{}"),
    ("interim-first", b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\n{}", 200, b"{}"),
    ("two-answers", (OK + b"Content-Length: 2\r\n\r\n{}") * 2, 200, b"{}"),
    ("extra-bytes", OK + b"Content-Length: 2\r\n\r\n{}" + b"x" * 1000, 200, b"{}"),
    ("bare-cr-in-value", OK + b"X-A: b\rSet-Cookie: evil=1\r\nContent-Length: 0\r\n\r\n", 502, None),
    ("bare-lf-in-value", OK + b"X-A: b\nSet-Cookie: evil=1\r\nContent-Length: 0\r\n\r\n", 502, None),
    ("nul-in-value", OK + b"X-A: b\0\r\nContent-Length: 0\r\n\r\n", 502, None),
    ("escape-in-value", OK + b"X-A: \x1b[31m\r\nContent-Length: 0\r\n\r\n", 502, None),
    ("folded", OK + b"X-A: b\r\n Set-Cookie: evil=1\r\nContent-Length: 0\r\n\r\n", 502, None),
    ("no-colon", OK + b"evil\r\nContent-Length: 0\r\n\r\n", 502, None),
    ("space-in-name", OK + b"X A: b\r\nContent-Length: 0\r\n\r\n", 502, None),
    ("space-before-colon", OK + b"Content-Length : 0\r\n\r\n", 502, None),
    ("both-lengths", OK + b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 502, None),
    ("lengths-differ", OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 502, None),
    ("length-signed", OK + b"Content-Length: +2\r\n\r\n{}", 502, None),
    ("coding-unknown", OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 502, None),
    ("coding-twice", OK + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 502, None),
    ("status-short", b"HTTP/1.1 20 OK\r\n\r\n", 502, None),
    ("status-long", b"HTTP/1.1 2000 OK\r\n\r\n", 502, None),
    ("status-low", b"HTTP/1.1 099 OK\r\n\r\n", 502, None),
    ("version", b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", 502, None),
    ("reason-with-cr", b"HTTP/1.1 200 O\rK\r\nContent-Length: 0\r\n\r\n", 502, None),
    ("no-http", b"SSH-2.0-OpenSSH_9.2\r\n\r\n", 502, None),
    ("nothing", b"", 502, None),
    ("lines-lf", b"HTTP/1.1 200 OK\nContent-Length: 0\n\n", 502, None),
    ("head-without-end", OK + b"X: " + b"a" * 600_000, 502, None),
    ("too-many-fields", OK + b"X: y\r\n" * 1000 + b"\r\n", 502, None),
]
# The head is passed on before the body shows what it is, so the answer is cut off where it stops making sense.
CUT = [
    ("shorter-than-said", OK + b"Content-Length: 10\r\n\r\n{}"),
    ("bad-chunk", OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}X\r\n0\r\n\r\n"),
    ("bad-chunk-size", OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n-1\r\n\r\n"),
    ("chunks-without-end", OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"),
    ("bad-trailer", OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: a\rY: b\r\n\r\n"),
]


class Replica:
    """Answers a request with the bytes its path names, and closes."""

    def __init__(self):
        answers = {name: answer for name, answer, *_ in ANSWERS + CUT}

        class Connection(socketserver.StreamRequestHandler):
            def handle(self):
                name = self.rfile.readline().split()[1].decode().removeprefix("/")
                while self.rfile.readline().strip():
                    pass
                self.wfile.write(answers[name])

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Connection)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture(scope="module")
def port():
    replica = Replica()
    host = os.environ.get("GATEWAY_HOST", BINARY.parent / "gateway-host")
    process = subprocess.Popen(
        [host, "--replicas", str(replica.port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    yield int(process.stdout.readline().split()[1])
    process.stdin.close()
    assert process.wait(10) == 0
    replica.server.shutdown()
    replica.server.server_close()


def ask(port, name):
    """Everything the client gets for two requests on one connection."""
    request = (
        f"GET /production/sync/{name} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Api-Key {KEY}\r\n"
        "X-Slipway-No-Retry: 1\r\n{}\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall((request.format("") + request.format("Connection: close\r\n")).encode())
        received = b""
        try:
            while data := connection.recv(1 << 16):
                received += data
        except ConnectionError:
            pass
        return received


@pytest.mark.parametrize("name, sent, status, body", ANSWERS, ids=[answer[0] for answer in ANSWERS])
def test_one_answer_or_502(port, name, sent, status, body):
    received = ask(port, name)
    final = [part for part in received.split(b"HTTP/1.1 ") if part and not part.startswith(b"103")]
    assert [int(part[:3]) for part in final] == [status, status], received[:1000]
    for part in final:
        head, _, rest = part.partition(b"\r\n\r\n")
        assert b"evil" not in head and b"\x1b" not in head and b"\0" not in head
        assert head.lower().count(b"x-baseten-request-id:") == 1
        if body is not None:
            assert rest in (body, b"2\r\n{}\r\n0\r\n\r\n"), rest


@pytest.mark.parametrize("name, sent", CUT, ids=[answer[0] for answer in CUT])
def test_answers_that_stop_making_sense_are_cut_off(port, name, sent):
    received = ask(port, name)
    assert received.count(b"HTTP/1.1 ") <= 1, received
    assert not received.endswith(b"0\r\n\r\n"), "the client would take it for the whole answer"
