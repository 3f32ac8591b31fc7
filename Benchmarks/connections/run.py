"""Ten thousand open connections: memory for each that is idle, and load beside them, for the gateway and nginx."""

import pathlib
import resource
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "common"))

import bench  # noqa: E402
import proxies  # noqa: E402

OPEN = 10_000
BATCH = 50
SECONDS = 3


def hold(port):
    """Connections that have each made one request."""
    message = (
        f"POST {proxies.PATH} HTTP/1.1\r\nHost: {proxies.HOST}\r\nAuthorization: Api-Key {proxies.KEY}\r\n"
        f"Content-Length: {len(proxies.BODY)}\r\n\r\n{proxies.BODY}"
    ).encode()
    connections = []
    while len(connections) < OPEN:
        batch = [socket.create_connection(("127.0.0.1", port)) for _ in range(BATCH)]
        for connection in batch:
            connection.sendall(message)
        for connection in batch:
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        connections += batch
    return connections


def main():
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    bad = 0
    with proxies.Bench() as machines:
        backend = machines.backend()
        for proxy in (machines.gateway(backend.port), machines.nginx(backend.port)):
            proxies.wrk(proxy.port, 64, 1, machines.directory)
            before = proxy.resident_kib()
            connections = hold(proxy.port)
            time.sleep(1)
            bench.figure(f"{proxy.name}_idle_connection", (proxy.resident_kib() - before) / OPEN, "KiB")
            cpu = proxy.cpu()
            requests, errors, wrong, *_ = proxies.wrk(proxy.port, 64, SECONDS, machines.directory)
            bench.figure(
                f"{proxy.name}_cpu_beside_{OPEN}", (proxy.cpu() - cpu) / requests * 1e6, "us"
            )
            alive = sum(connection.fileno() >= 0 for connection in connections)
            for connection in connections:
                connection.setblocking(False)
                try:
                    alive -= connection.recv(1) == b""
                except BlockingIOError:
                    pass
            bench.figure(f"{proxy.name}_still_open", alive, "connections")
            if proxy.name == "slipway":
                bad = errors + wrong + OPEN - alive
            for connection in connections:
                connection.close()
    bench.figure("connections_errors", bad, "requests")
    return 1 if bad else 0


sys.exit(main())
