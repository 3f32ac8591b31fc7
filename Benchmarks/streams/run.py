"""How late chunks arrive: 1,000 streams at once, a small chunk on each every half second, through the gateway and
through nginx. The delay is from the backend's write to the client's read, both on one clock."""

import asyncio
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "common"))

import bench  # noqa: E402
import load  # noqa: E402
import proxies  # noqa: E402

STREAMS = 1000
CHUNKS = 12
SECONDS = 0.5
ROUNDS = 3


async def stream(port, delays):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    path = f"/production/sync/stream?{CHUNKS},{SECONDS}"
    writer.write(load.request("GET", proxies.HOST, path, proxies.KEY))
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    while True:
        size = int(await reader.readuntil(b"\r\n"), 16)
        piece = await reader.readexactly(size + 2)
        now = time.monotonic_ns()
        if size == 0:
            break
        for start in range(0, size, 20):
            delays.append((now - int(piece[start : start + 20])) / 1e6)
    writer.close()


async def streams(port):
    delays = []
    tasks = []
    for number in range(STREAMS):
        tasks.append(asyncio.create_task(stream(port, delays)))
        # Spread over the half second, so that chunks do not come all at once.
        await asyncio.sleep(SECONDS / STREAMS)
    await asyncio.gather(*tasks)
    assert len(delays) == STREAMS * CHUNKS, len(delays)
    return delays


def main():
    with proxies.Bench() as machines:
        backend = machines.streamer()
        peers = [machines.gateway(backend.port), machines.nginx(backend.port, "off")]
        delays = {proxy.name: [] for proxy in peers}
        worst = {proxy.name: [] for proxy in peers}
        for _ in range(ROUNDS):
            for proxy in peers:
                seen = asyncio.run(streams(proxy.port))
                delays[proxy.name] += seen
                worst[proxy.name].append(max(seen))
        for name, values in delays.items():
            bench.figure(f"{name}_chunk_delay_p50", bench.percentile(values, 0.5), "ms")
            bench.figure(f"{name}_chunk_delay_p99", bench.percentile(values, 0.99), "ms")
            bench.figure(f"{name}_chunk_delay_worst", min(worst[name]), "ms")
        for share, label in ((0.5, "p50"), (0.99, "p99")):
            ratio = bench.percentile(delays["slipway"], share) / bench.percentile(delays["nginx"], share)
            bench.figure(f"streams_{label}_ratio", ratio, "×nginx")
        bench.figure("streams_worst_ratio", min(worst["slipway"]) / min(worst["nginx"]), "×nginx")


sys.exit(main())
