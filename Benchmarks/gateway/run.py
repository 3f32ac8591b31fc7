"""Processor time and latency per proxied request: the gateway beside nginx and haproxy before one backend.

A 200-byte JSON POST with keep-alive on both sides. The gateway checks the key, routes and counts; the peers only
pass on. Each proxy has one thread on one processor, load and backend have the other. Runs alternate, and ratios are
taken round by round, since the machine's speed drifts.
"""

import os
import pathlib
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "common"))

import bench  # noqa: E402
import proxies  # noqa: E402

CONNECTIONS = [int(word) for word in os.environ.get("BENCH_CONNECTIONS", "16 64 256").split()]
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "3"))


def measure(proxy, connections, directory):
    before = proxy.cpu()
    requests, errors, wrong, seconds, p50, p99 = proxies.wrk(proxy.port, connections, SECONDS, directory)
    cpu = (proxy.cpu() - before) / requests * 1e6
    return {"cpu": cpu, "p50": p50, "p99": p99, "rate": requests / seconds, "bad": errors + wrong}


def main():
    bad = 0
    with proxies.Bench() as machines:
        backend = machines.backend()
        peers = [
            machines.gateway(backend.port), machines.nginx(backend.port), machines.haproxy(backend.port),
        ]  # fmt: skip
        for proxy in peers:
            proxies.wrk(proxy.port, 64, 1, machines.directory)
        for connections in CONNECTIONS:
            rounds = []
            for _ in range(ROUNDS):
                rounds.append({p.name: measure(p, connections, machines.directory) for p in peers})
                rounds[-1]["direct"] = measure(backend, connections, machines.directory)
            bad += sum(one["slipway"]["bad"] for one in rounds)
            for name in ("slipway", "nginx", "haproxy"):
                for what, unit in (("cpu", "us"), ("p50", "us"), ("p99", "us"), ("rate", "req/s")):
                    value = statistics.median(one[name][what] for one in rounds)
                    bench.figure(f"{name}_{what}_{connections}", value, unit)
            for what in ("p50", "p99", "rate"):
                value = statistics.median(one["direct"][what] for one in rounds)
                bench.figure(f"direct_{what}_{connections}", value, "req/s" if what == "rate" else "us")
            for peer in ("nginx", "haproxy"):
                for what in ("cpu", "p50", "p99"):
                    ratio = statistics.median(one["slipway"][what] / one[peer][what] for one in rounds)
                    suffix = "" if peer == "nginx" else f"_{peer}"
                    bench.figure(f"gateway_{what}_ratio{suffix}_{connections}", ratio, f"×{peer}")
    bench.figure("gateway_errors", bad, "requests")
    return 1 if bad else 0


sys.exit(main())
