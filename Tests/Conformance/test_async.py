"""Asynchronous predictions: submission, order, retries, webhooks, and what a crash leaves."""

import hashlib
import hmac
import json

import pytest
import requests

from harness import API, TOOLS, Server, eventually, tar, truss_files
from webhooks import Receiver

MODEL = """
import time

class Model:
    def __init__(self, **kwargs):
        self.calls = {}
        self.order = []

    def predict(self, model_input):
        name = model_input.get("name", "")
        self.calls[name] = self.calls.get(name, 0) + 1
        self.order.append(name)
        time.sleep(model_input.get("seconds", 0))
        if self.calls[name] <= model_input.get("failures", 0):
            raise ValueError("not yet")
        return {"input": model_input, "calls": self.calls[name], "order": self.order}
"""


@pytest.fixture(scope="module")
def model(api):
    model, deployment = api.pushed("async", truss_files("async", model=MODEL))
    eventually(lambda: api.get(f"/v1/models/{model}")["production_deployment_id"] == deployment)
    return model, deployment


def host(model):
    return f"http://model-{model}.api.localhost:8000"


def submit(api, model, model_input, where="production", status=201, **members):
    answer = api.session.post(
        f"{host(model)}/{where}/async_predict", json={"model_input": model_input, **members}, timeout=30
    )
    assert answer.status_code == status, answer.text
    if status != 201:
        return answer.json()
    assert answer.headers["X-Baseten-Request-Id"] == answer.json()["request_id"]
    return answer.json()["request_id"]


def status(api, model, request):
    answer = api.session.get(f"{host(model)}/async_request/{request}", timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ends(api, model, request, wanted, seconds=60):
    return eventually(lambda: (s := status(api, model, request))["status"] == wanted and s, seconds)


def output(api, model, request):
    return api.session.get(f"{host(model)}/async_request/{request}/output", timeout=30)


def test_a_result_is_kept_and_delivered_signed(api, model):
    model, deployment = model
    secret = api.post("/v1/webhook_secrets")["secret"]
    newer = api.post("/v1/webhook_secrets")["secret"]
    receiver = Receiver()
    request = submit(api, model, {"big": 12345678901234567890, "x": 1.10}, webhook_endpoint=receiver.url)
    headers, body, _ = receiver.received.get(timeout=30)
    payload = json.loads(body)
    assert payload["request_id"] == request and payload["model_id"] == model
    assert payload["deployment_id"] == deployment and payload["type"] == "async_request_completed"
    assert payload["errors"] == [] and payload["data"]["input"] == {"big": 12345678901234567890, "x": 1.10}
    assert headers["X-Baseten-Request-Id".upper()] == request
    signatures = [
        "v1=" + hmac.new(key.encode(), body, hashlib.sha256).hexdigest() for key in (newer, secret)
    ]
    assert headers["X-BASETEN-SIGNATURE"] == ",".join(signatures), "the newest secret comes first"
    done = eventually(lambda: (s := status(api, model, request))["webhook_status"] == "SUCCEEDED" and s)
    assert done["status"] == "SUCCEEDED" and done["deployment_id"] == deployment and done["errors"] == []
    kept = output(api, model, request)
    assert kept.status_code == 200 and kept.json() == payload["data"]
    listed = api.get("/v1/webhook_secrets")["secrets"]
    assert [s["ends_at"] is None for s in listed[:2]] == [True, False] and "secret" not in listed[0]


def test_a_failing_delivery_is_tried_twice(api, model):
    receiver = Receiver(503, 500)
    request = submit(api, model[0], {}, webhook_endpoint=receiver.url)
    first, second = receiver.received.get(timeout=30), receiver.received.get(timeout=30)
    assert first[1] == second[1] and 1.5 < second[2] - first[2] < 8
    done = ends(api, model[0], request, "WEBHOOK_FAILED")
    assert done["webhook_status"] == "FAILED" and "answered 500" in done["errors"][-1]["message"], done
    assert output(api, model[0], request).status_code == 200, "the result is not lost with its delivery"


def test_priorities_and_queue(api, model):
    model, deployment = model
    blocker = submit(api, model, {"name": "blocker", "seconds": 2})
    eventually(lambda: status(api, model, blocker)["status"] == "IN_PROGRESS")
    late = [submit(api, model, {"name": f"p{p}-{n}"}, priority=p) for n in range(2) for p in (2, 1, 0)]
    counts = api.session.get(f"{host(model)}/production/async_queue_status").json()
    assert counts == {
        "model_id": model, "deployment_id": deployment, "num_queued_requests": 6, "num_in_progress_requests": 1,
    }  # fmt: skip
    done = [ends(api, model, request, "SUCCEEDED") for request in late]
    assert all(d["webhook_status"] == "NO_WEBHOOK_PROVIDED" for d in done)
    order = [name for name in output(api, model, late[3]).json()["order"] if name.startswith("p")]
    order = max((output(api, model, r).json()["order"] for r in late), key=len)
    assert [n for n in order if n.startswith("p")] == ["p0-0", "p0-1", "p1-0", "p1-1", "p2-0", "p2-1"]


def test_retries_and_failures(api, model):
    model, _ = model
    retry = {"max_attempts": 3, "initial_delay_ms": 100, "max_delay_ms": 200}
    request = submit(api, model, {"name": "twice", "failures": 2}, inference_retry_config=retry)
    done = ends(api, model, request, "SUCCEEDED")
    assert [e["code"] for e in done["errors"]] == ["MODEL_PREDICT_ERROR"] * 2
    assert output(api, model, request).json()["calls"] == 3
    receiver = Receiver()
    request = submit(
        api, model, {"name": "never", "failures": 9}, inference_retry_config={**retry, "max_attempts": 2},
        webhook_endpoint=receiver.url,
    )  # fmt: skip
    done = ends(api, model, request, "FAILED")
    assert len(done["errors"]) == 2
    payload = json.loads(receiver.received.get(timeout=30)[1])
    assert payload["data"] is None and len(payload["errors"]) == 2
    assert output(api, model, request).status_code == 404


def test_cancel(api, model):
    model, _ = model
    blocker = submit(api, model, {"name": "hold", "seconds": 1.5})
    eventually(lambda: status(api, model, blocker)["status"] == "IN_PROGRESS")
    request = submit(api, model, {"name": "unwanted"})
    gone = api.session.delete(f"{host(model)}/async_request/{request}")
    assert gone.status_code == 200
    assert gone.json()["canceled"] is True and gone.json()["request_id"] == request and gone.json()["message"]
    assert status(api, model, request)["status"] == "CANCELED"
    again = api.session.delete(f"{host(model)}/async_request/{blocker}").json()
    assert again["canceled"] is False and "IN_PROGRESS" in again["message"]
    ends(api, model, blocker, "SUCCEEDED")


@pytest.mark.parametrize(
    "body, names",
    [
        ({}, "model_input"),
        ({"model_input": {}, "priority": 3}, "priority"),
        ({"model_input": {}, "priority": "0"}, "priority"),
        ({"model_input": {}, "max_time_in_queue_seconds": 9}, "max_time_in_queue_seconds"),
        ({"model_input": {}, "max_time_in_queue_seconds": 259201}, "max_time_in_queue_seconds"),
        ({"model_input": {}, "inference_retry_config": {"max_attempts": 0}}, "max_attempts"),
        ({"model_input": {}, "inference_retry_config": {"initial_delay_ms": 10001}}, "initial_delay_ms"),
        ({"model_input": {}, "inference_retry_config": {"max_delay_ms": -1}}, "max_delay_ms"),
        ({"model_input": {}, "webhook_endpoint": "http://example.com/"}, "webhook_endpoint"),
        ({"model_input": {}, "webhook_endpoint": "ftp://localhost/"}, "webhook_endpoint"),
        ({"model_input": {}, "webhook_endpoint": "https://169.254.169.254/latest"}, "webhook_endpoint"),
        ({"model_input": {}, "webhook_endpoint": "https://[fe80::1]/"}, "webhook_endpoint"),
        ({"model_input": {}, "webhook_endpoint": "nonsense"}, "webhook_endpoint"),
        ([], "object"),
    ],
)
def test_bad_submissions_name_the_field(api, model, body, names):
    answer = api.session.post(f"{host(model[0])}/production/async_predict", json=body)
    assert answer.status_code == 400 and names in answer.json()["error"], answer.text


def test_limits_and_rights(api, model):
    model, deployment = model
    padding = {"model_input": {"text": "x" * 262_144}}
    answer = api.session.post(f"{host(model)}/production/async_predict", json=padding)
    assert answer.status_code == 413 and "262144" in answer.json()["error"]
    malformed = api.session.post(f"{host(model)}/production/async_predict", data=b'{"model_input": {')
    assert malformed.status_code == 400
    for where in ("deployment/nosuch0", "environments/nowhere", "development"):
        assert "error" in submit(api, model, {}, where=where, status=404)
    assert "error" in submit(api, "nosuch00", {}, status=404)
    assert api.session.get(f"{host(model)}/async_request/nosuch").status_code == 404
    assert API("wrong").session.post(f"{host(model)}/production/async_predict", json={"model_input": {}}).status_code == 401
    key = api.post("/v1/api_keys", {"type": "WORKSPACE_MANAGE_API_KEYS"})["api_key"]
    refused = API(key).session.post(f"{host(model)}/production/async_predict", json={"model_input": {}})
    assert refused.status_code == 403 and "error" in refused.json()
    request = submit(api, model, {"by": "deployment"}, where=f"deployment/{deployment}")
    ends(api, model, request, "SUCCEEDED")
    bare = api.session.post(f"http://localhost:8000/model/{model}/production/async_predict", json={"model_input": {}})
    ends(api, model, bare.json()["request_id"], "SUCCEEDED")


def test_expiry_and_wake(api):
    model, deployment = api.pushed("sleeper", truss_files("sleeper", model=MODEL))
    eventually(lambda: api.get(f"/v1/models/{model}")["production_deployment_id"] == deployment)
    settings = {"autoscaling_settings": {"scale_down_delay": 0}}
    api.call("PATCH", f"/v1/models/{model}/environments/production", json=settings)
    api.wait(model, deployment, "SCALED_TO_ZERO")
    request = submit(api, model, {"name": "wake up"})
    ends(api, model, request, "SUCCEEDED")
    # From now on it stays awake: a blocker on a replica that is about to sleep would leave the next one to others.
    api.call("PATCH", f"/v1/models/{model}/environments/production", json={"autoscaling_settings": {"scale_down_delay": 900}})
    ends(api, model, submit(api, model, {"name": "again"}), "SUCCEEDED")
    blocker = submit(api, model, {"seconds": 30})
    eventually(lambda: status(api, model, blocker)["status"] == "IN_PROGRESS")
    receiver = Receiver()
    late = submit(api, model, {}, max_time_in_queue_seconds=10, webhook_endpoint=receiver.url)
    done = ends(api, model, late, "EXPIRED")
    assert done["webhook_status"] == "CANCELED"
    assert status(api, model, blocker)["status"] == "IN_PROGRESS"
    api.post(f"/v1/models/{model}/deployments/{deployment}/deactivate")
    assert "error" in submit(api, model, {}, status=503)


def test_nothing_queued_is_lost_by_a_kill(scratch):
    server = Server(scratch / "killed", port=8123, inference_port=8124, on_exit="keep", arguments=TOOLS).start()
    api = API(server.key, "http://localhost:8123")

    def call(method, path, **options):
        return api.session.request(method, f"http://localhost:8123/model/{model}/{path}", **options)

    try:
        key = api.post("/v1/prepare_model_upload", {"name": "k", "deployment": {"config": {"model_name": "k"}}})
        assert requests.put(key["upload_url"], data=tar(truss_files("k", model=MODEL))).status_code == 200
        source = {"kind": "model_archive", "name": "k", "deployment": {"config": {"model_name": "k"}}, "s3_key": key["s3_key"]}
        made = api.post("/v1/models", {"source": source})
        model = made["model"]["id"]
        api.wait(model, made["deployment"]["id"], "ACTIVE")
        submitted = [
            call("POST", "production/async_predict", json={"model_input": {"name": str(n), "seconds": 0.2}}).json()
            for n in range(12)
        ]
        server.process.kill()
        server.process.wait()
        server.start()
        for request in submitted:
            path = f"async_request/{request['request_id']}"
            eventually(lambda: call("GET", path).json()["status"] == "SUCCEEDED")
            assert call("GET", f"{path}/output").json()["input"]["seconds"] == 0.2
    finally:
        server.command[server.command.index("keep")] = "stop"
        server.process.kill()
        server.process.wait()
        server.start()
        assert server.stop() == 0
