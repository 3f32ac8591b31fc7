"""Clients that are slow on purpose, hundreds at a time: each is closed within the configured time, costs little memory,
and nobody else waits for it.

The gateway alone, with short timeouts. A client that behaves asks once a second all the while.
"""

import contextlib
import os
import selectors
import socket
import socketserver
import subprocess
import threading
import time

import pytest

from harness import BINARY, eventually
from hostile.corpus import HOST, KEY

HEAD_TIMEOUT = 2
IDLE_TIMEOUT = 3
# Of memory per connection; a request in flight may keep 64 KiB of body and as much of an answer.
CHEAP = 16 << 10
LARGE = 64 << 20
# Seconds somebody else may wait, on a busy machine too.
SLOWEST = 10

HEAD = f"Host: {HOST}\r\nAuthorization: Api-Key {KEY}\r\n"
REQUEST = f"POST /production/predict HTTP/1.1\r\n{HEAD}Content-Length: 2\r\n\r\n{{}}".encode()


class Replica:
    """Reads one request after the other; `large` in its path gets a large answer."""

    def __init__(self):
        class Connection(socketserver.StreamRequestHandler):
            def handle(self):
                with contextlib.suppress(OSError):
                    while self.answer():
                        pass

            def answer(self):
                line = self.rfile.readline()
                length, chunked = 0, False
                while (field := self.rfile.readline().strip().lower()):
                    if field.startswith(b"content-length:"):
                        length = int(field.split(b":")[1])
                    chunked = chunked or field.startswith(b"transfer-encoding")
                if not line:
                    return False
                while chunked and (size := int(self.rfile.readline().split(b";")[0], 16)):
                    self.rfile.read(size + 2)
                while chunked and self.rfile.readline().strip():
                    pass
                self.rfile.read(length)
                size = LARGE if b"large" in line else 2
                # In one piece where that is little: two would wait for each other's acknowledgement.
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n{}" % size)
                for _ in range(2, size, 1 << 20):
                    self.wfile.write(bytes(min(size, 1 << 20)))
                return True

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = daemon_threads = True
            request_queue_size = 1024

        self.server = Server(("127.0.0.1", 0), Connection)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Probe:
    """Somebody who behaves: asks once a second, each time on a connection of its own."""

    def __init__(self, port):
        self.port, self.slowest, self.answers, self.failures = port, 0, 0, []
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while True:
            began = time.monotonic()
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=15) as connection:
                    connection.sendall(REQUEST)
                    answer = connection.recv(4096)
                    assert answer.startswith(b"HTTP/1.1 200"), answer
                self.answers += 1
            except (OSError, AssertionError) as error:
                self.failures.append(repr(error))
            self.slowest = max(self.slowest, time.monotonic() - began)
            if self.stopped.wait(1):
                return

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.thread.join()


class Gateway:
    def __init__(self, replica):
        host = os.environ.get("GATEWAY_HOST", BINARY.parent / "gateway-host")
        self.process = subprocess.Popen(
            [host, "--replicas", str(replica.port), "--head-timeout", str(HEAD_TIMEOUT), "--idle-timeout",
             str(IDLE_TIMEOUT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # fmt: skip
        self.port = int(self.process.stdout.readline().split()[1])

    @property
    def memory(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmRSS"))

    @property
    def files(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def connect(self, receive_buffer=None):
        connection = socket.socket()
        if receive_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.connect(("127.0.0.1", self.port))
        connection.setblocking(False)
        return connection


@pytest.fixture(scope="module")
def gateway():
    replica = Replica()
    gateway = Gateway(replica)
    # What it keeps for good it has after the first requests.
    with Probe(gateway.port):
        pass
    yield gateway
    gateway.process.stdin.close()
    assert gateway.process.wait(10) == 0
    replica.close()


def attack(gateway, count, first, drip, seconds, every=0.5, memory=None, reads=True, receive_buffer=None):
    """`count` connections that send `first`, then `drip` every now and then. All have to be closed by the gateway
    within `seconds`. Returns how they were answered."""
    files, before = gateway.files, gateway.memory
    answers = {}
    selector = selectors.DefaultSelector()
    peak = 0
    with Probe(gateway.port) as probe:
        began = time.monotonic()
        for _ in range(count):
            connection = gateway.connect(receive_buffer)
            answers[connection] = b""
            selector.register(connection, selectors.EVENT_READ if reads else selectors.EVENT_WRITE)
            with contextlib.suppress(OSError):
                connection.send(first)
        next_drip = time.monotonic() + every
        ends = []
        while len(ends) < count:
            assert time.monotonic() < began + seconds, f"{count - len(ends)} of {count} are open after {seconds} s"
            for key, _ in selector.select(0.1) if reads else []:
                try:
                    data = key.fileobj.recv(1 << 16)
                except OSError:
                    data = b""
                answers[key.fileobj] += data[:4096]
                if not data:
                    ends.append(time.monotonic() - began)
                    selector.unregister(key.fileobj)
            if not reads:
                # Only the gateway's own view tells, since nothing is read here.
                time.sleep(0.1)
                if gateway.files <= files + 8:
                    ends = [time.monotonic() - began] * count
            if drip and time.monotonic() > next_drip:
                next_drip += every
                for connection in list(answers):
                    with contextlib.suppress(OSError):
                        connection.send(drip)
            peak = max(peak, gateway.memory)
    selector.close()
    for connection in answers:
        connection.close()
    assert not probe.failures and probe.answers, probe.failures
    assert probe.slowest < SLOWEST, f"others waited {probe.slowest:.1f} s"
    assert peak - before < (memory or CHEAP) * count + (16 << 20), f"{(peak - before) >> 20} MiB for {count}"
    # An idle connection to the replica or two may remain.
    eventually(lambda: gateway.files <= files + 4, 20)
    return list(answers.values())


def test_connections_that_send_nothing_are_closed(gateway):
    answers = attack(gateway, 1000, b"", b"", IDLE_TIMEOUT + 6)
    assert not any(answers)


def test_heads_that_come_byte_by_byte_are_refused_in_the_time_of_a_head(gateway):
    first = b"POST /production/predict HTTP/1.1\r\nX: "
    answers = attack(gateway, 1000, first, b"a", HEAD_TIMEOUT + 6)
    assert all(answer.startswith(b"HTTP/1.1 408") for answer in answers)


def test_heads_that_come_line_by_line_are_refused_in_the_time_of_a_head(gateway):
    answers = attack(gateway, 500, b"GET / HTTP/1.1\r\nHost: a\r\n", b"X: y\r\n", HEAD_TIMEOUT + 6)
    assert all(answer.startswith(b"HTTP/1.1 408") for answer in answers)


def test_empty_lines_are_no_way_to_stay(gateway):
    answers = attack(gateway, 200, b"\r\n", b"\r\n", HEAD_TIMEOUT + 6)
    assert all(answer.startswith(b"HTTP/1.1 400") for answer in answers)


def test_bodies_that_stop_are_refused(gateway):
    first = REQUEST.replace(b"Content-Length: 2", b"Content-Length: 100000")
    answers = attack(gateway, 300, first, b"", IDLE_TIMEOUT + 6, memory=64 << 10)
    assert all(answer.startswith(b"HTTP/1.1 408") for answer in answers)


def test_bodies_that_nobody_wants_are_not_waited_for(gateway):
    first = REQUEST.replace(KEY.encode(), b"wrong.key").replace(b"Content-Length: 2", b"Content-Length: 60000")
    answers = attack(gateway, 300, first, b"a", IDLE_TIMEOUT + 6)
    assert all(answer[9:12] in (b"401", b"408") for answer in answers)


def test_clients_that_do_not_read_are_cut_off_and_their_answers_not_kept(gateway):
    first = f"GET /production/sync/large HTTP/1.1\r\n{HEAD}\r\n".encode()
    attack(gateway, 40, first, b"", 4 * IDLE_TIMEOUT + 10, memory=512 << 10, reads=False, receive_buffer=4096)


def test_half_open_connections_are_closed(gateway):
    connections = [gateway.connect() for _ in range(200)]
    for connection in connections:
        connection.send(b"POST /production/predict HTTP/1.1\r\n")
        connection.shutdown(socket.SHUT_WR)
    began = time.monotonic()
    for connection in connections:
        connection.settimeout(HEAD_TIMEOUT + 6)
        with contextlib.suppress(ConnectionError):
            while connection.recv(4096):
                pass
        connection.close()
    assert time.monotonic() - began < HEAD_TIMEOUT + 6


def test_a_thousand_pipelined_requests_are_answered_in_turn(gateway):
    before = gateway.memory
    with Probe(gateway.port) as probe, socket.create_connection(("127.0.0.1", gateway.port), timeout=20) as one:
        sender = threading.Thread(target=one.sendall, args=(REQUEST * 1000,))
        sender.start()
        answers = b""
        while answers.count(b"HTTP/1.1 200") < 1000:
            data = one.recv(1 << 16)
            assert data, answers[-1000:]
            answers += data
        sender.join()
    assert not probe.failures and probe.slowest < SLOWEST
    assert gateway.memory - before < 16 << 20


@pytest.mark.parametrize(
    "start, line",
    [("", "X: y\r\n"), ("X-Long: ", "a" * 1000), ("", "X" * 1000), ("", "X" * 100 + ":\r\n")],
    ids=["many", "long value", "long name", "long names"],
)
def test_heads_without_end_are_refused_at_their_limit(gateway, start, line):
    before = gateway.memory
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as connection:
        sent = 0
        with contextlib.suppress(ConnectionError):
            connection.sendall(f"GET / HTTP/1.1\r\n{HEAD}{start}".encode())
            while sent < 64 << 20:
                connection.sendall(line.encode() * 100)
                sent += len(line) * 100
        # Refused long before: what the kernel takes at once is not the gateway's.
        assert sent < 64 << 20
        assert gateway.memory - before < 16 << 20
        with contextlib.suppress(ConnectionError):
            answer = connection.recv(4096)
            assert not answer or answer.startswith(b"HTTP/1.1 431"), answer


@pytest.mark.parametrize(
    "name, start, more",
    [
        ("extension", b"1;", b"x" * 1000),
        ("extensions", b"", b"1;name=value\r\na\r\n"),
        ("size", b"", b"0" * 1000),
        ("trailers", b"1\r\na\r\n0\r\n", b"X: y\r\n" * 100),
    ],
)
def test_chunks_without_end_take_no_memory(gateway, name, start, more):
    before = gateway.memory
    head = f"POST /production/sync/echo HTTP/1.1\r\n{HEAD}Transfer-Encoding: chunked\r\n\r\n".encode()
    answer, sent = b"", 0
    with Probe(gateway.port) as probe, socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as one:
        began = time.monotonic()
        with contextlib.suppress(OSError):
            one.sendall(head + start)
            while sent < 16 << 20 and time.monotonic() < began + 3:
                one.sendall(more * (20000 // len(more)))
                sent += 20000
        with contextlib.suppress(OSError):
            one.settimeout(1)
            answer = one.recv(4096)
    # Extensions of chunks that hold something are legal, however useless.
    assert name == "extensions" or not answer or answer.startswith(b"HTTP/1.1 400"), answer
    assert name == "extensions" or sent < 16 << 20
    assert not probe.failures and probe.slowest < SLOWEST
    assert gateway.memory - before < 16 << 20
