"""Logs by GET and POST, with every filter."""

import json
import os
import subprocess
import threading
import time

import pytest
import requests
from harness import BINARY, MANAGEMENT, TOOLS, Server, api_of, eventually, truss_files

TALKING = """
import logging

class Model:
    def load(self):
        print("plain words while loading")

    def predict(self, model_input):
        logging.warning("warned about %s", model_input)
        return "ok"
"""


@pytest.fixture(scope="module")
def talking(api):
    model, deployment = api.pushed("talking", truss_files("talking", model=TALKING))
    answer = api.predict(model, f"deployment/{deployment}/predict", json="apples")
    path = f"/v1/models/{model}/deployments/{deployment}/logs"
    eventually(lambda: "warned about apples" in api.logs(model, deployment))
    return path, answer.headers["X-Baseten-Request-Id"]


def lines(api, path, **parameters):
    by_get = api.get(path, params=parameters)["logs"]
    by_post = api.post(path, parameters)["logs"]
    assert by_get == by_post
    return by_get


def test_filters(api, talking):
    path, request = talking
    everything = lines(api, path, limit=1000, direction="asc", end_epoch_millis=int(time.time() * 1000))
    times = [int(line["timestamp"]) for line in everything]
    assert times == sorted(times) and len(set(times)) == len(times)
    assert [line["message"] for line in lines(api, path, limit=2, direction="asc")] == [
        line["message"] for line in everything[:2]
    ]
    warned = lines(api, path, min_level="WARNING", includes=["apples"])
    assert len(warned) == 1 and warned[0]["level"] == "WARNING"
    assert warned[0]["request_id"] == request and warned[0]["replica"]
    assert any("plain words" in line["message"] for line in lines(api, path, replica=warned[0]["replica"]))
    assert all(line["request_id"] == request for line in lines(api, path, request_id=request))
    assert len(lines(api, path, search_pattern="^warned .* apples$")) == 1
    # An empty text is in every line.
    assert len(lines(api, path, includes=["", "apples"], min_level="WARNING")) == 1
    assert not lines(api, path, includes=["apples"], excludes=["warned"], min_level="WARNING")
    assert not lines(api, path, start_epoch_millis=1000, end_epoch_millis=2000)


@pytest.mark.parametrize(
    "parameters, word",
    [
        ({"limit": 0}, "limit"), ({"limit": 1001}, "limit"), ({"direction": "up"}, "direction"),
        ({"min_level": "LOUD"}, "min_level"), ({"search_pattern": "("}, "search_pattern"),
        ({"search_pattern": r"(a)\1"}, r"\1"), ({"search_pattern": "(?=a)"}, "(?="), ({"search_pattern": "a{2000}"}, "{2000}"),
        ({"start_epoch_millis": 5, "end_epoch_millis": 1}, "epoch_millis"),
        ({"start_epoch_millis": 1, "end_epoch_millis": 1 + 8 * 86_400_000}, "7 days"),
    ],
)  # fmt: skip
def test_bad_parameters_are_named(api, talking, parameters, word):
    for answer in (api.call("GET", talking[0], params=parameters), api.call("POST", talking[0], json=parameters)):
        assert answer.status_code == 400 and word in answer.json()["message"], answer.text


BURST = """
class Model:
    def predict(self, model_input):
        for number in range(6000):
            print(f"burst {number}")
        return "ok"
"""


def test_every_line_of_a_burst_is_read(api):
    """More lines than an answer holds, within one millisecond: page by page, and by the command line that follows."""
    model, deployment = api.pushed("bursting", truss_files("bursting", model=BURST))
    command = [os.environ["SLIPWAY_BINARY"], "logs", model, deployment, "--follow", "--limit", "1"]
    environment = os.environ | {"SLIPWAY_REMOTE": MANAGEMENT, "SLIPWAY_API_KEY": api.key}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as follower:
        follower.stdout.readline()
        assert api.predict(model, f"deployment/{deployment}/predict", json={}).json() == "ok"
        followed = []
        for line in follower.stdout:
            if " burst " in line:
                followed.append(line.rsplit(" ", 1)[1].strip())
            if len(followed) == 6000:
                break
        follower.kill()
    expected = [str(number) for number in range(6000)]
    assert followed == expected
    path = f"/v1/models/{model}/deployments/{deployment}/logs"
    for direction in ("asc", "desc"):
        read, query = [], {"direction": direction, "limit": 1000, "includes": ["burst "]}
        while page := (answer := api.get(path, params=query))["logs"]:
            read += [line["message"].rsplit(" ", 1)[1] for line in page]
            query["cursor"] = answer["next_cursor"]
        assert read == (expected if direction == "asc" else expected[::-1])
    for cursor in ("yesterday", query["cursor"].split(".")[0] + ".another"):
        for log in (path, f"/v1/models/{model}/environments/production/logs"):
            refused = api.call("GET", log, params={"cursor": cursor})
            assert refused.status_code == 400 and "cursor" in refused.json()["message"], refused.text


LONG = """
class Model:
    def load(self):
        for _ in range(60):
            print("a" * 60_000)

    def predict(self, model_input):
        return "ok"
"""


def test_searches_of_logs_leave_the_rest_of_the_api_alone(api):
    """Sixty searches at once for what other engines never finish; the API answers between them."""
    model, deployment = api.pushed("searched", truss_files("searched", model=LONG))
    path = f"/v1/models/{model}/deployments/{deployment}/logs"
    # One question at a time: there are more lines from one to the next.
    eventually(lambda: len(api.get(path, params={"includes": ["aaa"], "limit": 60})["logs"]) == 60)
    started, answers = [], []

    def search():
        started.append(1)
        answers.append(
            requests.get(
                MANAGEMENT + path, params={"search_pattern": "(.*a){20}c"}, timeout=120,
                headers={"Authorization": f"Api-Key {api.key}"},
            )  # fmt: skip
        )

    threads = [threading.Thread(target=search) for _ in range(60)]
    for thread in threads:
        thread.start()
    eventually(lambda: len(started) == 60)
    for _ in range(10):
        api.get("/v1/models")
    ended = len(answers)
    for thread in threads:
        thread.join()
    assert ended < 60, "the calls of the API came after the searches"
    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, {"logs": []})] * 60
    assert len(lines(api, path, search_pattern="(.*a){20}", limit=2)) == 2
    assert api.call("DELETE", f"/v1/models/{model}").status_code == 200


def test_the_command_line_shows_lines_of_any_age(tmp_path):
    """Without a cursor the API looks at the last half hour only."""
    server = Server(tmp_path / "data", port=18790, inference_port=0, arguments=TOOLS).start()
    try:
        model, deployment = api_of(server).pushed("old-lines", truss_files("old-lines"), status=None)
        log = server.data / "logs" / deployment / "1.jsonl"
        eventually(lambda: log.exists() and log.read_text())
        server.stop()
        old = json.dumps({"t": time.time_ns() - 3 * 3600 * 10**9, "m": "from hours ago"})
        log.write_text(f"{old}\n{log.read_text()}")
        server.start()
        environment = os.environ | {"SLIPWAY_REMOTE": f"http://api.localhost:{server.port}", "SLIPWAY_API_KEY": server.key}
        command = [BINARY, "logs", model, deployment, "--limit", "1000"]
        shown = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
        assert "from hours ago" in shown.stdout and shown.returncode == 0, shown
        recent = api_of(server).get(f"/v1/models/{model}/deployments/{deployment}/logs")
        assert "from hours ago" not in str(recent), "so the line is older than that"
    finally:
        server.stop()
