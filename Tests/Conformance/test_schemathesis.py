"""Every management operation, called with what its own description in /openapi.json allows and forbids, and one after the
other along the document's links. No answer is a failure of the server, and each is one that the document declares.

`SCHEMATHESIS_TIMES` makes the run so many times as long, and `SCHEMATHESIS_SEED` makes it another one.
"""

import os
import pathlib
import re
import subprocess
import sys

import pytest

from harness import API, TOOLS, Server, eventually, truss_files

PORT = 18250
CONFIG = """
[parameters]
"path.model_id" = "{model}"
"path.deployment_id" = "{deployment}"
"path.env_name" = "production"
"path.team_id" = "{team}"
"path.user_id" = "{user}"

# 501 is declared where a kind of source is not built.
[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", 501]
"""
CHECKS = [
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "unsupported_method",
]  # fmt: skip


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("schemathesis") / "data", port=PORT, inference_port=0, arguments=TOOLS).start()
    yield server
    assert server.stop() == 0, server.log.read_text()[-4000:]


def run(server, directory, examples, *arguments):
    """Output and exit code of schemathesis; about the operations that do not take the caller's own key away."""
    examples = str(examples * int(os.environ.get("SCHEMATHESIS_TIMES", "1")))
    seed = os.environ.get("SCHEMATHESIS_SEED", "1")
    command = [
        pathlib.Path(sys.executable).parent / "st", "--config-file", directory / "config.toml", "run",
        f"http://localhost:{PORT}/openapi.json", "-H", f"Authorization: Api-Key {server.key}",
        "--include-path-regex", "^/v1/", "--exclude-operation-id", "deleteAPIKey", "--checks", ",".join(CHECKS),
        "--max-examples", examples, "--seed", seed, "--workers", "1", "--continue-on-failure",
        "--request-timeout", "60", "--suppress-health-check", "all", *arguments,
    ]  # fmt: skip
    # The database of examples goes where the test runs.
    result = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=1800)
    output = re.sub(r"\x1b\[[0-9;]*m", "", result.stdout + result.stderr)
    return result.returncode, output


def number(pattern, output):
    found = re.search(pattern, output)
    assert found, output[-4000:]
    return int(found.group(1).replace(",", ""))


def test_every_operation_answers_as_its_description_says(running, tmp_path):
    api = API(running.key, f"http://api.localhost:{PORT}")
    pushed = api.push("described", truss_files("described"))
    assert pushed.status_code == 200, pushed.text
    made = pushed.json()
    names = {
        "model": made["model"]["id"],
        "deployment": made["deployment"]["id"],
        "team": api.get("/v1/teams")["teams"][0]["id"],
        "user": api.get("/v1/users/me")["user_id"],
    }
    (tmp_path / "config.toml").write_text(CONFIG.format(**names))
    code, output = run(running, tmp_path, 5, "--phases", "examples,coverage,fuzzing")
    cases = number(r"([\d,]+) generated", output)
    print(f"\nfigure schemathesis_calls {cases} calls")
    operations = number(r"Tested: (\d+)", output)
    print(f"figure schemathesis_operations {operations} operations")
    assert code == 0, output[-8000:]
    assert cases > 1000


def test_operations_along_the_links_answer_as_their_descriptions_say(running, tmp_path):
    (tmp_path / "config.toml").write_text(CONFIG[CONFIG.index("# 501"):])
    code, output = run(running, tmp_path, 150, "--phases", "stateful")
    cases = number(r"([\d,]+) generated", output)
    print(f"\nfigure schemathesis_stateful_calls {cases} calls")
    covered = number(r"API Links: +([\d,]+) covered", output)
    print(f"figure schemathesis_links {covered} links")
    assert code == 0, output[-8000:]
    assert covered >= 5


def test_the_server_is_as_it_was_afterwards(running):
    api = API(running.key, f"http://api.localhost:{PORT}")
    assert api.get("/v1/models")["models"] is not None
    errors = [line for line in running.log.read_text().splitlines() if " error " in line or "Fatal" in line]
    assert not errors, errors[:5]
    assert api.get("/v1/users/me")["user_id"]
    # What a call made can be built or not; none of it keeps the server from ending.
    eventually(running.answers, 10)
