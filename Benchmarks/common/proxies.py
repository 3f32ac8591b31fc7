"""The gateway and its peers in front of the same backend: each one process on one processor, and the load and the
backend on the other."""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

KEY = "benchmark.0123456789abcdef0123456789abcdef"
HOST = "model-bench001.api.localhost"
PATH = "/production/predict"
BODY = '{"text": "' + "x" * 188 + '"}'
ANSWER = '{"text": "' + "y" * 188 + '"}'
PROXY_CPU, LOAD_CPU = 0, 1

BACKEND = """
daemon off; worker_processes 1; pid {directory}/backend.pid; error_log {directory}/backend.log crit;
worker_rlimit_nofile 20000;
events {{ worker_connections 15000; }}
http {{
    access_log off; keepalive_requests 1000000000; keepalive_timeout 600; client_max_body_size 0;
    client_body_temp_path {directory}/t1; proxy_temp_path {directory}/t2; fastcgi_temp_path {directory}/t3;
    uwsgi_temp_path {directory}/t4; scgi_temp_path {directory}/t5;
    server {{
        listen 127.0.0.1:{port} backlog=16384; default_type application/json;
        location / {{ return 200 '{answer}'; }}
        location ~ /down$ {{ root {directory}; error_page 405 =200 /big; rewrite ^ /big break; }}
        location = /big {{ root {directory}; }}
    }}
}}
"""

NGINX = """
daemon off; worker_processes 1; pid {directory}/nginx{port}.pid; error_log {directory}/nginx.log crit;
worker_rlimit_nofile 20000;
events {{ worker_connections 15000; }}
http {{
    access_log off; keepalive_requests 1000000000; keepalive_timeout 600; client_max_body_size 0;
    client_body_temp_path {directory}/n1; proxy_temp_path {directory}/n2; fastcgi_temp_path {directory}/n3;
    uwsgi_temp_path {directory}/n4; scgi_temp_path {directory}/n5;
    upstream backend {{
        server 127.0.0.1:{backend}; keepalive 512; keepalive_requests 1000000000; keepalive_timeout 600;
    }}
    server {{
        listen 127.0.0.1:{port} backlog=16384;
        location / {{
            proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_set_header Host $host; proxy_request_buffering {buffering}; proxy_buffering {buffering};
        }}
    }}
}}
"""

HAPROXY = """
global
    nbthread 1
    maxconn 9000
defaults
    mode http
    timeout connect 5s
    timeout client 600s
    timeout server 600s
    option http-keep-alive
    http-reuse always
frontend front
    bind 127.0.0.1:{port} backlog 16384
    default_backend back
backend back
    server one 127.0.0.1:{backend} pool-max-conn 1024
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def await_port(port):
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens on {port}")


class Proxy:
    """A running server; its processor time is that of all its processes."""

    def __init__(self, name, process, port):
        self.name, self.process, self.port = name, process, port

    def pids(self):
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [self.process.pid, *map(int, children.read_text().split())]

    def cpu(self):
        """Seconds of processor time so far, in nanosecond steps."""
        total = 0
        for pid in self.pids():
            for task in os.listdir(f"/proc/{pid}/task"):
                with contextlib.suppress(OSError):
                    total += int(open(f"/proc/{pid}/task/{task}/schedstat").read().split()[0])
        return total / 1e9

    def resident_kib(self):
        total = 0
        for pid in self.pids():
            for line in open(f"/proc/{pid}/status"):
                if line.startswith("VmRSS:"):
                    total += int(line.split()[1])
        return total


def pinned(cpu, *command, **options):
    return subprocess.Popen(["taskset", "-c", str(cpu), *map(str, command)], **options)


@contextlib.contextmanager
def stopping(process, how=signal.SIGTERM):
    try:
        yield process
    finally:
        process.send_signal(how)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


class Bench:
    """Makes servers in a temporary directory and ends them with it."""

    def __init__(self):
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        self.directory = self.stack.enter_context(tempfile.TemporaryDirectory(prefix="slipway-bench-"))
        return self

    def __exit__(self, *error):
        return self.stack.__exit__(*error)

    def _nginx(self, name, text, port, cpu):
        configuration = pathlib.Path(self.directory, f"{name}{port}.conf")
        configuration.write_text(text)
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        process = pinned(cpu, nginx, "-p", self.directory, "-c", configuration)
        self.stack.enter_context(stopping(process))
        await_port(port)
        return Proxy(name, process, port)

    def backend(self, size=0):
        """Answers POST with a short JSON document, and `…/down` with `size` bytes."""
        port = free_port()
        pathlib.Path(self.directory, "big").write_bytes(b"y" * size)
        os.chmod(self.directory, 0o755)
        text = BACKEND.format(directory=self.directory, port=port, answer=ANSWER)
        return self._nginx("backend", text, port, LOAD_CPU)

    def streamer(self):
        """Takes uploads and answers with slow chunks."""
        process = pinned(
            LOAD_CPU, sys.executable, pathlib.Path(__file__).with_name("streamer.py"),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.stack.enter_context(stopping(process))
        return Proxy("streamer", process, int(process.stdout.readline()))

    def nginx(self, backend, buffering="on"):
        port = free_port()
        text = NGINX.format(
            directory=self.directory, port=port, backend=backend, buffering=buffering
        )
        return self._nginx("nginx", text, port, PROXY_CPU)

    def haproxy(self, backend):
        port = free_port()
        configuration = pathlib.Path(self.directory, "haproxy.cfg")
        configuration.write_text(HAPROXY.format(port=port, backend=backend))
        haproxy = shutil.which("haproxy") or "/usr/sbin/haproxy"
        process = pinned(PROXY_CPU, haproxy, "-f", configuration)
        self.stack.enter_context(stopping(process))
        await_port(port)
        return Proxy("haproxy", process, port)

    def gateway(self, *backends, **options):
        arguments = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        process = pinned(
            PROXY_CPU, os.environ["GATEWAY_HOST"], "--replicas", ",".join(map(str, backends)), *arguments,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.stack.enter_context(stopping(process))
        port = int(process.stdout.readline().split()[1])
        return Proxy("slipway", process, port)


SCRIPT = """
wrk.method = "POST"
wrk.body = {body}
wrk.headers["Host"] = "{host}"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Api-Key {key}"
done = function(summary, latency, requests)
    io.write(string.format("RESULT %d %d %d %f %f %f\\n", summary.requests,
        summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
        summary.errors.status, summary.duration / 1e6, latency:percentile(50), latency:percentile(99)))
end
"""


def wrk(port, connections, seconds, directory, timeout=10, path=PATH, body=None):
    """Loads `port` and returns requests, errors, wrong statuses, seconds, p50 and p99 in microseconds.

    `body`: how many bytes each request has; the usual JSON document unless told.
    """
    script = pathlib.Path(directory, "load.lua")
    text = f"'{BODY}'" if body is None else f"string.rep('x', {body})"
    script.write_text(SCRIPT.format(body=text, host=HOST, key=KEY))
    out = subprocess.run(
        ["taskset", "-c", str(LOAD_CPU), "wrk", "-t1", f"-c{connections}", f"-d{seconds}s",
         f"--timeout={timeout}s", "-s", str(script), f"http://127.0.0.1:{port}{path}"],
        capture_output=True, text=True, timeout=seconds + 60, check=True,
    ).stdout  # fmt: skip
    numbers = re.search(r"RESULT (.*)", out)[1].split()
    return (*map(int, numbers[:3]), *map(float, numbers[3:]))
