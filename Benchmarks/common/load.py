"""HTTP/1.1 requests on keep-alive connections, at a steady rate."""

import asyncio
import dataclasses
import time


@dataclasses.dataclass
class Outcome:
    status: int  # 0: the connection failed
    seconds: float
    ended: float  # time.monotonic()
    body: bytes


def request(method, host, path, key, body=b""):
    head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Api-Key {key}\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return (head + "\r\n").encode() + body


async def _exchange(reader, writer, message):
    writer.write(message)
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    length = chunked = None
    for line in head.lower().split(b"\r\n")[1:]:
        if line.startswith(b"content-length:"):
            length = int(line[15:])
        elif line.startswith(b"transfer-encoding:") and b"chunked" in line:
            chunked = True
    if not chunked:
        return status, await reader.readexactly(length or 0)
    body = b""
    while True:
        size = int((await reader.readuntil(b"\r\n")).split(b";")[0], 16)
        piece = await reader.readexactly(size + 2)
        if size == 0:
            return status, body
        body += piece[:-2]


async def paced(message, rate, connections, stop, port=8000, seen=None, timeout=120):
    """Sends `rate` requests a second until `stop`, each at its time if one of `connections` is free, else as soon
    as one is. Returns their outcomes; a latency counts from the time the request was due."""
    outcomes = []
    begun = time.monotonic()
    due = 0

    async def loop():
        nonlocal due
        reader = writer = None
        while not stop.is_set():
            moment = begun + due / rate
            due += 1
            await asyncio.sleep(max(0.0, moment - time.monotonic()))
            status, body = 0, b""
            try:
                async with asyncio.timeout(timeout):
                    if writer is None:
                        reader, writer = await asyncio.open_connection("127.0.0.1", port)
                    status, body = await _exchange(reader, writer, message)
            except (OSError, asyncio.IncompleteReadError, TimeoutError, ValueError) as error:
                body = repr(error).encode()
                if writer is not None:
                    writer.close()
                writer = None
            now = time.monotonic()
            outcome = Outcome(status, now - moment, now, body)
            outcomes.append(outcome)
            if seen:
                seen(outcome)
        if writer is not None:
            writer.close()

    await asyncio.gather(*(loop() for _ in range(connections)))
    return outcomes
