"""Packages as `scripts/package.sh` makes them, of the program under test: the same bytes each time, and what the wheel
brings works in an environment that knows nothing of this checkout."""

import os
import subprocess
import tarfile

import pytest
from harness import BINARY, ROOT

USER_TEST = '''
import json
import pathlib
import subprocess
import sys

import requests
import slipway.testing

MODEL = "class Model:\\n    def predict(self, x):\\n        return x\\n"


def test_a_push_is_called(slipway_server, tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.py").write_text(MODEL)
    (tmp_path / "config.yaml").write_text("model_name: echo\\n")
    program = slipway.testing.program()
    assert pathlib.Path(program).parent == pathlib.Path(sys.executable).parent
    for command in (["push", str(tmp_path), "--wait"], ["predict", "echo", "--data", "[1]"]):
        done = subprocess.run([program, *command], env=slipway_server.environment, capture_output=True, text=True)
        assert done.returncode == 0, (done.stdout, done.stderr, slipway_server.log())
    assert json.loads(done.stdout) == [1]


def test_it_is_one_server_with_a_key(slipway_server):
    url = f"{slipway_server.url}/v1/models"
    assert [model["name"] for model in requests.get(url, headers=slipway_server.headers).json()["models"]] == ["echo"]
    assert requests.get(url).status_code == 401
    assert slipway_server.url in slipway_server.trussrc() and slipway_server.key in slipway_server.trussrc("other")


def test_nothing_of_a_server_is_left(slipway_server):
    with slipway.testing.server() as server:
        assert server.url != slipway_server.url
        # Its log has the key.
        assert server.key in server.log() and server.data_dir.parent.stat().st_mode & 0o077 == 0
        assert requests.get(server.url + "/healthz").status_code == 200
    assert not server.data_dir.parent.exists() and server.process.returncode == 0


def test_one_that_cannot_start_says_why():
    try:
        with slipway.testing.server("--isolation", "some"):
            raise AssertionError("it started")
    except slipway.testing.ServerFailed as failure:
        assert "isolation" in str(failure)
'''


def packed(out):
    done = subprocess.run(
        [ROOT / "scripts/package.sh", "--binary", BINARY, "--out", out], capture_output=True, text=True,
        env={**os.environ, "COMPRESSION": "0"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return {path.suffix: path for path in out.iterdir()}


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    return packed(tmp_path_factory.mktemp("packages"))


def test_packages_of_one_program_are_the_same_to_the_byte(packages, tmp_path):
    again = packed(tmp_path)
    assert set(again) == {".xz", ".whl"}
    for suffix, path in again.items():
        assert path.name == packages[suffix].name and path.read_bytes() == packages[suffix].read_bytes(), path.name


def test_the_tarball_has_the_program_its_documents_and_completions(packages, tmp_path):
    with tarfile.open(packages[".xz"]) as archive:
        archive.extractall(tmp_path, filter="data")
        assert {(member.uid, member.gid) for member in archive} == {(0, 0)}
    (root,) = tmp_path.iterdir()
    done = subprocess.run([root / "bin/slipway", "--version"], capture_output=True, text=True)
    assert root.name.startswith(f"slipway-{done.stdout.strip()}-linux-")
    assert "complete" in (root / "share/bash-completion/completions/slipway").read_text()
    assert (root / "share/doc/slipway/README.md").read_text() == (ROOT / "README.md").read_text()


def test_the_wheel_brings_the_program_and_a_server_for_tests(packages, tmp_path):
    uv, venv = ROOT / ".venv/bin/uv", tmp_path / "venv"
    subprocess.run([uv, "venv", "--quiet", "--python", ROOT / ".venv/bin/python", venv], check=True)
    install = [uv, "pip", "install", "--quiet", "--python", venv / "bin/python", packages[".whl"], "pytest", "requests"]
    subprocess.run(install, check=True)
    (tmp_path / "test_mine.py").write_text(USER_TEST)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SLIPWAY_", "PYTEST_"))}
    done = subprocess.run(
        [venv / "bin/python", "-m", "pytest", "-q", f"--slipway-serve=--tools-dir={ROOT / '.venv'}", "test_mine.py"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0 and "4 passed" in done.stdout, done.stdout + done.stderr
