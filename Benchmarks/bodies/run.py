"""Throughput of 10 MB bodies, up and down, through the gateway and through nginx (both without buffering)."""

import pathlib
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "common"))

import bench  # noqa: E402
import proxies  # noqa: E402

ROUNDS = 5
SECONDS = 3
CONNECTIONS = 8
SIZE = 10 * 1024 * 1024


def main():
    wrong = 0
    with proxies.Bench() as machines:
        for direction, body in (("up", SIZE), ("down", 0)):
            backend = machines.streamer() if direction == "up" else machines.backend(SIZE)
            peers = [machines.gateway(backend.port), machines.nginx(backend.port, "off")]
            rounds = []
            for _ in range(ROUNDS):
                rates = {}
                for proxy in peers:
                    cpu = proxy.cpu()
                    requests, errors, bad, seconds, *_ = proxies.wrk(
                        proxy.port, CONNECTIONS, SECONDS, machines.directory,
                        path=f"/production/sync/{direction}", body=body,
                    )  # fmt: skip
                    wrong += errors + bad
                    rates[proxy.name] = requests * SIZE / seconds / 1e6, (proxy.cpu() - cpu) / requests * 1e3
                rounds.append(rates)
            for name in ("slipway", "nginx"):
                bench.figure(f"{name}_{direction}", statistics.median(r[name][0] for r in rounds), "MB/s")
                bench.figure(f"{name}_{direction}_cpu", statistics.median(r[name][1] for r in rounds), "ms/body")
            ratio = statistics.median(r["slipway"][0] / r["nginx"][0] for r in rounds)
            bench.figure(f"bodies_{direction}_ratio", ratio, "×nginx")
    bench.figure("bodies_errors", wrong, "requests")
    return 1 if wrong else 0


sys.exit(main())
