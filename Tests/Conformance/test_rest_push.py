"""Pushing without the truss client: REST, and our own command."""

import os
import subprocess

from harness import BINARY, eventually, truss_files, write_truss


def prepare(api, name, dry_run=False, **deployment):
    deployment.setdefault("config", {"model_name": name})
    return api.call(
        "POST", "/v1/prepare_model_upload", json={"name": name, "deployment": deployment, "dry_run": dry_run}
    )


def test_a_dry_run_checks_and_hands_out_nothing(api):
    answer = prepare(api, "dry", dry_run=True)
    assert answer.status_code == 200
    assert answer.json()["creds"] is None and answer.json()["s3_key"] is None
    bad = prepare(api, "dry", dry_run=True, config={"model_name": "dry", "resources": {"cpu": "many"}})
    assert bad.status_code == 400 and "resources.cpu" in bad.json()["message"]
    greedy = prepare(api, "dry", dry_run=True, config={"resources": {"accelerator": "H100:8"}})
    assert greedy.status_code == 400 and "H100" in greedy.json()["message"]
    assert prepare(api, "dry", environment_name="nowhere").status_code == 404
    assert prepare(api, "dry", is_development=True, deployment_name="x").status_code == 400
    assert all(model["name"] != "dry" for model in api.get("/v1/models")["models"])


def test_names_and_labels(api):
    labels = {"commit": "abc", "nested": {"a": [1, 2.5, None, True]}}
    model, first = api.pushed("labelled", truss_files("labelled"), deployment_name="first", labels=labels)
    made = api.deployment(model, first)
    assert made["name"] == "first" and made["labels"] == labels
    taken = api.push("labelled", truss_files("labelled"), deployment_name="first")
    assert taken.status_code == 400 and "first" in taken.json()["message"]
    renamed = api.call("PATCH", f"/v1/models/{model}/deployments/{first}", json={"name": "renamed"})
    assert renamed.status_code == 200 and renamed.json()["name"] == "renamed", renamed.text


def test_slipway_push_and_promote(api, server, scratch):
    directory = write_truss(scratch / "own-push", "own-push")
    environment = {**os.environ, "SLIPWAY_DATA_DIR": str(server.data)}

    def run(*arguments, code=0):
        done = subprocess.run([str(BINARY), *arguments], env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    assert "nothing was pushed" in run("push", str(directory), "--dry-run")
    assert "--dry-run makes nothing" in run("push", str(directory), "--dry-run", "--wait", code=64)
    assert "give one of the two" in run("members", "add", "a@b.c", "--data-dir", str(server.data), "--remote", "http://localhost:8000", code=64)
    output = run("push", str(directory), "--wait")
    assert output.strip().endswith("ACTIVE")
    model = output.split()[1]
    run("promote", model, "--wait")
    eventually(lambda: api.get(f"/v1/models/{model}")["production_deployment_id"])
    deployment = api.get(f"/v1/models/{model}")["production_deployment_id"]
    assert "Deployment is ACTIVE" in run("logs", model, deployment)
    assert api.predict(model, json=5).json()["echo"] == 5
    (directory / "config.yaml").write_text("model_name: own-push\nsecrets: {absent: null}\n")
    assert "warning: config.yaml: secrets.absent" in run("push", str(directory), "--dry-run")
    (directory / "config.yaml").write_text("model_name: own-push\nrequirments: []\n")
    assert "requirments" in run("push", str(directory), code=1)
    # The client library would try for a minute.
    assert "No server answers at http://127.0.0.1:9" in run("logs", model, deployment, "--remote", "http://127.0.0.1:9", code=5)


def test_the_config_of_the_archive_counts_and_what_a_push_says_besides_is_told(api):
    files = truss_files("twofold", config="environment_variables: {A: archive}\n")
    same = api.push("twofold", files, config={"model_name": "twofold", "environment_variables": {"A": "archive"}, "resources": {}})
    assert same.status_code == 200 and same.json()["warnings"] == [], same.text
    other = {"model_name": "twofold", "environment_variables": {"A": "request"}, "resources": {"cpu": "2"}}
    told = api.push("twofold", files, config=other)
    assert told.status_code == 200, told.text
    assert told.json()["warnings"] == [f"config: {key} is not what config.yaml of the archive says, which counts" for key in ("environment_variables", "resources")]
    raw = api.push("twofold", files, raw_config=files["config.yaml"].replace("A: archive", "A: text"))
    assert raw.json()["warnings"] == ["raw_config: environment_variables is not what config.yaml of the archive says, which counts"], raw.text
    ids = raw.json()["model"]["id"], raw.json()["deployment"]["id"]
    assert "raw_config: environment_variables" in api.logs(*ids)
    # What it names counts, also where that is the default.
    default = api.push("twofold", files, raw_config="model_name: twofold\nenvironment_variables: {}\n")
    assert default.json()["warnings"] == raw.json()["warnings"], default.text
    # Most clients show the log and no warnings.
    absent = "secrets: {absent: null}\nbuild: {secret_to_path_mapping: {token: /root/token}}\n"
    missing = api.push("twofold", truss_files("twofold", config=absent))
    ids = missing.json()["model"]["id"], missing.json()["deployment"]["id"]
    told = missing.json()["warnings"]
    assert len(told) == 2 and all("there is no such secret yet" in warning for warning in told), told
    assert "secrets.absent" in told[0] and "build.secret_to_path_mapping.token" in told[1], told
    eventually(lambda: "there is no such secret yet" in api.logs(*ids))


def test_a_second_push_of_the_same_requirements_reuses_the_environment(api):
    model, first = api.pushed("cached", truss_files("cached"))
    _, second = api.pushed("cached", truss_files("cached", version="2"))
    assert "Using the cached Python environment" in api.logs(model, second)


def test_a_python_that_is_not_there_is_replaced_with_a_warning_or_found(api):
    model, deployment = api.pushed("versioned", truss_files("versioned", python="py310"))
    log = api.logs(model, deployment)
    assert "Python 3.10" in log


def test_docker_server_runs_as_a_plain_process(api):
    server = """
import http.server

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"fine")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"got " + body)

http.server.ThreadingHTTPServer(("127.0.0.1", 28123), Handler).serve_forever()
"""
    config = """
base_image:
  image: python:3.11-slim
docker_server:
  start_command: python3 /app/data/server.py
  server_port: 28123
  predict_endpoint: /v1/answer
  readiness_endpoint: /ready
  liveness_endpoint: /live
"""
    files = {"config.yaml": "model_name: custom\npython_version: py311\n" + config, "data/server.py": server}
    model, deployment = api.pushed("custom", files)
    answer = api.predict(model, f"deployment/{deployment}/predict", json="x")
    assert answer.text == 'got "x"'
    missing = dict(files)
    missing["config.yaml"] = missing["config.yaml"].replace("python3 /app", "no-such-program /app")
    _, failed = api.pushed("custom", missing, status="BUILD_FAILED")
    assert "no-such-program" in api.logs(model, failed)
