"""Bad input on the management plane: a clear error each time, and nothing made."""

import io
import tarfile

import pytest
import requests
from harness import MANAGEMENT, eventually, tar, truss_files


def archive_with(*entries):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in truss_files("hostile").items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content.encode()))
        for entry in entries:
            archive.addfile(entry, io.BytesIO(b"x" * entry.size) if entry.isreg() else None)
    return buffer.getvalue()


def entry(name, kind=tarfile.REGTYPE, link="", size=0):
    made = tarfile.TarInfo(name)
    made.type, made.linkname, made.size = kind, link, size
    return made


HOSTILE = {
    "climbs": entry("../outside", size=1),
    "absolute": entry("/etc/outside", size=1),
    "link out": entry("model/link", tarfile.SYMTYPE, "../../../../etc/passwd"),
    "hard link": entry("model/hard", tarfile.LNKTYPE, "config.yaml"),
    "device": entry("model/device", tarfile.CHRTYPE),
}


def test_wrong_keys(server):
    for headers in ({}, {"Authorization": "Api-Key nope.nope"}, {"Authorization": "nonsense"}):
        answer = requests.get(f"{MANAGEMENT}/v1/models", headers=headers)
        assert answer.status_code == 401
        assert answer.json()["code"] == "UNAUTHORIZED" and answer.json()["message"]


@pytest.mark.parametrize(
    "method, path",
    [
        ("GET", "/v1/models/nosuch00"), ("GET", "/v1/models/nosuch00/deployments"), ("GET", "/v1/nothing"),
        ("DELETE", "/v1/models/nosuch00"), ("DELETE", "/v1/secrets/nosuch"), ("DELETE", "/v1/api_keys/nosuch"),
        ("GET", "/v1/teams/nosuch"), ("GET", "/v1/users/nosuch"),
    ],
)  # fmt: skip
def test_unknown_ids(api, method, path):
    answer = api.call(method, path)
    assert answer.status_code == 404 and answer.json()["code"] == "NOT_FOUND", answer.text


@pytest.mark.parametrize(
    "path, body, word",
    [
        ("/v1/secrets", "{", "JSON"), ("/v1/secrets", "[]", "object"), ("/v1/secrets", '{"name": 1, "value": "x"}', "name"),
        ("/v1/secrets", '{"name": "../x", "value": "x"}', "Secret names"), ("/v1/secrets", '{"name": "x"}', "value"),
        ("/v1/api_keys", '{"type": "ROOT"}', "type"), ("/v1/api_keys", '{"type": "PERSONAL", "name": "a\\u0007b"}', "names"),
        ("/v1/api_keys", '{"type": "PERSONAL", "model_ids": ["a"]}', "model_ids"),
        ("/v1/prepare_model_upload", '{"name": "a"}', "deployment"),
        ("/v1/prepare_model_upload", '{"name": "a", "deployment": {"config": {"resources": {"memory": "lots"}}}}', "memory"),
        ("/v1/prepare_model_upload", '{"name": "a", "deployment": {"config": {}, "deploy_timeout_minutes": 5}}', "deploy_timeout_minutes"),
        ("/v1/prepare_model_upload", '{"name": "a", "deployment": {"config": {}, "is_development": true, "environment_name": "production"}}', "development"),
    ],
)  # fmt: skip
def test_bad_bodies_name_the_member(api, path, body, word):
    answer = api.call("POST", path, data=body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["code"] == "VALIDATION_ERROR"
    assert word in answer.json()["message"]


def test_oversized_bodies(api):
    answer = api.call("POST", "/v1/secrets", data=b"x" * (12 << 20))
    assert answer.status_code == 413 and answer.json()["code"] == "PAYLOAD_TOO_LARGE"


def test_unbuilt_operations_say_so(api, echo):
    for method, path in (("GET", "/v1/chains"), ("GET", "/v1/training_projects"), ("GET", "/v1/billing/usage_summary")):
        answer = api.call(method, path)
        assert answer.status_code == 501 and answer.json()["code"] == "NOT_IMPLEMENTED"
    assert api.call("PUT", f"/v1/models/{echo[0]}").status_code == 405


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_archives_fail_their_build_and_touch_nothing(api, server, name):
    model, deployment = api.pushed("hostile", archive_with(HOSTILE[name]), status="BUILD_FAILED", is_development=True)
    assert "refused" in api.logs(model, deployment)
    for directory in (server.data, server.data / "engine", server.data / "engine/work"):
        assert not (directory / "outside").exists()


def test_archives_without_config_or_with_a_bad_one_are_refused_at_once(api):
    cases = {
        "config.yaml": {"model/model.py": "class Model: pass"},
        "requirments": truss_files("bad", config="requirments:\n  - six\n"),
        "line 3": truss_files("bad", config="resources: 7\n"),
        "python_version": truss_files("bad", python="py27"),
    }
    for word, files in cases.items():
        answer = api.push("bad", files)
        assert answer.status_code == 400 and word in answer.json()["message"], answer.text
    broken = api.push("bad", b"this is no archive" * 100)
    assert broken.status_code == 400
    assert all(model["name"] != "bad" for model in api.get("/v1/models")["models"])
    missing = api.call(
        "POST", "/v1/models",
        json={"source": {"kind": "model_archive", "name": "bad", "s3_key": "models/none", "deployment": {"config": {}}}},
    )  # fmt: skip
    assert missing.status_code == 400


def test_unresolvable_requirements_fail_the_build_with_the_installers_words(api):
    files = truss_files("unresolvable", config="requirements:\n  - six==99.99\n")
    model, deployment = api.pushed("unresolvable", files, status="BUILD_FAILED")
    assert "six==99.99" in api.logs(model, deployment)
    retried = api.post(f"/v1/models/{model}/deployments/{deployment}/retry")
    assert retried["retried"] and retried["deployment"]["status"] in ("BUILDING", "BUILD_FAILED")
    api.wait(model, deployment, "BUILD_FAILED")


def test_models_that_raise_or_exit_fail_their_deploy(api):
    raising = "class Model:\n    def load(self):\n        raise ValueError('boom')\n    def predict(self, x):\n        return x\n"
    exiting = "import os\nclass Model:\n    def load(self):\n        os._exit(3)\n    def predict(self, x):\n        return x\n"
    for name, code, words in (("raising", raising, "ValueError: boom"), ("exiting", exiting, "code 3")):
        model, deployment = api.pushed(name, truss_files(name, model=code), status="DEPLOY_FAILED")
        assert words in api.logs(model, deployment)
        assert words in api.deployment(model, deployment)["status_reason"]
        predict = api.predict(model, f"deployment/{deployment}/predict", json={})
        assert predict.status_code == 404 and words in predict.json()["error"]
        assert api.get(f"/v1/models/{model}")["production_deployment_id"] is None


def test_delete_rules(api):
    model, first = api.pushed("deletable", truss_files("deletable"))
    eventually(lambda: api.get(f"/v1/models/{model}")["production_deployment_id"] == first)
    refused = api.call("DELETE", f"/v1/models/{model}/deployments/{first}")
    assert refused.status_code == 400 and "production" in refused.json()["message"]
    _, second = api.pushed("deletable", truss_files("deletable", version="2"))
    gone = api.call("DELETE", f"/v1/models/{model}/deployments/{second}")
    assert gone.json() == {"id": second, "deleted": True, "model_id": model}
    assert api.call("GET", f"/v1/models/{model}/deployments/{second}").status_code == 404
    assert api.call("DELETE", f"/v1/models/{model}").json() == {"id": model, "deleted": True}
    assert api.predict(model, json={}).status_code == 404
