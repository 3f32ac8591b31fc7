"""The command line: names for ids, formats, questions, exit codes, remotes and templates."""

import configparser
import http.server
import json
import os
import re
import stat
import subprocess
import threading
import time

import pytest
import yaml

from harness import APP, BINARY, ROOT, eventually
from terminal import Terminal

TEMPLATES = ("python", "streaming", "custom-server", "openai")
ESCAPE = "\x1b["


class CLI:
    """`slipway` with a home of its own."""

    def __init__(self, home, key=None, remote=APP):
        self.home = home
        home.mkdir(exist_ok=True)
        self.environment = {"HOME": str(home), "PATH": os.environ["PATH"], "TERM": "xterm", "SLIPWAY_REMOTE": remote}
        if key:
            self.environment["SLIPWAY_API_KEY"] = key

    def __call__(self, *arguments, code=0, input="", **environment):
        """What it printed; standard error too when it is to fail."""
        done = subprocess.run(
            [str(BINARY), *map(str, arguments)], env=self.environment | environment, capture_output=True, text=True,
            timeout=120, input=input, cwd=self.home,
        )  # fmt: skip
        assert done.returncode == code, f"{arguments}: {done.returncode} {done.stdout} {done.stderr}"
        return done.stderr if code else done.stdout

    def json(self, *arguments, **options):
        return json.loads(self(*arguments, "--output", "json", **options))

    def json_or_none(self, *arguments):
        done = subprocess.run([str(BINARY), *arguments], env=self.environment, capture_output=True, text=True, timeout=60)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def terminal(self, *arguments, columns=120, **environment):
        return Terminal([BINARY, *arguments], self.environment | environment, columns)


@pytest.fixture(scope="module")
def cli(server, scratch):
    return CLI(scratch / "cli-home", server.key)


@pytest.fixture(scope="module")
def pushed(cli, api):
    """Every template, as it is, pushed at the same time: {template: id of its model}."""
    pushes = {}
    for template in TEMPLATES:
        said = cli("init", f"cli-{template}", "--template", template)
        assert f"slipway push cli-{template} --wait" in said
        command = [BINARY, "push", f"cli-{template}", "--wait", "--timeout", "110"]
        pushes[template] = subprocess.Popen(
            command, env=cli.environment, cwd=cli.home, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
    said = {template: process.communicate(timeout=120)[0] for template, process in pushes.items()}
    assert all(process.returncode == 0 for process in pushes.values()), said
    return {template: text.split()[1] for template, text in said.items()}


# MARK: Templates and predictions


def test_every_template_answers_the_call_that_init_suggests(cli, pushed):
    answers = {}
    for template in TEMPLATES:
        said = cli("init", f"again/{template}", "--template", template, "--name", f"cli-{template}")
        command = said.strip().splitlines()[-1].strip()
        assert command.startswith(f"slipway predict cli-{template} ")
        done = subprocess.run(
            command, shell=True, env=cli.environment | {"PATH": f"{BINARY.parent}:{os.environ['PATH']}"},
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        answers[template] = done.stdout
    assert json.loads(answers["python"]) == json.loads(answers["custom-server"]) == {"greeting": "Hello, world!"}
    assert answers["streaming"] == "piece 0\npiece 1\npiece 2\n"
    chat = json.loads(answers["openai"])
    assert chat["choices"][0]["message"] == {"role": "assistant", "content": "You said: Hello"}
    assert "not empty" in cli("init", "cli-python", code=1)
    assert "cannot be the name of a model" in cli("init", "a b", code=64)


def test_a_push_shows_its_progress_on_a_terminal_only(cli, pushed):
    shown = cli.terminal("push", cli.home / "cli-python", "--wait", "--timeout", "100")
    assert shown.end(110) == 0, shown.output
    assert "uploading [##############################] 100 % of" in shown.output
    assert shown.output.rstrip().endswith("ACTIVE")
    said = cli("push", "cli-python", "--dry-run")
    assert "uploading" not in said and "nothing was pushed" in said


def test_what_follows_a_log_ends_with_who_reads_it(cli, pushed):
    command = [BINARY, "logs", "cli-python/development", "--follow", "--limit", "1"]
    process = subprocess.Popen(command, env=cli.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.readline()
    process.stdout.close()

    def ended():
        cli("predict", "cli-python", "--env", "development", "--data", "{}")
        return process.poll() is not None

    eventually(ended, seconds=30, every=0.5)
    assert process.stderr.read() == b""


def test_predict_takes_data_as_curl_does_and_streams(cli, pushed):
    (cli.home / "input.json").write_text('{"name": "file"}')
    predict = ("predict", "cli-python/development", "--data")
    assert json.loads(cli(*predict, "@input.json"))["greeting"] == "Hello, file!"
    assert json.loads(cli(*predict, "@-", input='{"name": "pipe"}'))["greeting"] == "Hello, pipe!"
    assert "no.json cannot be read" in cli(*predict, "@no.json", code=64)
    refused = cli(*predict, "{", code=1)
    assert "The server answered 4" in refused
    command = [BINARY, "predict", "cli-streaming", "--env", "development", "--data", '{"count": 10}', "--stream"]
    with subprocess.Popen(command, env=cli.environment, stdout=subprocess.PIPE) as process:
        first = os.read(process.stdout.fileno(), 100)
        assert first.startswith(b"piece 0") and b"piece 9" not in first and process.poll() is None
        assert (first + process.stdout.read()).decode().splitlines() == [f"piece {n}" for n in range(10)]
    chunks = cli("predict", "cli-openai", "--env", "development", "--data", '{"messages": [], "stream": true}', "--stream")
    assert chunks.endswith("data: [DONE]\n\n")


def test_an_asynchronous_prediction_is_followed_by_its_id(cli, pushed):
    request = cli("predict", "cli-python", "--env", "development", "--data", '{"name": "later"}', "--async").strip()
    eventually(lambda: cli.json("async", "get", "cli-python", request)["status"] == "SUCCEEDED")
    assert cli.json("async", "output", "cli-python", request)["greeting"] == "Hello, later!"
    assert cli.json("async", "queue", "cli-python/development")["num_queued_requests"] == 0
    cli("async", "get", "cli-python", "0" * 32, code=3)


def test_watch_brings_what_is_saved(cli, pushed):
    said = cli.home / "watch.log"
    with open(said, "wb") as output:
        watcher = subprocess.Popen(
            [BINARY, "watch", "cli-python"], env=cli.environment, cwd=cli.home, stdout=output, stderr=output
        )
    model = cli.home / "cli-python/model/model.py"
    greeting = lambda: cli.json_or_none("predict", "cli-python", "--env", "development")  # noqa: E731
    try:
        eventually(lambda: "watching" in said.read_text(), seconds=30)
        (model.parent / "words.py").write_text('WORD = "Hi"\n')
        model.write_text("from model.words import WORD\n" + model.read_text().replace('"Hello"', "WORD"))
        eventually(lambda: greeting() == {"greeting": "Hi, world!"}, every=1, what=said.read_text)
        eventually(lambda: "patched: " in said.read_text(), what=said.read_text)
        assert "pushing again" not in said.read_text()
        config = cli.home / "cli-python/config.yaml"
        config.write_text(config.read_text() + "model_metadata: [\n")
        eventually(lambda: "not valid YAML" in said.read_text(), what=said.read_text)
        time.sleep(2)
        assert watcher.poll() is None and said.read_text().count("not valid YAML") == 1, "what is half saved ends nothing"
        config.write_text(config.read_text().replace("model_metadata: [", "description: watched"))
        eventually(lambda: said.read_text().rstrip().endswith("ACTIVE"), every=1, what=said.read_text)
        assert "pushing again: config.yaml changed" in said.read_text()
    finally:
        watcher.kill()
        watcher.wait()
    assert greeting() == {"greeting": "Hi, world!"}
    model.write_text(model.read_text().replace("from model.words import WORD\n", "").replace("WORD", '"Hello"'))
    cli("push", "cli-python", "--wait", "--timeout", "100")


# MARK: Names


def test_names_stand_for_ids_and_nothing_else_is_chosen(cli, pushed, api):
    model = pushed["python"]
    development = api.get(f"/v1/models/{model}")["development_deployment_id"]
    for named in (["cli-python/development"], ["cli-python", "development"], [model, development], [f"{model}/{development}"]):
        assert cli.json("deployments", "get", *named)["id"] == development
    assert "Did you mean cli-python?" in cli("models", "get", "cli-pyton", code=3)
    assert "Did you mean development?" in cli("deployments", "get", "cli-python/developmnt", code=3)
    assert "nothing in production" in cli("deployments", "get", "cli-openai/production", code=3)
    assert "There is: production" in cli("logs", "cli-python", "--env", "staging", code=3)
    for wanted in ("*", "CLI-PYTHON", "..", "cli-python?", "", "cli"):
        cli("models", "delete", wanted, "--yes", code=3)
    for command in (["deployments", "delete", "cli-python"], ["deployments", "delete", "cli-python", "--yes"]):
        assert "Name the deployment" in cli(*command, code=64)
    assert cli.json("models", "get", "cli-python")["id"] == model


class Twins(http.server.BaseHTTPRequestHandler):
    """A server where two teams have a model of the same name, and that answers no prediction."""

    def do_GET(self):
        twins = [{"id": f"id{n}", "name": "twin", "team_name": f"team{n}\x1b[2J"} for n in (1, 2)]
        answers = {"/v1/models/id1": twins[0], "/v1/models?name=twin": {"models": twins}}
        body = json.dumps(answers.get(self.path, {"message": "no", "models": []})).encode()
        self.send_response(200 if "models?" in self.path or self.path in answers else 404)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        time.sleep(5)

    def do_DELETE(self):
        self.server.deleted.append(self.path)
        self.send_error(500)

    def log_message(self, *arguments):
        pass


def test_an_ambiguous_name_is_refused_with_the_ids(scratch):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Twins)
    server.deleted = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    cli = CLI(scratch / "twins", "key", f"http://127.0.0.1:{server.server_port}")
    said = cli("models", "delete", "twin", "--yes", code=3)
    ids = "2 models are called twin: id1 (team team1\\u{1b}[2J), id2 (team team2\\u{1b}[2J)."
    assert ids in said and "Give the id" in said
    shown = cli.terminal("models", "delete", "twin", "--yes")
    assert shown.end() == 3 and ids in shown.output and "\x1b[2J" not in shown.output
    assert "did not answer in time" in cli("predict", "id1", "--timeout", "1", code=6)
    server.shutdown()
    assert server.deleted == []


# MARK: Formats


def test_json_is_the_document_of_the_api_and_yaml_reads_back_as_the_same(cli, pushed, api):
    model = pushed["python"]
    development = api.get(f"/v1/models/{model}")["development_deployment_id"]
    base = f"/v1/models/{model}"
    documents = {
        ("models", "list", "--name", "cli-python"): "/v1/models?limit=100&name=cli-python", ("models", "get", "cli-python"): base,
        ("deployments", "list", "cli-python"): f"{base}/deployments",
        ("deployments", "get", "cli-python/development"): f"{base}/deployments/{development}",
        ("deployments", "config", "cli-python/development"): f"{base}/deployments/{development}/config?output_format=both",
        ("deployments", "decisions", "cli-python/development"): f"{base}/deployments/{development}/scaling_decisions",
        ("environments", "list", "cli-python"): f"{base}/environments",
        ("environments", "get", "cli-python", "production"): f"{base}/environments/production",
        ("promotions", "list", "cli-python"): f"{base}/environments/production/promotions",
        ("secrets", "list"): "/v1/secrets", ("keys", "list"): "/v1/api_keys", ("members", "list"): "/v1/users?limit=100",
        ("members", "get"): "/v1/users/me", ("groups", "list"): "/v1/environment_groups",
        ("groups", "get", "production"): "/v1/environment_groups/production", ("instance-types", "list"): "/v1/instance_types",
        ("audit", "cli-python", "--limit", "5"): f"{base}/audit_logs?limit=5",
    }  # fmt: skip
    for command, path in documents.items():
        expected = api.get(path)
        if command[0] == "audit":
            expected = {"items": expected["items"]}
            assert cli.json(*command)["items"] == expected["items"]
            continue
        assert cli.json(*command) == expected, command
        assert yaml.safe_load(cli(*command, "-o", "yaml")) == expected, command
    assert "EMAIL" in cli("members") and "GPU" in cli("instance-types") and "MODEL_DEPLOYED" in cli("audit", "cli-python")
    assert f"id: {model}" in cli("models", "get", "cli-python").splitlines()
    metrics = cli.json("metrics", "cli-python", "--deployment", "development", "--metric", "baseten_replicas_active")
    assert [metric["name"] for metric in metrics["metric_descriptors"]] == ["baseten_replicas_active"]
    assert "baseten_inference_requests_total" in cli("metrics", "cli-python", "--env", "production")
    lines = [json.loads(line) for line in cli("logs", "cli-python/development", "-o", "json").splitlines()]
    assert lines and yaml.safe_load(cli("logs", "cli-python/development", "-o", "yaml"))[0] == lines[0]
    assert cli("logs", "cli-python/development", "--search", "^Deployment is ACTIV.$").splitlines()[0].endswith("is ACTIVE")
    assert cli("logs", "cli-python/development", "--level", "error") == ""


def test_colours_and_widths_are_for_terminals_only(cli, pushed):
    assert ESCAPE not in cli("deployments", "list", "cli-python")
    shown = cli.terminal("deployments", "list", "cli-python")
    assert shown.end() == 0 and f"{ESCAPE}32mACTIVE{ESCAPE}0m" in shown.output
    plain = cli.terminal("deployments", "list", "cli-python", NO_COLOR="1")
    assert plain.end() == 0 and ESCAPE not in plain.output and "ACTIVE" in plain.output
    narrow = cli.terminal("deployments", "list", "cli-python", columns=60, NO_COLOR="1")
    assert narrow.end() == 0 and "…" in narrow.output
    assert all(len(line) <= 60 for line in narrow.output.splitlines())


# MARK: Promotions


def test_promote_shows_the_plan_and_asks_on_a_terminal(cli, pushed, api):
    model = pushed["python"]
    production = lambda: api.get(f"/v1/models/{model}")["production_deployment_id"]  # noqa: E731
    plan = cli("promote", "cli-python", "--dry-run")
    assert "to production" in plan and "1. " in plan and production() is None
    assert cli.json("promote", "cli-python", "--dry-run")["dry_run"] is True
    for answer in ("n\n", "\n", "\x04"):
        asked = cli.terminal("promote", "cli-python")
        asked.expect("Promote? [y/N]")
        assert "A copy of development is made" in asked.output
        asked.type(answer)
        assert asked.end() == 1 and "Nothing was changed" in asked.output
    assert production() is None and api.get(f"/v1/models/{model}")["deployments_count"] == 1
    asked = cli.terminal("promote", "cli-python", "--wait", "--timeout", "100")
    asked.expect("Promote? [y/N]")
    asked.type("y\n")
    assert asked.end(110) == 0, asked.output
    assert "promotion RELEASING 0 %" in asked.output and "promotion SUCCEEDED 100 %" in asked.output
    assert "of the traffic" in asked.output and production()
    assert json.loads(cli("predict", "cli-python", "--data", '{"name": "all"}'))["greeting"] == "Hello, all!"
    # Serves already: nothing is promoted, and waiting for it ends at once.
    assert "Nothing would happen" in cli("promote", "cli-python/production", "--dry-run")
    cli("promote", "cli-python/production", "--wait", "--timeout", "30")
    records = cli.json("promotions", "list", "cli-python")["promotions"]
    assert len(records) == 1 and cli.json("promotions", "get", "cli-python")["id"] == records[0]["id"]
    cli("promotions", "pause", "cli-python", code=1)


def test_promote_by_ids_without_a_terminal_asks_nothing(cli, pushed, api):
    model = pushed["openai"]
    development = api.get(f"/v1/models/{model}")["development_deployment_id"]
    assert "no environment stagin" in cli("promote", model, development, "--env", "stagin", code=3)
    cli("environments", "create", model, "staging", "--max-replica", "2")
    said = cli("promote", model, development, "--env", "staging", "--wait", "--timeout", "100")
    assert said.startswith("deployment ") and "[" not in said.splitlines()[-1] and "SUCCEEDED" in said
    assert cli.json("environments", "get", "cli-openai", "staging")["current_deployment"]["status"] == "ACTIVE"
    assert "Deployment is ACTIVE" in cli("logs", "cli-openai", "--env", "staging")


# MARK: Changes


def test_what_cannot_be_undone_asks_first(cli, pushed, api):
    model = pushed["streaming"]
    assert "say --yes" in cli("models", "delete", "cli-streaming", code=64)
    asked = cli.terminal("models", "delete", "cli-streaming")
    asked.expect(f"Delete model cli-streaming ({model}) with its deployments (1)? [y/N]")
    asked.type("no\n")
    assert asked.end() == 1 and api.get(f"/v1/models/{model}")["id"] == model


def test_deployments_and_environments_are_changed(cli, pushed, api):
    model = pushed["custom-server"]
    named = "cli-custom-server/development"
    cli("deployments", "scale", named, "--concurrency-target", "7")
    assert cli.json("deployments", "get", named)["autoscaling_settings"]["concurrency_target"] == 7
    assert "are fixed" in cli("deployments", "scale", named, "--max-replica", "3", code=1)
    assert "Say what to change" in cli("deployments", "scale", named, code=64)
    cli("environments", "create", "cli-custom-server", "qa", "--settings", '{"promotion_settings": {"rolling_deploy": true}}')
    assert cli.json("environments", "get", "cli-custom-server", "qa")["promotion_settings"]["rolling_deploy"] is True
    cli("environments", "update", "cli-custom-server", "qa", "--min-replica", "1", "--max-replica", "4")
    assert cli.json("environments", "get", "cli-custom-server", "qa")["autoscaling_settings"]["max_replica"] == 4
    assert "Say what to change" in cli("environments", "update", "cli-custom-server", "qa", code=64)
    cli("environments", "delete", "cli-custom-server", "qa", "--yes")
    cli("environments", "get", "cli-custom-server", "qa", code=3)
    log = [json.loads(line) for line in cli("logs", named, "-o", "json").splitlines()]
    replica = next(line["replica"] for line in log if line.get("replica"))
    cli("replicas", "terminate", "cli-custom-server", "development", replica, "--yes")
    cli("replicas", "terminate", "cli-custom-server", "development", "nosuch", "--yes", code=3)
    cli("deployments", "deactivate", named, "--yes")
    eventually(lambda: api.get(f"/v1/models/{model}/deployments")["deployments"][0]["status"] == "INACTIVE")
    cli("deployments", "activate", named)
    cli("models", "rename", "cli-custom-server", "cli-renamed")
    assert cli.json("models", "get", "cli-renamed")["id"] == model
    assert "is deleted" in cli("models", "delete", "cli-renamed", "--yes")
    assert api.call("GET", f"/v1/models/{model}").status_code == 404


def test_secrets_keys_and_people(cli, api):
    cli("secrets", "set", "cli-secret", input="piped value\n")
    asked = cli.terminal("secrets", "set", "cli-secret")
    asked.expect("Value of cli-secret: ")
    asked.type("typed value\n")
    assert asked.end() == 0 and "typed value" not in asked.output
    assert "cli-secret" in cli("secrets", "list") and "value" not in cli("secrets", "list")
    assert "no secret cli-secre" in cli("secrets", "delete", "cli-secre", "--yes", code=3)
    cli("secrets", "delete", "cli-secret", "--yes")
    key = cli("keys", "create", "cli-key", "--type", "invoke").strip()
    assert cli("models", SLIPWAY_API_KEY=key, code=4)
    assert key not in cli("keys", "list") and key.split(".")[0] in cli("keys", "list")
    cli("keys", "delete", "cli-key", "--yes")
    assert "401" in cli("models", SLIPWAY_API_KEY=key, code=4)
    member = cli("members", "add", "cli@example.com").strip()
    assert cli.json("members", "get", SLIPWAY_API_KEY=member)["email"] == "cli@example.com"
    assert cli.json("members", "get", "cli@example.com")["email"] == "cli@example.com"
    assert "Only admins" in cli("members", "add", "x@example.com", SLIPWAY_API_KEY=member, code=4)
    assert "no user cli@example.co." in cli("groups", "restrict", "production", "--user", "cli@example.co", code=3)
    cli("groups", "restrict", "production", "--user", "cli@example.com")
    try:
        users = cli.json("groups", "get", "production")["manage_access"]["users"]
        assert "cli@example.com" in [user["email"] for user in users]
    finally:
        cli("groups", "open", "production")
    assert cli.json("groups", "get", "production")["manage_access"]["is_restricted"] is False


# MARK: Remotes, addresses and failures


def test_login_keeps_the_key_to_itself(server, scratch):
    cli = CLI(scratch / "login-home")
    del cli.environment["SLIPWAY_REMOTE"]
    assert "No API key" in cli("models", code=4)
    asked = cli.terminal("login", "here", "--url", APP, "--trussrc")
    asked.expect(f"API key for {APP}: ")
    assert not asked.echoes
    asked.type(f"wrong\x15{server.key}x\x7f\r")
    assert asked.end() == 0, asked.output
    assert "Logged in to http://localhost:8000 as admin@localhost" in asked.output and server.key not in asked.output
    file = cli.home / ".config/slipway/config.yaml"
    for path in (file, cli.home / ".trussrc"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    trussrc = configparser.ConfigParser()
    trussrc.read(cli.home / ".trussrc")
    assert dict(trussrc["here"]) == {"remote_provider": "baseten", "api_key": server.key, "remote_url": APP}
    assert "NAME" in cli("models"), "the remote in use"

    before = file.read_text()
    assert "401" in cli("login", "there", input="WRONG.key\n", code=4) and file.read_text() == before
    assert "what was given is none" in cli("login", "there", input="two words\n", code=4)
    (cli.home / "key").write_text(server.key + "\n")
    cli("login", "there", "--url", "http://api.localhost:8000/", "--api-key-file", "key")
    cli("login", "gone", input=server.key)
    listed = cli("config", "list") + cli("config", "list", "-o", "json") + cli("config", "list", "-o", "yaml")
    assert "there" in listed and server.key not in listed and server.key.split(".")[1] not in listed
    assert json.loads(cli("config", "list", "-o", "json"))["remotes"][0] == {"name": "gone", "url": APP, "current": True}
    cli("config", "use", "there")
    assert "Did you mean there?" in cli("config", "use", "ther", code=3)
    cli("config", "remove", "gone", "--yes")
    assert "no remote gone" in cli("models", "--remote", "gone", code=3)
    assert cli.json("members", "get", "--remote", "here", SLIPWAY_API_KEY="WRONG.key")["email"] == "admin@localhost"
    cli("members", "get", SLIPWAY_API_KEY="WRONG.key", code=4)
    # An interrupt leaves the terminal as it was, and everything else too.
    asked = cli.terminal("login", "here", "--url", APP)
    asked.expect("API key")
    asked.type("half\x03")
    eventually(lambda: asked.process.poll() is not None)
    assert asked.echoes and asked.end() == 1


def test_exit_codes_say_what_happened(cli, pushed):
    assert "slipway serve" in cli("models", "--remote", "http://127.0.0.1:9", code=5)
    assert "No server answers at http://any.localhost:9" in cli("models", "--remote", "http://any.localhost:9", code=5)
    assert "slipway login" in cli("models", SLIPWAY_API_KEY="WRONG.key", code=4)
    assert "is not a URL" in cli("models", "--remote", "http://", code=1)
    cli("models", "--nosuch", code=64)
    cli("nosuch", code=64)
    cli("logs", "cli-python/development", "--env", "production", code=64)
    slow = "build_commands: [sleep 30]\n"
    cli("init", "cli-slow")
    with open(cli.home / "cli-slow/config.yaml", "a") as config:
        config.write(slow)
    assert "not ready within 1 s" in cli("push", "cli-slow", "--wait", "--timeout", "1", code=6)
    cli("models", "delete", "cli-slow", "--yes")


def test_the_admin_key_of_this_machine_is_for_no_other_server(server, scratch):
    cli = CLI(scratch / "elsewhere", remote="http://192.0.2.1:1")
    assert "this server is not on this machine" in cli("models", SLIPWAY_DATA_DIR=str(server.data), code=4)
    here = CLI(scratch / "elsewhere", remote="http://127.0.0.1:8000")
    assert here.json("members", "get", SLIPWAY_DATA_DIR=str(server.data))["email"] == "admin@localhost"


@pytest.mark.skipif(os.geteuid() != 0, reason="hides the system's resolver with a mount")
def test_names_below_localhost_need_no_resolver(cli, pushed, scratch):
    (scratch / "nsswitch.conf").write_text("hosts: files\n")
    hide = f"mount --bind {scratch}/nsswitch.conf /etc/nsswitch.conf && "
    check = hide + "! getent ahosts api.localhost"
    assert subprocess.run(["unshare", "-m", "sh", "-c", check], timeout=30).returncode == 0, "else this test proves nothing"
    command = hide + f"exec {BINARY} push cli-python"
    environment = cli.environment | {"SLIPWAY_REMOTE": "http://api.localhost:8000"}
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", command], env=environment, capture_output=True, text=True, timeout=60, cwd=cli.home
    )
    assert done.returncode == 0 and done.stdout.startswith("model "), done.stderr


def test_open_prints_the_address_of_a_model(cli, pushed):
    assert cli("open", "cli-python") == f"{APP}/models/{pushed['python']}\n"
    assert cli("open") == f"{APP}/\n"


def test_completions_are_installed_where_the_shell_looks(cli):
    cli("completion", "bash", "--install")
    file = cli.home / ".local/share/bash-completion/completions/slipway"
    assert subprocess.run(["bash", "-n", file]).returncode == 0
    ask = f"source {file}; COMP_WORDS=(slipway promo); COMP_CWORD=1; _slipway slipway promo slipway; echo ${{COMPREPLY[@]}}"
    done = subprocess.run(["bash", "-c", ask], capture_output=True, text=True, timeout=30)
    assert done.stdout.split() == ["promote", "promotions"], done


def test_the_commands_of_the_readme_work(cli, server):
    """In its order, as from the project's directory; what starts or replaces servers and their data has tests of its own."""
    text = (ROOT / "README.md").read_text()
    lines = [line.split("  #")[0].strip() for line in re.findall(r"^    (slipway .*)$", text, re.MULTILINE)]
    elsewhere = ("slipway serve", "slipway backup", "slipway restore")
    (cli.home / "Examples").symlink_to(ROOT / "Examples")
    commands = [line for line in lines if not line.startswith(elsewhere)]
    assert len(commands) > 8
    environment = cli.environment | {"PATH": f"{BINARY.parent}:{os.environ['PATH']}", "SLIPWAY_DATA_DIR": str(server.data)}
    for command in commands:
        if command == "slipway doctor":
            command += f" --data-dir {server.data}"
        goes_on = command.split()[-1] in ("-f", "--follow")
        process = subprocess.Popen(
            ["bash", "-c", f"exec {command}"], env=environment, cwd=cli.home, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        if goes_on:
            assert process.stdout.readline(), command
            time.sleep(1)
            assert process.poll() is None, command
            process.kill()
            process.communicate()
            continue
        out, error = process.communicate(server.key if command.startswith("slipway login") else "", timeout=300)
        assert process.returncode == 0, f"{command}: {out}{error}"
