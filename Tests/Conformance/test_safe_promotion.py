"""What guards a promotion: plans, gates, watches, keys that name a call."""

import http.server
import json
import threading
import time

import pytest

from harness import API, TOOLS, Server, eventually, truss_files

MODEL = """
class Model:
    def predict(self, model_input):
        if VERSION == 2 and model_input.get("trip"):
            raise ValueError("version two fails")
        return {"version": VERSION}
"""


def files(version, config=""):
    return truss_files("guarded", MODEL.replace("VERSION", str(version)), config=config)


@pytest.fixture(scope="module")
def guarded(scratch):
    """A server with a gate directory: its API and the directory."""
    directory = scratch / "gates"
    directory.mkdir()
    server = Server(
        scratch / "guarded", port=8010, inference_port=9091, arguments=[*TOOLS, "--gate-dir", str(directory)]
    ).start()  # fmt: skip
    yield API(server.key, "http://localhost:8010"), directory
    assert server.stop() == 0


@pytest.fixture
def model(guarded, request):
    """A model of its own whose first deployment serves production: (api, model, deployment)."""
    api, _ = guarded
    name = request.node.name.replace("_", "-").replace("[", "-").replace("]", "")
    model, deployment = api.pushed(name, files(1))
    eventually(lambda: api.get(f"/v1/models/{model}")["production_deployment_id"] == deployment)
    yield api, model, deployment
    assert api.call("DELETE", f"/v1/models/{model}").status_code == 200


def guard(api, model, **settings):
    body = {"promotion_settings": {"slipway": settings}}
    answer = api.call("PATCH", f"/v1/models/{model}/environments/production", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["environment"]["promotion_settings"]["slipway"]


def production(api, model):
    return api.get(f"/v1/models/{model}")["production_deployment_id"]


def history(api, model):
    return api.get(f"/v1/models/{model}/environments/production/promotions")["promotions"]


def pushed(api, model, version):
    """Another deployment of the model that is ready: its id."""
    source = {
        "kind": "model_archive", "s3_key": api.upload(files(version)),
        "deployment": {"config": {"model_name": "guarded"}},
    }  # fmt: skip
    answer = api.call("POST", f"/v1/models/{model}/deployments", json={"source": source})
    assert answer.status_code == 200, answer.text
    deployment = answer.json()["deployment"]["id"]
    api.wait(model, deployment, "ACTIVE")
    return deployment


def promote(api, model, deployment, **options):
    return api.post(f"/v1/models/{model}/environments/production/promote", {"deployment_id": deployment}, **options)


class Gate(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(body)
        code = self.server.answers.get(body["deployment_id"], 200)
        self.send_response(code)
        self.end_headers()
        self.wfile.write(b"" if code == 200 else b"accuracy fell to 0.4")

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def gate():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Gate)
    server.asked, server.answers = [], {}
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


def test_a_url_gate_is_asked_before_traffic_moves(model, gate):
    api, model, first = model
    url = f"http://127.0.0.1:{gate.server_port}/check"
    assert guard(api, model, gate={"url": url, "timeout_seconds": 20})["gate"]["url"] == url
    bad = pushed(api, model, 2)
    gate.answers[bad] = 422
    promote(api, model, bad)
    eventually(lambda: history(api, model)[0]["status"] == "FAILED")
    assert "accuracy fell to 0.4" in history(api, model)[0]["error_message"]
    assert production(api, model) == first
    assert gate.asked[-1] == {
        "model_id": model, "deployment_id": bad, "environment": "production",
        "promotion_id": history(api, model)[0]["id"], "previous_deployment_id": first,
    }  # fmt: skip
    assert "accuracy fell" in api.logs(model, bad)
    gate.answers[bad] = 200
    promote(api, model, bad)
    eventually(lambda: production(api, model) == bad)


def test_a_command_gate_runs_from_the_directory_of_the_operator(guarded, model):
    _, directory = guarded
    api, model, first = model
    program = directory / "smoke-test"
    program.write_text('#!/bin/sh\necho "checking $SLIPWAY_DEPLOYMENT_ID"\nenv | grep -ci key\nexit $(cat code)\n')
    program.chmod(0o755)
    (directory / "code").write_text("3")
    guard(api, model, gate={"command": "smoke-test"})
    second = pushed(api, model, 1)
    promote(api, model, second)
    eventually(lambda: history(api, model)[0]["status"] == "FAILED")
    assert "ended with code 3" in history(api, model)[0]["error_message"]
    logs = api.logs(model, second)
    assert f"gate: checking {second}" in logs and "gate: 0" in logs, "no key in its environment"
    (directory / "code").write_text("0")
    promote(api, model, second)
    eventually(lambda: production(api, model) == second)
    guard(api, model, gate={"command": "missing"})
    promote(api, model, first)
    eventually(lambda: history(api, model)[0]["status"] == "FAILED")
    assert "no executable program missing" in history(api, model)[0]["error_message"]
    assert guard(api, model, gate=None) == {"gate": None, "watch": None}


def test_errors_within_the_watch_bring_the_previous_deployment_back(model):
    api, model, first = model
    guard(api, model, watch={"duration_seconds": 120, "max_error_percent": 20, "min_requests": 10})
    second = pushed(api, model, 2)
    promote(api, model, second)
    eventually(lambda: production(api, model) == second)
    assert history(api, model)[0]["watched_until"]
    eventually(lambda: predict(api, model, {}).json() == {"version": 2})
    # The previous deployment is still there while the watch is open.
    assert api.deployment(model, first)["active_replica_count"] == 1
    codes = []

    def back():
        codes.append(predict(api, model, {"trip": True}).status_code)
        return production(api, model) == first

    eventually(back, seconds=30, every=0.05)
    assert predict(api, model, {"trip": True}).json() == {"version": 1}
    # The prediction of version 2 above is the tenth request, where the watch had begun before it.
    assert set(codes) <= {200, 500} and codes.count(500) >= 9
    newest, returned = history(api, model)[:2]
    assert newest["candidate_deployment_id"] == first and newest["note"].startswith("Automatic return: ")
    assert returned["status"] == "SUCCEEDED" and "more than 20 %" in returned["note"]
    eventually(lambda: api.deployment(model, second)["status"] == "SCALED_TO_ZERO")
    entry = api.get(f"/v1/models/{model}/audit_logs")["items"]
    assert any(e["event_type"] == "MODEL_DEPLOYMENT_PROMOTED" and e["source"] == "SYSTEM" for e in entry)


def predict(api, model, body):
    return api.session.post(f"http://localhost:8010/model/{model}/production/predict", json=body, timeout=30)


def test_a_dry_run_tells_and_changes_nothing(model):
    api, model, first = model
    second = pushed(api, model, 2)
    path = f"/v1/models/{model}/deployments/{second}/promote"
    before = api.get(f"/v1/models/{model}/deployments")
    plan = api.post(path, params={"dry_run": "true"})
    assert plan["dry_run"] is True and plan["action"] == "PROMOTE" and plan["mode"] == "SWAP"
    assert (plan["source_deployment_id"], plan["previous_deployment_id"]) == (second, first)
    assert plan["files"]["changed"] == ["model/model.py"] and plan["needs_build"] is False
    assert len(plan["steps"]) >= 3
    time.sleep(0.5)
    assert api.get(f"/v1/models/{model}/deployments") == before and production(api, model) == first
    assert [p["candidate_deployment_id"] for p in history(api, model)] == [first]
    bad = api.call("POST", path, params={"dry_run": "maybe"})
    assert bad.status_code == 400 and "dry_run" in bad.json()["message"]
    none = api.call("POST", f"/v1/models/{model}/deployments/development/promote", params={"dry_run": "true"})
    assert none.status_code == 404


def test_a_key_names_a_call(model):
    api, model, first = model
    second = pushed(api, model, 2)
    headers = {"Idempotency-Key": "release-42"}
    answers = [promote(api, model, second, headers=headers)["id"] for _ in range(3)]
    assert set(answers) == {second}
    assert [p["candidate_deployment_id"] for p in history(api, model)] == [second, first]
    path = f"/v1/models/{model}/environments/production/promote"
    other = api.call("POST", path, json={"deployment_id": first}, headers=headers)
    assert other.status_code == 409 and "release-42" in other.json()["message"]
    bad = api.call("POST", path, json={"deployment_id": first}, headers={"Idempotency-Key": "x" * 256})
    assert bad.status_code == 400
    made = [api.post(f"/v1/models/{model}/environments", {"name": "s"}, headers={"Idempotency-Key": "e"}) for _ in "12"]
    assert made[0]["created_at"] == made[1]["created_at"]
    assert api.call("POST", f"/v1/models/{model}/environments", json={"name": "s"}).status_code == 400


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"gate": {}}, "slipway.gate"),
        ({"gate": {"url": "http://example.com/"}}, "https"),
        ({"gate": {"url": "https://169.254.169.254/latest"}}, "link-local"),
        ({"gate": {"command": "../sh"}}, "command"),
        ({"gate": {"url": "https://a.b", "timeout_seconds": 0}}, "timeout_seconds"),
        ({"gate": {"url": "https://a.b", "retries": 3}}, "retries"),
        ({"watch": {"duration_seconds": 5}}, "duration_seconds"),
        ({"watch": {"max_error_percent": 101}}, "max_error_percent"),
        ({"watch": {"min_requests": 0}}, "min_requests"),
        ({"watch": "yes"}, "watch"),
        ({"wacht": {}}, "wacht"),
    ],
)
def test_bad_settings_change_nothing(bad_target, settings, words):
    api, path = bad_target
    before = api.get(path)["promotion_settings"]
    answer = api.call("PATCH", path, json={"promotion_settings": {"slipway": settings}})
    assert answer.status_code == 400 and words in answer.json()["message"], answer.text
    assert api.get(path)["promotion_settings"] == before


@pytest.fixture(scope="module")
def bad_target(guarded):
    api, _ = guarded
    model, _ = api.pushed("bad-target", files(1), status=None)
    return api, f"/v1/models/{model}/environments/production"
