"""What the walls around replicas cost: `--isolation full` beside `--isolation none`, in one run on one machine.

Wake and start of a small server, the server's processor time per request with connections kept, and what a replica
sends out of the machine. Rounds alternate and ratios are taken of their medians, as the machine's speed drifts. nginx
before a replica on the machine's own loopback is the measure for the gateway's processor time.

Run as root, the way out is a pair of interfaces; as an ordinary user it is slirp4netns, and nothing is sent out.
"""

import contextlib
import http.client
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "common"))

import bench  # noqa: E402
from harness import TOOLS, API, Server, eventually  # noqa: E402
from hostile.network import OUTSIDE, has_outside, outside  # noqa: E402

PORTS = {"full": 18950, "none": 18952}
REPLICA, NGINX, QUICK, SINK = 18954, 18955, 18956, 8322
WAKES, ROUNDS, CALLS, CLIENTS, SECONDS = 10, 5, 400, 8, 3
LOADER = "/lib64/ld-linux-x86-64.so.2"

# Small and compiled, so that next to all of its start is the platform's; it tells how much was its own.
QUICK_SERVER = r"""
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

int main(void) {
    double began = now();
    int on = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    inet_pton(AF_INET, "127.0.0.1", &at.sin_addr);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&at, sizeof at) || listen(listener, 64)) return 1;
    char body[64], answer[256], asked[65536];
    snprintf(body, sizeof body, "{\"own\": %f}", now() - began);
    snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s",
             strlen(body), body);
    for (;;) {
        int caller = accept(listener, 0, 0);
        if (read(caller, asked, sizeof asked) > 0) write(caller, answer, strlen(answer));
        close(caller);
    }
}
"""

# Answers on connections that are kept, and sends out what it is asked to.
REPLICA_SERVER = """
import socket, threading, time
listener = socket.create_server(("127.0.0.1", PORT), backlog=64)

def send(address, port, seconds):
    piece, sent, end = bytes(1 << 20), 0, time.monotonic() + seconds
    with socket.create_connection((address, port)) as one:
        while time.monotonic() < end:
            one.sendall(piece)
            sent += len(piece)
    return sent * 8 / seconds / 1e9

def made(body):
    if body == b"{}":
        return plain
    import json
    answer = b'{"sent": %f}' % send(*json.loads(body)["send"])
    return b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(answer) + answer

plain = b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\n{}"

def serve(caller):
    caller.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    heard = b""
    while part := caller.recv(65536):
        heard += part
        while b"\\r\\n\\r\\n" in heard:
            head, _, rest = heard.partition(b"\\r\\n\\r\\n")
            length = next((int(l[15:]) for l in head.split(b"\\r\\n") if l.lower().startswith(b"content-length:")), 0)
            while len(rest) < length:
                rest += caller.recv(65536)
            body, heard = rest[:length], rest[length:]
            caller.sendall(plain if length == 0 else made(body))

while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""
SMALL = """
model_name: NAME
python_version: py311
base_image: {image: "python:3.11-slim"}
docker_server:
  start_command: START
  server_port: PORT
  predict_endpoint: /
  readiness_endpoint: /
  liveness_endpoint: /
"""
RECEIVER = f"""
import socket, threading
def drain(caller):
    while caller.recv(1 << 20):
        pass
listener = socket.create_server(("{OUTSIDE}", {SINK}))
print("ready", flush=True)
while True:
    threading.Thread(target=drain, args=(listener.accept()[0],)).start()
"""
NGINX_SETTINGS = """
daemon off; worker_processes 1; pid {place}/nginx.pid; error_log {place}/nginx.log crit;
events {{ worker_connections 1000; }}
http {{
    access_log off; keepalive_requests 1000000;
    client_body_temp_path {place}/n1; proxy_temp_path {place}/n2; fastcgi_temp_path {place}/n3;
    uwsgi_temp_path {place}/n4; scgi_temp_path {place}/n5;
    upstream backend {{ server 127.0.0.1:{replica}; keepalive 64; keepalive_requests 1000000; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{ proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection ""; }}
    }}
}}
"""


class Side:
    """A server with one kind of isolation, and its models."""

    def __init__(self, isolation, place):
        self.isolation = isolation
        self.server = Server(
            place / isolation, port=PORTS[isolation], inference_port=0, arguments=[*TOOLS, "--isolation", isolation]
        )
        self.server.start()
        self.api = API(self.server.key, f"http://localhost:{PORTS[isolation]}")
        self.quick = self.pushed("quick", QUICK, f"{LOADER} data/server", {"data/server": compiled(place)})
        server = {"data/server.py": REPLICA_SERVER.replace("PORT", str(REPLICA))}
        self.model, _ = self.pushed("small", REPLICA, "python3 -S -E data/server.py", server)

    def pushed(self, name, port, start, content):
        config = SMALL.replace("NAME", name).replace("START", start).replace("PORT", str(port))
        ids = self.api.pushed(name, {"config.yaml": config, **content})
        eventually(lambda: self.api.get(f"/v1/models/{ids[0]}")["production_deployment_id"] == ids[1])
        return ids

    def predict(self, model=None, **asked):
        path = f"{self.api.management}/model/{model or self.model}/production/predict"
        answer = self.api.session.post(path, json=asked, timeout=120)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def fall_asleep(self):
        """Nothing runs but what is woken."""
        for model, deployment in (self.quick, (self.model, "production")):
            self.scale(model, deployment, 0)

    def scale(self, model, deployment, least):
        path = f"/v1/models/{model}/deployments/{deployment}/autoscaling_settings"
        settings = {"min_replica": least, "scale_down_delay": 0}
        assert self.api.call("PATCH", path, json=settings).status_code == 200

    def wake(self):
        """Until the process is there, and until the answer, both without what the model server takes for itself."""
        eventually(lambda: self.api.deployment(*self.quick)["status"] == "SCALED_TO_ZERO", 120)
        eventually(lambda: not list(self.server.data.glob("engine/replicas/*/replica.json")))
        sent = time.time()
        answer = self.predict(self.quick[0])
        took = time.time() - sent - answer["own"]
        (record,) = self.server.data.glob("engine/replicas/*/replica.json")
        return json.loads(record.read_text())["startedAt"] / 1e6 - sent, took

    def calls(self):
        """Processor time of the server per request."""
        path = f"/model/{self.model}/production/predict"
        headers = {"Authorization": f"Api-Key {self.server.key}", "Content-Type": "application/json"}
        return cost([self.server.process.pid], PORTS[self.isolation], path, headers)


def compiled(place):
    """The quick server, for this machine's loader: an archive does not say that it may be executed."""
    source, program = place / "quick.c", place / "quick"
    source.write_text(QUICK_SERVER.replace("PORT", str(QUICK)))
    subprocess.run(["gcc", "-O1", "-o", program, source], check=True)
    return program.read_bytes()


def used(processes):
    """Processor seconds of all threads, to the nanosecond."""
    tasks = [path for pid in processes for path in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")]
    return sum(int(path.read_text().split()[0]) for path in tasks) / 1e9


def cost(processes, port, path, headers):
    def client():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for _ in range(CALLS):
            connection.request("POST", path, body=b"{}", headers=headers)
            answer = connection.getresponse()
            assert answer.status == 200, answer.read()
            answer.read()

    before = used(processes)
    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return (used(processes) - before) / (CALLS * CLIENTS) * 1e6


@contextlib.contextmanager
def nginx(place):
    """Its worker's pid, before the replica that listens on this machine's loopback; None where there is no nginx."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin")
    if program is None:
        print("nginx is not installed: no ratio to it")
        yield None
        return
    settings = place / "nginx.conf"
    settings.write_text(NGINX_SETTINGS.format(place=place, replica=REPLICA, port=NGINX))
    process = subprocess.Popen([program, "-c", str(settings), "-e", str(place / "nginx.log")])
    try:
        children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
        yield int(eventually(lambda: children.read_text().split())[0])
    finally:
        process.terminate()
        process.wait()


def compare(name, values, unit):
    """Figures of both sides and their ratio."""
    for isolation, found in values.items():
        bench.figure(f"walls_{name}_{isolation}", statistics.median(found), unit)
    bench.figure(f"walls_{name}_ratio", statistics.median(values["full"]) / statistics.median(values["none"]), "×none")


def measure_wakes(sides):
    for side in sides:
        side.fall_asleep()
    started, answered = ({side.isolation: [] for side in sides} for _ in range(2))
    for _ in range(WAKES):
        for side in sides:
            start, answer = side.wake()
            started[side.isolation].append(start * 1e3)
            answered[side.isolation].append(answer * 1e3)
    compare("start", started, "ms")
    compare("wake_share", answered, "ms")


def measure_calls(sides, place):
    for side in sides:
        side.scale(side.model, "production", 1)
        side.predict()
    with nginx(place) as worker:
        found = {side.isolation: [] for side in sides}
        peer = []
        for _ in range(ROUNDS):
            for side in sides:
                found[side.isolation].append(side.calls())
            if worker:
                peer.append(cost([worker], NGINX, "/", {"Content-Type": "application/json"}))
    compare("call_cpu", found, "us")
    if peer:
        ratio = statistics.median(mine / theirs for mine, theirs in zip(found["full"], peer))
        bench.figure("walls_call_cpu_nginx", statistics.median(peer), "us")
        bench.figure("walls_call_cpu_ratio_nginx", ratio, "×nginx")


def measure_egress(sides):
    with outside() as beyond:
        sink = subprocess.Popen([*beyond, "python3", "-c", RECEIVER], stdout=subprocess.PIPE, text=True)
        try:
            assert sink.stdout.readline() == "ready\n"
            found = {side.isolation: [] for side in sides}
            for _ in range(ROUNDS):
                for side in sides:
                    found[side.isolation].append(side.predict(send=[OUTSIDE, SINK, SECONDS])["sent"])
            compare("egress", found, "Gbit/s")
        finally:
            sink.kill()
            sink.wait()


def main():
    place = pathlib.Path(tempfile.mkdtemp(prefix="slipway-walls-"))
    place.chmod(0o755)
    sides = []
    try:
        for isolation in PORTS:
            sides.append(Side(isolation, place))
        measure_wakes(sides)
        measure_calls(sides, place)
        if has_outside():
            measure_egress(sides)
    finally:
        for side in sides:
            side.server.stop()
        subprocess.run(["rm", "-rf", place], check=False)


if __name__ == "__main__":
    main()
