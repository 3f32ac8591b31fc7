"""The command line before a hostile server, hostile files and streams that cannot be written."""

import http.server
import json
import os
import subprocess
import threading

import pytest

from harness import BINARY
from terminal import Terminal

HOSTILE = "x\x1b]0;title\x07\x9b31m\u202ey"
MODEL = {"id": "m1", "name": HOSTILE, "team_name": "t", "development_deployment_id": "d1"}
ENVIRONMENT = "/v1/models/m1/environments/production"
ANSWERS = {
    "GET /v1/models": {"models": [MODEL]},
    "GET /v1/models/m1": MODEL,
    "GET /v1/models/m1/deployments": {"deployments": [{"id": "d1", "name": "dev", "is_development": True}]},
    "GET /v1/models/m1/environments": {"environments": [{"name": "production"}]},
    f"POST {ENVIRONMENT}/promote": {"id": "d2", "status": "BUILDING"},
    "GET /v1/models/m1/deployments/d2": {"id": "d2", "status": HOSTILE},
    "GET /v1/models/m1/deployments/d2/logs": {"logs": [{"timestamp": "1", "message": HOSTILE}], "next_cursor": "1.d2"},
    f"GET {ENVIRONMENT}/promotions": {"promotions": [{"candidate_deployment_id": "d2", "status": "SUCCEEDED"}]},
    "POST /v1/prepare_model_upload": {"warnings": [HOSTILE]},
    "GET /v1/api_keys": {"keys": [{"prefix": "p1", "name": None, "type": "PERSONAL"}]},
    "GET /v1/secrets": b"<!DOCTYPE html><html>" + b"<p>page</p>" * 1000,
}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        length = int(self.headers.get("Content-Length", 0))
        self.server.bodies.append((self.command, self.path, self.rfile.read(length)))
        path = self.path.split("?")[0]
        if path == "/v1/instance_types":  # ends early
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.close_connection = True
            return
        answer = ANSWERS.get(f"{self.command} {path}")
        body = answer if isinstance(answer, bytes) else json.dumps(answer or {"message": HOSTILE}, ensure_ascii=False).encode()
        self.send_response(404 if answer is None or isinstance(answer, bytes) else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = answer

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def fake():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.bodies = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def environment(fake, tmp_path):
    remote = f"http://127.0.0.1:{fake.server_port}"
    return {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "TERM": "xterm", "SLIPWAY_REMOTE": remote, "SLIPWAY_API_KEY": "k"}


@pytest.fixture
def truss(tmp_path):
    (tmp_path / "truss/model").mkdir(parents=True)
    (tmp_path / "truss/model/model.py").write_text("class Model:\n    def predict(self, x): return x\n")
    (tmp_path / "truss/config.yaml").write_text("model_name: hostile\n")
    return tmp_path / "truss"


def shown(*arguments, code=0, environment, stdout=""):
    """What a terminal got, with standard output elsewhere if that is named."""
    command = ["bash", "-c", f'exec "$0" "$@" {stdout}', str(BINARY), *map(str, arguments)]
    terminal = Terminal(command, environment)
    assert terminal.end() == code, terminal.output
    text = terminal.output.replace("\x1b[1m", "").replace("\x1b[0m", "").replace("\x1b[31mError:", "Error:")
    text = text.replace("\x1b[K", "")
    harmful = [c for c in text if c == "\u202e" or c not in "\r\n\t" and (c < " " or "\x7f" <= c < "\xa0")]
    assert not harmful, text
    return text


def run(*arguments, code, environment, input=b"", redirect=""):
    command = ["bash", "-c", f'exec "$0" "$@" {redirect}', str(BINARY), *map(str, arguments)]
    done = subprocess.run(command, env=environment, input=input, capture_output=True, timeout=60)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return (done.stderr if code else done.stdout).decode()


@pytest.mark.parametrize("form", ["table", "json", "yaml"])
def test_no_document_controls_the_terminal(environment, form):
    text = shown("models", "list", "-o", form, environment=environment)
    assert "202e" in text.lower()
    if form == "json":
        assert json.loads(text)["models"] == [MODEL]
        assert HOSTILE[-6:] in run("models", "list", "-o", form, code=0, environment=environment), "a pipe gets it as it is"


def test_the_log_of_a_promotion_does_not_control_standard_error(environment, tmp_path):
    file = tmp_path / "promoted"
    text = shown("promote", "m1", "--wait", "-o", "json", "-y", environment=environment, stdout=f"> {file}")
    assert "\\u{1b}]0;title" in text and json.loads(file.read_text())["id"] == "d2"


def test_warnings_and_names_of_files_do_not_control_the_terminal(environment, truss):
    (truss / "config.yaml").write_text('model_name: hostile\n"bad\\e]0;title\\a": 1\n')
    assert "warning:" in shown("push", truss, "--dry-run", environment=environment)
    (truss / "model/a\x1b]0;title\x07").symlink_to("/etc/passwd")
    assert "\\u{1b}]0;title" in shown("push", truss, environment=environment, code=64)
    assert "\\u{1b}]0;title" in shown("models", "--\x1b]0;title\x07", environment=environment, code=64)
    assert "\\u{1b}]0;title" in shown("deployments", "list", "nosuch", environment=environment, code=3)


@pytest.mark.parametrize("redirect", ["2>/dev/full", "2>&-"])
def test_a_command_goes_on_where_standard_error_cannot_be_written(environment, truss, redirect):
    for arguments, code in [
        (("push", truss, "--dry-run"), 0), (("models", "get", "nosuch"), 3), (("models", "--nosuch"), 64),
        (("promote", "m1", "--wait", "-o", "json", "-y"), 0), (("keys", "delete", "p1"), 64),
    ]:  # fmt: skip
        run(*arguments, code=code, environment=environment, redirect=redirect)


def test_an_output_that_cannot_be_written_is_said_in_a_sentence(environment):
    said = run("models", "list", code=1, environment=environment, redirect=">/dev/full")
    assert said == "Error: Standard output cannot be written: No space left on device.\n"
    said = run("models", "list", "-o", "json", code=1, environment=environment, redirect=">&-")
    assert said == "Error: Standard output cannot be written: Bad file descriptor.\n"
    said = run("--help", code=1, environment=environment, redirect=">/dev/full")
    assert said == "Error: Standard output cannot be written: No space left on device.\n"


def test_a_key_without_a_name_is_not_called_by_a_dash(environment, fake):
    assert "There is no key" in run("keys", "delete", "-y", "--", "-", code=3, environment=environment)
    assert "There is no key" in run("keys", "delete", "-y", "", code=3, environment=environment)
    assert not [body for body in fake.bodies if body[0] == "DELETE"]


def test_a_secret_that_is_no_text_is_refused(environment, fake, tmp_path):
    (tmp_path / "value").write_bytes(b"a\xff")
    assert "not UTF-8" in run("secrets", "set", "s", code=1, environment=environment, input=b"a\xff")
    assert "not UTF-8" in run("secrets", "set", "s", "--value-file", tmp_path / "value", code=1, environment=environment)
    assert not [body for body in fake.bodies if body[:2] == ("POST", "/v1/secrets")]


def test_failures_are_plain_sentences(environment, tmp_path):
    said = run("secrets", "list", code=3, environment=environment)
    assert said == "Error: The server answered 404: a page and no message. Is it a Slipway server?\n"
    said = run("instance-types", "list", code=1, environment=environment)
    assert "closed the connection before its answer was whole" in said and said.count("\n") == 1
    for url in ("http://u:PASSWORD@h", "http://h/?q=PASSWORD", "http://h/#PASSWORD", "ftp://h"):
        said = run("models", "--remote", url, code=1, environment=environment)
        assert "PASSWORD" not in said and "HTTPClientError" not in said
        assert "PASSWORD" not in run("login", "--url", url, code=64, environment=environment, input=b"k").split("\n")[0]


def test_a_misspelt_key_of_the_remotes_is_named_and_no_password_is_listed(environment, tmp_path):
    file = tmp_path / ".config/slipway/config.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("curent: a\nremotes: {}\n")
    assert "curent. Did you mean current?" in run("config", "list", code=1, environment=environment)
    file.write_text("remotes: {a: {url: 'http://u:PASSWORD@h', api_key: k}}\n")
    for form in ("table", "json", "yaml"):
        said = run("config", "list", "-o", form, code=0, environment=environment)
        assert "http://h" in said and "PASSWORD" not in said
