"""What large tables cost: the same load through a gateway that knows one model and through one with 10,000 models,
100,000 deployments and 10,000 keys, and through that one while tables are published."""

import pathlib
import statistics
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "common"))

import bench  # noqa: E402
import proxies  # noqa: E402

ROUNDS = 7
SECONDS = 2
CONNECTIONS = 64
PUBLISHES_PER_SECOND = 5


def measure(proxy, directory):
    cpu = proxy.cpu()
    requests, errors, wrong, _, p50, p99 = proxies.wrk(proxy.port, CONNECTIONS, SECONDS, directory)
    return (proxy.cpu() - cpu) / requests * 1e6, p50, p99, errors + wrong


def publishing(proxy, stop):
    """Publishes the table again and again from a thread of the gateway's process."""
    while not stop.is_set():
        proxy.process.stdin.write("publish\n")
        proxy.process.stdin.flush()
        proxy.published.append(float(proxy.process.stdout.readline().split()[1]))
        time.sleep(1 / PUBLISHES_PER_SECOND)


def main():
    bad = 0
    with proxies.Bench() as machines:
        backend = machines.backend()
        small = machines.gateway(backend.port)
        large = machines.gateway(backend.port, models=10_000, deployments=100_000, keys=10_000)
        large.published = []
        rounds = []
        for _ in range(ROUNDS):
            one, many = measure(small, machines.directory), measure(large, machines.directory)
            rounds.append((one, many))
            bad += one[3] + many[3]
        stop = threading.Event()
        thread = threading.Thread(target=publishing, args=(large, stop))
        thread.start()
        updating = measure(large, machines.directory)
        stop.set()
        thread.join()
        bad += updating[3]
    bench.figure("routing_cpu_small", statistics.median(one[0] for one, _ in rounds), "us")
    bench.figure("routing_cpu_large", statistics.median(many[0] for _, many in rounds), "us")
    bench.figure(
        "routing_cpu_ratio", statistics.median(many[0] / one[0] for one, many in rounds), "×small table"
    )
    bench.figure("routing_p99_large", statistics.median(many[2] for _, many in rounds), "us")
    bench.figure("routing_p99_while_publishing", updating[2], "us")
    bench.figure("routing_publishes", len(large.published), "tables")
    bench.figure("routing_loop_time_per_publish_worst", max(large.published), "ns")
    bench.figure("routing_errors", bad, "requests")
    return 1 if bad else 0


sys.exit(main())
