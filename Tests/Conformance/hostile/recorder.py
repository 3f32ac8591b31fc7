"""A backend that believes nothing: it keeps every byte it gets, reads requests by the letter of RFC 9112, and answers."""

import socket
import socketserver
import threading

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class Malformed(Exception):
    pass


class Recorder:
    """`requests` are (head, body) as they came; `malformed` is what could not be read as requests."""

    def __init__(self):
        self.requests, self.malformed = [], []
        self._lock = threading.Lock()
        recorder = self

        class Connection(socketserver.BaseRequestHandler):
            def handle(self):
                recorder._serve(self.request)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = daemon_threads = True
            request_queue_size = 512

        self._server = Server(("127.0.0.1", 0), Connection)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def of(self, case):
        """What came with the name of this case: the requests, and whether something malformed did."""
        mark = f"X-Case: {case}\r\n".encode()
        with self._lock:
            return (
                [(head, body) for head, body in self.requests if mark.lower() in head.lower()],
                [text for text in self.malformed if case.encode() in text],
            )

    def _serve(self, connection):
        connection.settimeout(30)
        reader = Reader(connection)
        try:
            while (request := reader.request()) is not None:
                with self._lock:
                    self.requests.append(request)
                connection.sendall(ANSWER)
        except Malformed:
            with self._lock:
                self.malformed.append(bytes(reader.seen))
            connection.close()
        except OSError:
            # The peer gave up in the middle: what was incomplete is no request.
            pass


class Reader:
    def __init__(self, connection):
        self.connection, self.buffer, self.seen = connection, bytearray(), bytearray()

    def more(self):
        data = self.connection.recv(65536)
        if not data:
            raise ConnectionError
        self.buffer += data
        self.seen += data

    def until(self, end):
        while end not in self.buffer:
            self.more()
        text, _, rest = bytes(self.buffer).partition(end)
        self.buffer = bytearray(rest)
        return text + end

    def exactly(self, count):
        while len(self.buffer) < count:
            self.more()
        text = bytes(self.buffer[:count])
        del self.buffer[:count]
        return text

    def request(self):
        """Head and body of the next request; None when the peer is done."""
        self.seen.clear()
        self.seen += self.buffer
        try:
            head = self.until(b"\r\n\r\n")
        except ConnectionError:
            return None
        lines = head[:-4].split(b"\r\n")
        if any(b"\n" in line or b"\r" in line or b"\0" in line for line in lines):
            raise Malformed
        fields = [line.partition(b":") for line in lines[1:]]
        if any(not name or name != name.strip() or colon != b":" for name, colon, _ in fields):
            raise Malformed
        lengths = [value.strip() for name, _, value in fields if name.lower() == b"content-length"]
        codings = [value.strip().lower() for name, _, value in fields if name.lower() == b"transfer-encoding"]
        if len(lengths) + len(codings) > 1 or any(not length.isdigit() for length in lengths):
            raise Malformed
        if codings:
            if codings != [b"chunked"]:
                raise Malformed
            return head, self.chunks()
        return head, self.exactly(int(lengths[0]) if lengths else 0)

    def chunks(self):
        body = b""
        while True:
            line = self.until(b"\r\n")[:-2].partition(b";")[0]
            try:
                size = int(line, 16) if line.isalnum() else -1
            except ValueError:
                size = -1
            if size < 0:
                raise Malformed
            if size == 0:
                break
            body += self.exactly(size)
            if self.exactly(2) != b"\r\n":
                raise Malformed
        while self.until(b"\r\n") != b"\r\n":
            pass
        return body


def send(port, raw, seconds=0.4):
    """Sends the bytes and returns (statuses of the final answers, whether the server closed the connection)."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        answer, closed = b"", False
        try:
            connection.sendall(raw)
        except OSError:
            # Refused before all of it was read.
            pass
        connection.settimeout(seconds)
        while True:
            try:
                data = connection.recv(65536)
            except TimeoutError:
                break
            except OSError:
                closed = True
                break
            if not data:
                closed = True
                break
            answer += data
        return statuses(answer), closed


def statuses(answer):
    """Of all final answers in the bytes, by their framing."""
    found = []
    while answer.startswith(b"HTTP/1."):
        head, _, rest = answer.partition(b"\r\n\r\n")
        status = int(head[9:12])
        length = 0
        chunked = False
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
            if name.lower() == b"transfer-encoding":
                chunked = True
        if status >= 200:
            found.append(status)
        if chunked:
            _, _, rest = rest.partition(b"0\r\n\r\n")
            answer = rest
        else:
            answer = rest[length:] if status >= 200 else rest
    if answer.startswith(b"<html>"):
        found.append(400)  # HTTP/0.9: nginx answers without a head.
    return found
