"""Calling models: every target, body and answer form, and the platform's own errors."""

import socket
import time

import pytest
import requests
from harness import API, eventually, truss_files

STREAM = """
import time

class Model:
    def predict(self, model_input):
        def pieces():
            for number in range(3):
                yield f"piece {number};"
                time.sleep(0.5)
        return pieces()
"""

FAILING = """
class Model:
    def predict(self, model_input):
        raise RuntimeError("not today")
"""


@pytest.fixture(scope="module")
def streaming(api):
    return api.pushed("stream", truss_files("stream", model=STREAM))[0]


def test_targets(api, echo):
    model, deployment = echo
    for path in ("production/predict", "environments/production/predict", f"deployment/{deployment}/predict"):
        answer = api.predict(model, path, json={"a": [1, None, "ü"]})
        assert answer.status_code == 200, answer.text
        assert answer.json()["echo"] == {"a": [1, None, "ü"]}
        assert len(answer.headers["X-Baseten-Request-Id"]) >= 32
    by_path = requests.post(
        f"http://localhost:8000/model/{model}/production/predict", json=1, headers=api.session.headers
    )
    assert by_path.json()["echo"] == 1
    fixed = requests.post(
        "http://localhost:9090/production/predict", json=2,
        headers={**api.session.headers, "Host": f"model-{model}.api.dev.baseten.co"},
    )  # fmt: skip
    assert fixed.json()["echo"] == 2
    regional = requests.post(
        f"http://model-{model}-production.api.localhost:8000/predict", json=3, headers=api.session.headers
    )
    assert regional.json()["echo"] == 3
    bearer = requests.post(
        f"http://model-{model}.api.localhost:8000/production/predict", json=4,
        headers={"Authorization": f"Bearer {api.key}"},
    )  # fmt: skip
    assert bearer.json()["echo"] == 4


def test_sync_passes_method_path_and_query(api, echo):
    model, _ = echo
    base = f"http://model-{model}.api.localhost:8000/production/sync"
    assert api.session.get(f"{base}/v1/models/model").status_code == 200
    assert api.session.get(f"{base}/v1/models/model/schema?x=1").status_code in (200, 404)
    assert api.session.get(f"{base}/no/such/route").status_code == 404


def test_wake_answers_at_once(api, echo):
    answer = api.session.post(f"http://model-{echo[0]}.api.localhost:8000/production/wake")
    assert answer.status_code == 202 and answer.content == b""


def test_binary_bodies(api, echo):
    msgpack = b"\x81\xa1a\x01"
    answer = api.session.post(
        f"http://model-{echo[0]}.api.localhost:8000/production/predict", data=msgpack,
        headers={"Content-Type": "application/octet-stream"},
    )  # fmt: skip
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/octet-stream"


def test_pieces_of_a_stream_arrive_as_they_are_made(api, streaming):
    begin = time.monotonic()
    with api.predict(streaming, json={}, stream=True) as answer:
        arrivals = [(time.monotonic() - begin, piece) for piece in answer.iter_content(None)]
    assert b"".join(piece for _, piece in arrivals) == b"piece 0;piece 1;piece 2;"
    # The first piece is there while the model still works on the others, a second before the end.
    assert arrivals[-1][0] - arrivals[0][0] > 0.5
    assert answer.headers["transfer-encoding"] == "chunked"


def test_the_models_own_error_is_unchanged(api):
    model, deployment = api.pushed("failing", truss_files("failing", model=FAILING))
    answer = api.predict(model, f"deployment/{deployment}/predict", json={})
    assert answer.status_code == 500
    assert answer.json() == {"error": "Internal Server Error (in model/chainlet)."}
    assert answer.headers["X-BASETEN-ERROR-SOURCE"] == "04"
    request = answer.headers["X-Baseten-Request-Id"]

    eventually(lambda: "not today" in api.logs(model, deployment, request_id=request))


def test_platform_errors(api, echo):
    model, deployment = echo
    host = f"http://model-{model}.api.localhost:8000"
    for headers in ({}, {"Authorization": "Api-Key wrong.key"}, {"Authorization": "Basic x"}):
        answer = requests.post(f"{host}/production/predict", json={}, headers=headers)
        assert answer.status_code == 401
        assert answer.json()["error"] == "please check the api-key you provided"
        unknown = requests.post("http://model-nosuch00.api.localhost:8000/production/predict", headers=headers)
        assert unknown.status_code == 401
    cases = {
        f"{host}/development/predict": 404,
        f"{host}/environments/nowhere/predict": 404,
        f"{host}/deployment/nosuch0/predict": 404,
        f"{host}/nonsense": 404,
        "http://model-nosuch00.api.localhost:8000/production/predict": 404,
        f"{host}/production/run_remote": 501,
    }
    for url, status in cases.items():
        answer = api.session.post(url, json={})
        assert answer.status_code == status, (url, answer.text)
        assert answer.json()["error"]
        assert answer.headers["X-Baseten-Request-Id"]
    assert api.session.get(f"{host}/production/predict").status_code == 405


def test_a_body_over_the_limit_is_refused_without_being_read(api, echo):
    with socket.create_connection(("127.0.0.1", 8000)) as connection:
        connection.sendall(
            f"POST /production/predict HTTP/1.1\r\nHost: model-{echo[0]}.api.localhost\r\n"
            f"Authorization: Api-Key {api.key}\r\nContent-Length: {200 << 20}\r\n\r\n".encode()
        )
        assert connection.recv(4096).startswith(b"HTTP/1.1 413")


def test_invoke_keys_reach_only_their_models(api, echo, streaming):
    key = api.post("/v1/api_keys", {"name": "caller", "type": "WORKSPACE_INVOKE", "model_ids": [echo[0]]})["api_key"]
    caller = API(key)
    assert caller.predict(echo[0], json=1).status_code == 200
    assert caller.predict(streaming, json=1).status_code == 403
    assert caller.call("GET", "/v1/models").status_code == 403
    assert api.call("DELETE", f"/v1/api_keys/{key.split('.')[0]}").status_code == 200
    assert caller.predict(echo[0], json=1).status_code == 401
