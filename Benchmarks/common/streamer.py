"""A backend for long bodies: takes uploads of any length, and answers `…/stream?COUNT,SECONDS` with COUNT chunks of
`time.monotonic_ns()`, one every SECONDS. Prints its port."""

import asyncio
import sys
import time


class Connection(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.head, self.left = transport, b"", None

    def data_received(self, data):
        if self.left is None:
            self.head += data
            end = self.head.find(b"\r\n\r\n")
            if end < 0:
                return
            head, data, self.head = self.head[:end], self.head[end + 4 :], b""
            self.left = 0
            for line in head.lower().split(b"\r\n")[1:]:
                if line.startswith(b"content-length:"):
                    self.left = int(line[15:])
            if b"/stream?" in head:
                asyncio.ensure_future(self.stream(head.split(b" ")[1].split(b"?")[1].decode()))
                return
        self.left -= len(data)
        if self.left <= 0:
            self.left = None
            self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    async def stream(self, query):
        count, seconds = int(query.split(",")[0]), float(query.split(",")[1])
        self.transport.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        begun = time.monotonic()
        for number in range(count):
            await asyncio.sleep(max(0.0, begun + (number + 1) * seconds - time.monotonic()))
            self.transport.write(b"14\r\n%020d\r\n" % time.monotonic_ns())
        self.transport.write(b"0\r\n\r\n")
        self.left = None


async def main():
    server = await asyncio.get_running_loop().create_server(
        Connection, "127.0.0.1", 0, backlog=4096
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


asyncio.run(main())
