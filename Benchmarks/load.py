"""A load generator: keep-alive connections that each send one request after the other.

It speaks just enough HTTP/1.1 to find the end of an answer, because a full client would cost more than the
server it measures.
"""

import asyncio
import time


class Load:
    """Requests of one kind on `connections` connections; counts what came back."""

    def __init__(self, port, head, body=b"", connections=16):
        """`head` is the request line and the headers without Content-Length, each line ended by CRLF."""
        self.port = port
        self.request = head.encode() + f"Content-Length: {len(body)}\r\n\r\n".encode() + body
        self.connections = connections
        self.sent = 0
        self.failures = []
        self.seconds = 0.0

    async def run(self, goes_on, seen=lambda body: None):
        """Sends while `goes_on()`; gives each good body to `seen`. Lost connections are failures too."""
        begin = time.monotonic()
        await asyncio.gather(*(self._connection(goes_on, seen) for _ in range(self.connections)))
        self.seconds = time.monotonic() - begin

    async def _connection(self, goes_on, seen):
        reader = writer = None
        while goes_on():
            self.sent += 1
            try:
                if writer is None:
                    reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.write(self.request)
                status, closes, body = await asyncio.wait_for(read_answer(reader), timeout=60)
            except (OSError, EOFError, ValueError, asyncio.TimeoutError) as error:
                self.failures.append(repr(error))
                if writer is not None:
                    writer.close()
                writer = None
                continue
            if status == 200:
                seen(body)
            else:
                self.failures.append(f"{status} {body[:200]!r}")
            if closes:
                writer.close()
                writer = None
        if writer is not None:
            writer.close()


async def read_answer(reader):
    """Status, whether the server closes the connection, and the body of one answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    lines = head.split(b"\r\n")
    fields = dict(line.split(b":", 1) for line in lines[1:] if line)
    status = int(lines[0].split()[1])
    closes = fields.get(b"connection", b"").strip() == b"close"
    if b"chunked" in fields.get(b"transfer-encoding", b""):
        body = b""
        while size := int((await reader.readline()).split(b";")[0], 16):
            body += await reader.readexactly(size)
            await reader.readexactly(2)
        while await reader.readline() != b"\r\n":
            pass
        return status, closes, body
    return status, closes, await reader.readexactly(int(fields.get(b"content-length", b"0")))
