"""Live patches over REST: stage, state, sync."""

import base64

import pytest
from blake3 import blake3

from harness import eventually, fold, truss_files

MODEL = """
class Model:
    def predict(self, model_input):
        return {"version": "VERSION"}
"""


@pytest.fixture(scope="module")
def patched(api):
    """A development deployment: (model, path of its patches, published deployment)."""
    model, deployment = api.pushed("patched", truss_files("patched", MODEL, version="1"))
    source = {
        "kind": "model_archive", "s3_key": api.upload(truss_files("patched", MODEL.replace("VERSION", "1"))),
        "deployment": {"config": {"model_name": "patched"}, "is_development": True},
    }  # fmt: skip
    answer = api.call("POST", f"/v1/models/{model}/deployments", json={"source": source})
    assert answer.status_code == 200, answer.text
    development = answer.json()["deployment"]["id"]
    api.wait(model, development, "ACTIVE")
    return model, f"/v1/models/{model}/deployments/{development}/patches", deployment


def state(api, path):
    return api.get(f"{path}/state")


def newest(api, path):
    now = state(api, path)
    return now["pending_patch_point"] or now["running_patch_point"]


def stage(api, path, operations, changes=None, previous=None, config=None):
    """Stages a patch on the newest point; `changes` are its new contents by path."""
    point = newest(api, path)
    hashes = dict(point["content_hashes"])
    for name, content in (changes or {}).items():
        hashes[name] = content and blake3(content.encode()).hexdigest()
    next_point = {"content_hashes": hashes, "config": config or point["config"], "requirements": []}
    body = {
        "prev_patch_hash": previous or point["hash"], "next_patch_point": next_point, "patch_ops": operations,
    }  # fmt: skip
    return api.call("POST", path, json=body)


def code(version, **members):
    content = MODEL.replace("VERSION", version)
    return {"type": "model_code", "action": "UPDATE", "path": "model.py", "content": content, **members}


def test_what_runs_is_described_and_named_by_its_hash(api, patched):
    _, path, _ = patched
    now = state(api, path)
    running = now["running_patch_point"]
    assert now["pending_patch_point"] is None
    assert running["hash"] == fold(running["content_hashes"])
    assert running["content_hashes"]["model"] is None
    assert running["content_hashes"]["model/model.py"] == blake3(MODEL.replace("VERSION", "1").encode()).hexdigest()
    assert "model_name: patched" in running["config"]


def test_staged_patches_run_after_a_sync(api, patched):
    model, path, _ = patched
    before = state(api, path)["running_patch_point"]["hash"]
    first = stage(api, path, [code("2")], {"model/model.py": MODEL.replace("VERSION", "2")})
    assert first.status_code == 200, first.text
    point = first.json()["patch_point"]
    assert point["hash"] == fold(point["content_hashes"]) != before
    assert state(api, path)["pending_patch_point"] == point
    assert api.predict(model, "development/predict", json={}).json() == {"version": "1"}
    binary = base64.b64encode(b"\x00\x01data").decode()
    blob = {"type": "package", "action": "ADD", "path": "blob.bin", "content_bytes": binary}
    hashed = {"model/model.py": MODEL.replace("VERSION", "3")}
    unclaimed = stage(api, path, [code("3"), blob], hashed)
    assert unclaimed.status_code == 400 and "packages/blob.bin" in unclaimed.json()["message"], unclaimed.text
    hashed |= {"packages": None, "packages/blob.bin": "\x00\x01data"}
    assert stage(api, path, [code("3"), blob], hashed).status_code == 200
    assert api.post(f"{path}/sync") == {"needs_full_deploy_reason": None}
    eventually(lambda: api.predict(model, "development/predict", json={}).json() == {"version": "3"})
    now = state(api, path)
    assert now["pending_patch_point"] is None and now["running_patch_point"]["hash"] != before
    assert api.post(f"{path}/sync") == {"needs_full_deploy_reason": None}, "nothing left to do"


def test_a_sync_does_not_undo_a_deactivation(api, patched):
    model, path, _ = patched
    deployment = path.split("/")[-2]
    assert stage(api, path, [code("4")], {"model/model.py": MODEL.replace("VERSION", "4")}).status_code == 200
    api.post(f"/v1/models/{model}/deployments/{deployment}/deactivate")
    api.wait(model, deployment, "INACTIVE")
    assert "INACTIVE" in api.post(f"{path}/sync")["needs_full_deploy_reason"]
    assert api.get(f"/v1/models/{model}/deployments/{deployment}")["status"] == "INACTIVE"
    api.post(f"/v1/models/{model}/deployments/{deployment}/activate")
    api.wait(model, deployment, "ACTIVE")
    assert api.post(f"{path}/sync") == {"needs_full_deploy_reason": None}, "it takes patches again"
    eventually(lambda: api.predict(model, "development/predict", json={}).json() == {"version": "4"})


def test_what_only_a_push_can_do_is_told_by_the_sync(api, patched):
    model, path, _ = patched
    config = newest(api, path)["config"] + "\nsystem_packages: [jq]\n"
    operation = {"type": "config", "config": {}}
    running = state(api, path)["running_patch_point"]
    claimed = stage(api, path, [], {"config.yaml": config}, config=config)
    assert claimed.status_code == 400, "a change that no operation brings: " + claimed.text
    assert stage(api, path, [operation], {"config.yaml": config}, config=config).status_code == 200
    assert "system_packages" in api.post(f"{path}/sync")["needs_full_deploy_reason"]
    assert state(api, path)["running_patch_point"] == running
    assert api.predict(model, "development/predict", json={}).status_code == 200


HOT = """
import os, threading

class Model:
    def load(self):
        self.loaded_by = (os.getpid(), id(self))
        self.loads = getattr(self, "loads", 0) + 1

    def predict(self, model_input):
        return {"version": "VERSION", "loads": self.loads, "replica": os.environ["BT_REPLICA_ID"]}
"""


@pytest.fixture(scope="module")
def hot(api):
    """A development deployment of a model that counts its loads: (model, deployment)."""
    key = api.upload(truss_files("hot", HOT))
    deployment = {"config": {"model_name": "hot"}, "is_development": True}
    source = {"kind": "model_archive", "name": "hot", "deployment": deployment, "s3_key": key}
    answer = api.call("POST", "/v1/models", json={"source": source})
    assert answer.status_code == 200, answer.text
    made = answer.json()["model"]["id"], answer.json()["deployment"]["id"]
    api.wait(*made, "ACTIVE")
    # Nothing was promoted yet: every route of the model leads here.
    here = api.predict(made[0], "development/predict", json={}).json()
    for route in ("production", "environments/development", "environments/production"):
        assert api.predict(made[0], f"{route}/predict", json={}).json() == here, route
    return made


def hot_code(version, content=None):
    content = HOT.replace("VERSION", version) if content is None else content
    operation = {"type": "model_code", "action": "UPDATE", "path": "model.py", "content": content, "hot_reload": True}
    return [operation], {"model/model.py": content}


def test_a_hot_reload_changes_the_code_of_the_running_model(api, hot):
    model, deployment = hot
    path = f"/v1/models/{model}/deployments/{deployment}/patches"
    before = api.predict(model, "development/predict", json={}).json()
    for version in ["two", "three"]:
        assert stage(api, path, *hot_code(version)).status_code == 200
        assert api.post(f"{path}/sync") == {"needs_full_deploy_reason": None}
        after = api.predict(model, "development/predict", json={}).json()
        assert after == {"version": version, "loads": 1, "replica": before["replica"]}, "the same process, loaded once"
        assert api.deployment(model, deployment)["status"] == "ACTIVE"
    assert state(api, path)["pending_patch_point"] is None
    # What runs from now on, for whatever reason, runs the changed code.
    promoted = api.post(f"/v1/models/{model}/deployments/development/promote")["id"]
    api.wait(model, promoted, "ACTIVE")
    eventually(lambda: api.predict(model, json={}).json().get("version") == "three")
    assert api.predict(model, "development/predict", json={}).json()["replica"] == before["replica"]


def test_code_that_does_not_load_leaves_the_model_as_it_was(api, hot):
    model, deployment = hot
    path = f"/v1/models/{model}/deployments/{deployment}/patches"
    before = api.predict(model, "development/predict", json={}).json()
    assert stage(api, path, *hot_code("", "def broken(")).status_code == 200
    answer = api.call("POST", f"{path}/sync")
    assert answer.status_code == 400 and "SyntaxError" in answer.json()["message"]
    assert api.predict(model, "development/predict", json={}).json() == before
    assert stage(api, path, *hot_code("four")).status_code == 200
    assert api.post(f"{path}/sync") == {"needs_full_deploy_reason": None}
    assert api.predict(model, "development/predict", json={}).json() == {**before, "version": "four"}


def test_a_mixed_patch_replaces_the_replica(api, hot):
    model, deployment = hot
    path = f"/v1/models/{model}/deployments/{deployment}/patches"
    before = api.predict(model, "development/predict", json={}).json()
    operations, changes = hot_code("five")
    package = {"type": "package", "action": "ADD", "path": "extra.txt", "content": "x"}
    changes = {**changes, "packages": None, "packages/extra.txt": "x"}
    assert stage(api, path, [*operations, package], changes).status_code == 200
    assert api.post(f"{path}/sync") == {"needs_full_deploy_reason": None}
    after = eventually(lambda: (a := api.predict(model, "development/predict", json={}).json())["version"] == "five" and a)
    assert after["replica"] != before["replica"] and after["loads"] == 1


def test_bad_patches_change_nothing(api, patched):
    model, path, published = patched
    before = state(api, path)
    stale = stage(api, path, [code("9")], previous="0" * 64)
    assert stale.status_code == 409 and "prev_patch_hash" in stale.json()["message"]
    for operations, words in [
        ([], "patch_ops"),
        ("x", "patch_ops"),
        ([1], "patch_ops[0]"),
        ([{"type": "teleport"}], "teleport"),
        ([{**code("9"), "path": "../../etc/passwd"}], "path"),
        ([{**code("9"), "action": "BURN"}], "action"),
        ([{"type": "model_code", "action": "ADD", "path": "a.py"}], "content"),
    ]:
        answer = stage(api, path, operations)
        assert answer.status_code == 400 and words in answer.json()["message"], (operations, answer.text)
    wrong = stage(api, path, [code("9")], {"model/model.py": "other"})
    assert wrong.status_code == 400 and "model/model.py" in wrong.json()["message"], wrong.text
    good = stage(api, path, [code("9")], {"model/model.py": MODEL.replace("VERSION", "9"), "x": "y"})
    assert good.status_code == 200, good.text
    for hashes, words in [({"a": "short"}, "64 hex"), ({"a": 3}, "content_hashes"), ("x", "content_hashes")]:
        body = {
            "prev_patch_hash": "x", "patch_ops": [code("9")],
            "next_patch_point": {"content_hashes": hashes, "config": "model_name: x"},
        }  # fmt: skip
        answer = api.call("POST", path, json=body)
        assert answer.status_code == 400 and words in answer.json()["message"], answer.text
    assert state(api, path)["running_patch_point"] == before["running_patch_point"]
    for verb, method in [("", "POST"), ("/state", "GET"), ("/sync", "POST")]:
        other = f"/v1/models/{model}/deployments/{published}/patches{verb}"
        body = {"prev_patch_hash": "x", "next_patch_point": {"content_hashes": {}, "config": ""}, "patch_ops": [code("9")]}
        answer = api.call(method, other, json=body if verb == "" else None)
        assert answer.status_code == 400 and "development" in answer.json()["message"]
        missing = api.call(method, f"/v1/models/{model}/deployments/nosuch00/patches{verb}", json=body if verb == "" else None)
        assert missing.status_code == 404
