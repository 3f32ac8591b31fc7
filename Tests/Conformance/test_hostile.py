"""Raw requests, each with the verdict it has to get, sent to the gateway and to nginx.

What reaches a backend is read there by the letter of the RFC: a request that two readers see differently shows itself
as one that nobody sent, or as bytes that are no request."""

import collections
import concurrent.futures
import os
import socket
import subprocess
import time

import pytest

from harness import BINARY
from hostile.corpus import CASES
from hostile.recorder import Recorder, send

NGINX = """
daemon off; worker_processes 1; pid {directory}/pid; error_log {directory}/error.log crit;
events {{ worker_connections 1000; }}
http {{
    access_log off; client_max_body_size 0;
    client_body_temp_path {directory}/1; proxy_temp_path {directory}/2; fastcgi_temp_path {directory}/3;
    uwsgi_temp_path {directory}/4; scgi_temp_path {directory}/5;
    upstream backend {{ server 127.0.0.1:{backend}; keepalive 16; }}
    server {{
        listen 127.0.0.1:{port};
        location ~ ^/production/(predict|sync/.*)$ {{
            proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_set_header Host $host; proxy_request_buffering off;
        }}
        location / {{ return 404; }}
    }}
}}
"""


Seen = collections.namedtuple("Seen", "statuses closed bodies malformed heads")


def verdict(seen):
    """In the corpus's own terms: the status of a refusal, or the bodies that were passed on."""
    if seen.bodies:
        return [body.decode("latin-1") for body in seen.bodies]
    return seen.statuses[-1] if seen.statuses else []


def run(port, recorder):
    def one(case):
        statuses, closed = send(port, case.raw)
        requests, malformed = recorder.of(case.name)
        return case.name, Seen(
            statuses, closed, [body for _, body in requests], malformed, [head for head, _ in requests])

    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        return dict(pool.map(one, CASES))


@pytest.fixture(scope="module")
def gateway():
    recorder = Recorder()
    host = os.environ.get("GATEWAY_HOST", BINARY.parent / "gateway-host")
    process = subprocess.Popen(
        [host, "--replicas", str(recorder.port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    port = int(process.stdout.readline().split()[1])
    yield run(port, recorder)
    process.stdin.close()
    assert process.wait(10) == 0
    recorder.close()


@pytest.fixture(scope="module")
def nginx(tmp_path_factory):
    recorder = Recorder()
    directory = tmp_path_factory.mktemp("nginx")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (directory / "conf").write_text(NGINX.format(directory=directory, backend=recorder.port, port=port))
    process = subprocess.Popen(["nginx", "-p", str(directory), "-c", str(directory / "conf")])
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            time.sleep(0.05)
    yield run(port, recorder)
    process.terminate()
    process.wait(10)
    recorder.close()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_verdict(case, gateway):
    seen = gateway[case.name]
    assert verdict(seen) == case.verdict, (case.source, seen)
    assert not seen.malformed, "what was passed on is no request"
    if isinstance(case.verdict, int) and case.verdict not in (401, 404, 405, 502):
        assert seen.closed, "the connection is still open after what nobody can be sure to have read"


def test_nothing_forged_or_private_reaches_the_replica(gateway):
    private = [b"\r\nauthorization:", b"\r\nproxy-", b"\r\nkeep-alive:", b"\r\nte:", b"\r\nupgrade:", b"evil", b"1.2.3.4"]
    for name, seen in gateway.items():
        for head in seen.heads:
            found = [text for text in private if text in head.lower()]
            assert not found, (name, found, head)


def test_nobody_sees_a_smuggled_request(gateway):
    assert not [name for name, seen in gateway.items() for head in seen.heads if b"smuggled" in head]


def test_what_nginx_refuses_is_refused(gateway, nginx):
    """But for two, which the RFC allows: a tab beside a value, and the same expectation twice."""
    passed = {name for name in gateway if gateway[name].bodies and not nginx[name].bodies}
    assert passed == {"length-spaces-around", "expect-twice"}


def test_differences_from_nginx_have_reasons(gateway, nginx):
    cases = {case.name: case for case in CASES}
    differences = [name for name in gateway if verdict(gateway[name]) != verdict(nginx[name])]
    print(f"\nfigure hostile_corpus {len(CASES)} requests")
    print(f"figure hostile_differences_from_nginx {len(differences)} verdicts")
    for name in differences:
        print(f"  {name}: {verdict(gateway[name])}, nginx {verdict(nginx[name])}: {cases[name].nginx}")
    assert not [name for name in differences if not cases[name].nginx]
