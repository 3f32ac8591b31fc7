"""What a hostile load took of the server's memory, the machine has again soon after."""

import json
import pathlib
from concurrent.futures import ThreadPoolExecutor

import requests

from harness import TOOLS, Server, api_of, eventually

PORT = 18420


def resident(pid, field="VmRSS"):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) << 10
    raise RuntimeError("the process is gone")


def test_memory_is_given_back_after_a_hostile_load(scratch):
    """Many aliases, large bodies and nested ones, at once: answered with an error each, and then forgotten."""
    server = Server(scratch / "forgetful", port=PORT, inference_port=0, arguments=TOOLS).start()
    try:
        api = api_of(server)
        headers = {"Authorization": f"Api-Key {server.key}"}
        for number in range(40):
            api.post("/v1/secrets", {"name": f"warm-{number}", "value": "x"})
            api.get("/v1/secrets")
        before = resident(server.process.pid)
        # The most it has from now on, however short.
        pathlib.Path(f"/proc/{server.process.pid}/clear_refs").write_text("5")

        def call(url, body):
            return requests.post(url, data=body, headers=headers, timeout=120)

        aliases = " ".join(f"a{number}: models {{ id name versions {{ id }} }}" for number in range(20_000))
        inner = " ".join(f"a{number}: id" for number in range(20_000))
        graphql = f"http://localhost:{PORT}/graphql/"
        for query in ("{ " + aliases + " }", "{ models { " + inner + " } }", "mutation { " + aliases + " }"):
            answer = call(graphql, json.dumps({"query": query}))
            assert answer.status_code == 200, answer.text[:200]
            errors = answer.json()["errors"]
            assert len(errors) == 1 and "more than" in errors[0]["message"] and len(answer.content) < 2000
        bodies = [
            (f"http://api.localhost:{PORT}/v1/secrets", b'{"name": [' + b'"ab",' * 150_000 + b'1], "value": 1}'),
            (f"http://api.localhost:{PORT}/v1/secrets", b'{"name": "a", "value": [' + b"[[1]]," * 100_000 + b"1]}"),
            (graphql, json.dumps({"query": "{ user { id } }", "variables": {"a": [[1]] * 100_000}}).encode()),
        ]
        with ThreadPoolExecutor(12) as pool:
            pending = [pool.submit(call, *body) for _ in range(8) for body in bodies]
            for one in pending:
                assert one.result().status_code in (200, 400)
        most = resident(server.process.pid, "VmHWM")
        assert most > before + (32 << 20), "the load took so little that nothing is shown"
        print(f"\nfigure memory_before {before >> 20} MiB")
        print(f"figure memory_during_hostile_load {most >> 20} MiB")
        after = eventually(
            lambda: (now := resident(server.process.pid)) <= 1.5 * before and now, 120, 1,
            lambda: f"{before >> 20} MiB before, {resident(server.process.pid) >> 20} MiB after",
        )  # fmt: skip
        print(f"figure memory_after_hostile_load {after >> 20} MiB")
        assert api.get("/v1/models") == {"models": []}
    finally:
        server.stop()
