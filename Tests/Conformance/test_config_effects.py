"""Keys of a config that have an effect of their own: health checks, users, external data, registry secrets."""

import hashlib
import http.server
import os
import pathlib
import ssl
import subprocess
import threading

import pytest
from harness import TOOLS, Server, api_of, discard, eventually, truss_files
from hostile.packages import Index, sdist, wheel

CONTENT = b"weights " * 1000
SUM = hashlib.sha256(CONTENT).hexdigest()


class Files(http.server.BaseHTTPRequestHandler):
    """Serves what the tests fetch, and notes what was asked for."""

    def do_GET(self):
        path = self.path.partition("?")[0]
        self.server.asked.append(path)
        if path in ("/away", "/down"):
            scheme = "https" if path == "/away" else "http"
            self.send_response(302)
            self.send_header("location", f"{scheme}://localhost:{self.server.server_port}/file")
            self.end_headers()
            return
        if path == "/none":
            return self.send_error(404)
        self.send_response(200)
        self.send_header("content-length", str(10**15 if path == "/huge" else len(CONTENT)))
        self.end_headers()
        if path != "/huge":
            self.wfile.write(CONTENT)

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def files(scratch):
    directory = scratch / "effects"
    directory.mkdir()
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
         "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "certificate.pem"],
        cwd=directory, check=True, capture_output=True,
    )  # fmt: skip
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files)
    server.asked = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "certificate.pem", directory / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.certificate = directory / "certificate.pem"
    yield server
    server.shutdown()


@pytest.fixture(scope="module")
def index():
    served = Index()
    yield served
    served.close()


@pytest.fixture(scope="module")
def api(scratch, files, index):
    """Of a server whose builds trust the certificate of the files, besides those that they trust anyway."""
    # Not among files that only root may reach.
    trusted = pathlib.Path("/var/tmp") / f"slipway-trusted-{os.getpid()}.pem"
    known = os.environ.get("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt")
    trusted.write_text(pathlib.Path(known).read_text() + files.certificate.read_text())
    trusted.chmod(0o644)
    server = Server(
        scratch / "effects-data", port=18900, inference_port=0, arguments=TOOLS,
        # Of this machine a build reaches what the operator names for builds, and so the files: uv does not read pip's.
        environment={
            **os.environ, "SSL_CERT_FILE": str(trusted), "UV_EXTRA_INDEX_URL": index.url,
            "PIP_EXTRA_INDEX_URL": f"https://localhost:{files.server_port}/",
        },
    ).start()  # fmt: skip
    yield api_of(server)
    assert server.stop() == 0
    trusted.unlink()
    discard(server.data)


def predict(api, ids, value=None):
    url = f"{api.management.replace('api.', f'model-{ids[0]}.api.')}/deployment/{ids[1]}/predict"
    answer = api.session.post(url, json=value, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.json()


READS = """
import hashlib
class Model:
    def predict(self, paths):
        return [hashlib.sha256(open("/app/data/" + path, "rb").read()).hexdigest() for path in paths]
"""


def external(files, *items):
    lines = [f"- {{url: 'https://localhost:{files.server_port}{path}', local_data_path: {name}{more}}}" for path, name, more in items]
    return "external_data:\n" + "\n".join(lines) + "\n"


def test_external_data_is_fetched_over_https_checked_and_kept_by_its_sum(api, files):
    config = external(files, ("/file?signature=s3cret", "a/summed", f", sha256: {SUM.upper()}"), ("/away", "plain", ""))
    ids = api.pushed("external", truss_files("external", model=READS, config=config))
    assert predict(api, ids, ["a/summed", "plain"]) == [SUM, SUM]
    assert files.asked == ["/file", "/away", "/file"]
    log = api.logs(*ids)
    assert f"Fetching https://localhost:{files.server_port}/file." in log and "s3cret" not in log, log
    files.asked.clear()
    # Other code, so that it is another image: what has a sum comes from the kept content.
    ids = api.pushed("external", truss_files("external", model=READS + "\n# 2\n", config=config))
    assert predict(api, ids, ["a/summed", "plain"]) == [SUM, SUM]
    assert files.asked == ["/away", "/file"]


@pytest.mark.parametrize(
    "path, more, reason",
    [
        ("/file", f", sha256: '{'0' * 64}'", f"has the SHA-256 {SUM}, not {'0' * 64}"), ("/none", "", "the server answered 404"),
        ("/down", "", "without https"), ("/huge", "", "it has 1000000000000000 bytes, more than"),
    ],
)  # fmt: skip
def test_external_data_that_is_not_what_it_should_be_fails_the_build(api, files, path, more, reason):
    config = external(files, (f"{path}?signature=s3cret", "x", more))
    ids = api.pushed("bad-external", truss_files("bad-external", config=config), status="BUILD_FAILED")
    log = api.logs(*ids)
    assert reason in log and "s3cret" not in log, log


def test_a_start_that_takes_longer_than_its_threshold_is_ended_with_the_reason(api):
    model = """
import time
class Model:
    def load(self):
        time.sleep(600)
    def predict(self, x):
        return x
"""
    config = "runtime:\n  health_checks:\n    startup_threshold_seconds: 4\n"
    ids = api.pushed("slow-start", truss_files("slow-start", model=model, config=config), status=None)

    def told():
        found = api.deployment(*ids)
        return "startup_threshold_seconds" in api.logs(*ids) or "startup_threshold_seconds" in str(found)

    eventually(told, seconds=90)
    assert api.call("DELETE", f"/v1/models/{ids[0]}").status_code == 200


SERVER = """
import http.server, json, os

class Handler(http.server.BaseHTTPRequestHandler):
    lives = True

    def do_GET(self):
        self.send_response(200 if Handler.lives or self.path != "/live" else 500)
        self.end_headers()

    def do_POST(self):
        if b"die" in self.rfile.read(int(self.headers["content-length"])):
            Handler.lives = False
        body = json.dumps({"uid": os.getuid(), "start": os.stat("/proc/self").st_ctime_ns, "writes": os.access("/app/data", os.W_OK)}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

http.server.ThreadingHTTPServer(("127.0.0.1", 8123), Handler).serve_forever()
"""


def test_a_server_runs_as_the_user_of_its_config_and_is_restarted_when_it_does_not_live(api):
    config = """
docker_server:
  start_command: python3 /app/data/server.py
  server_port: 8123
  predict_endpoint: /
  readiness_endpoint: /ready
  liveness_endpoint: /live
  run_as_user_id: 1234567
runtime:
  health_checks:
    restart_threshold_seconds: 1
"""
    files = {"config.yaml": "model_name: as-user\npython_version: py311\n" + config, "data/server.py": SERVER}
    ids = api.pushed("as-user", files)
    before = predict(api, ids, "x")
    assert before["uid"] == 1234567 and before["writes"], before
    predict(api, ids, "die")
    eventually(lambda: "restart_threshold_seconds" in api.logs(*ids) or "restart_threshold_seconds" in str(api.deployment(*ids)))
    api.wait(*ids, "ACTIVE")
    refused = api.push("as-user", {**files, "config.yaml": files["config.yaml"].replace("1234567", "60001")})
    assert refused.status_code == 400 and "docker_server.run_as_user_id (line" in refused.json()["message"], refused.text


def test_secrets_of_registries_have_addresses_as_names_and_stay_out_of_replicas(api):
    name = "DOCKER_REGISTRY_https://index.docker.io/v1/"
    api.post("/v1/secrets", {"name": name, "value": "s3cret"})
    api.post("/v1/secrets", {"name": "own", "value": "mine"})
    model = """
import os
class Model:
    def predict(self, x):
        return sorted(os.listdir("/secrets"))
"""
    config = f"secrets:\n  {name}: null\n  own: null\n"
    answer = api.push("registry", truss_files("registry", model=model, config=config))
    assert answer.status_code == 200, answer.text
    told = "\n".join(answer.json()["warnings"])
    assert f"secrets.{name} (line 4" in told and "replicas do not get it" in told, told
    assert "there is no such secret" not in told, told
    ids = answer.json()["model"]["id"], answer.json()["deployment"]["id"]
    api.wait(*ids, "ACTIVE")
    assert predict(api, ids, 1) == ["own"]


def test_packages_that_the_machine_lacks_are_refused_at_the_push(api):
    config = "system_packages:\n- dpkg\n- no-such-package-1 no-such-package-2=1.0\n"
    answer = api.push("packages", truss_files("packages", config=config))
    assert answer.status_code == 400, answer.text
    expected = "system_packages (line 3, column 1): no-such-package-1, no-such-package-2 are not installed on this machine"
    assert expected in answer.json()["message"], answer.text
    answer = api.push("packages", truss_files("packages", config="system_packages: [dpkg=0.1]\n"))
    assert answer.status_code == 400 and "dpkg=0.1 is asked for, and this machine" in answer.text, answer.text


def test_a_package_that_cannot_be_built_is_told_with_the_python_that_has_a_wheel_of_it(api, index):
    index.add(sdist("fitsother", {"attack.py": "def run(target):\n    raise SystemExit('no compiler')\n", "target.json": "{}"}))
    index.add(wheel("fitsother", "x = 1\n", tag="cp310-none-any"))
    config = "requirements: [fitsother==1.0]\n"
    ids = api.pushed("unbuildable", truss_files("unbuildable", config=config), status="BUILD_FAILED")
    log = api.logs(*ids)
    assert "Not all of it has a wheel for Python 3.11" in log, log
    assert "fitsother" in log and "With python_version: py310 all of it has wheels." in log, log
