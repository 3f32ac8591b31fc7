"""Live reload: `truss push --watch` and `truss watch` of the unmodified client."""

import base64
import json
import textwrap

import pytest
import requests

from harness import APP, eventually, write_truss

VERSIONED = """
class Model:
    def predict(self, model_input):
        return {"version": "VERSION"}
"""


def model_named(api, name):
    return next((m for m in api.get("/v1/models")["models"] if m["name"] == name), None)


def version(api, model):
    answer = api.predict(model, "development/predict", json={})
    return answer.json().get("version") if answer.status_code == 200 else None


def edit(directory, text):
    (directory / "model" / "model.py").write_text(textwrap.dedent(text))


def edit_until(seen, directory, text):
    """Writes the model again until the edit is `seen`: the client misses what changes between its first patch and
    the start of its watch."""

    def edited():
        edit(directory, text)
        return seen()

    eventually(edited, seconds=90, every=1)


@pytest.fixture(scope="module")
def watched(truss, api, scratch):
    """A development deployment that the real client watches: (directory, model id)."""
    directory = write_truss(scratch / "watched", "watched", model=VERSIONED, version="1")
    output = scratch / "watcher.log"
    watcher = truss.start("push", directory, "--remote", "slipway", "--watch", "--non-interactive", output=output)
    try:
        model = eventually(lambda: model_named(api, "watched"), seconds=60)["id"]
        eventually(lambda: version(api, model) == "1", seconds=120)
        yield directory, model
    finally:
        watcher.kill()
        watcher.wait()


@pytest.fixture(autouse=True)
def watcher_output(watched, scratch):
    """What the watching client said, shown beside a failure."""
    yield
    print((scratch / "watcher.log").read_text())


def test_an_edit_of_the_model_is_served(watched, api):
    directory, model = watched
    edit_until(lambda: version(api, model) == "2", directory, VERSIONED.replace("VERSION", "2"))
    development = api.get(f"/v1/models/{model}/deployments/development")
    assert development["status"] == "ACTIVE"
    assert development["id"] == api.get(f"/v1/models/{model}")["development_deployment_id"]


def test_a_new_package_and_a_requirement_come_along(watched, api):
    directory, model = watched
    (directory / "packages" / "helper").mkdir(parents=True)
    (directory / "packages" / "helper" / "__init__.py").write_text("NAME = 'helped'\n")
    code = "import helper\nclass Model:\n    def predict(self, x):\n        return {'version': helper.NAME}\n"
    edit_until(lambda: version(api, model) == "helped", directory, code)
    config = directory / "config.yaml"
    config.write_text(config.read_text() + "requirements:\n  - six==1.16.0\n")
    code = "import six\nclass Model:\n    def predict(self, x):\n        return {'version': six.__version__}\n"
    edit_until(lambda: version(api, model) == "1.16.0", directory, code)
    raw = api.get(f"/v1/models/{model}/deployments/{api.get(f'/v1/models/{model}')['development_deployment_id']}/config")
    assert "six==1.16.0" in raw["raw_config"]


def test_an_error_shows_and_the_next_edit_mends_it(watched, api):
    directory, model = watched
    development = api.get(f"/v1/models/{model}")["development_deployment_id"]
    edit(directory, "class Model:\n    def predict(self, x)\n        return 1\n")
    eventually(lambda: api.deployment(model, development)["status"] == "DEPLOY_FAILED", seconds=60)
    assert "SyntaxError" in api.logs(model, development)
    edit(directory, VERSIONED.replace("VERSION", "mended"))
    eventually(lambda: version(api, model) == "mended", seconds=60)


def test_a_promotion_carries_the_patched_code(watched, api):
    directory, model = watched
    promoted = api.post(f"/v1/models/{model}/deployments/development/promote")
    api.wait(model, promoted["id"], "ACTIVE")
    eventually(lambda: api.predict(model, json={}).json().get("version") == "mended")


def test_the_client_can_ask_for_a_hot_reload(truss, api, scratch):
    code = 'import os\nclass Model:\n    def predict(self, x):\n        return {"version": "VERSION", "replica": os.environ["BT_REPLICA_ID"]}\n'
    directory = write_truss(scratch / "hot-watched", "hot-watched", model=code, version="1")
    output = scratch / "hot.log"
    watcher = truss.start(
        "push", directory, "--remote", "slipway", "--watch", "--watch-hot-reload", "--non-interactive", output=output
    )
    try:
        model = eventually(lambda: model_named(api, "hot-watched"), seconds=60)["id"]
        eventually(lambda: version(api, model) == "1", seconds=120)
        before = api.predict(model, "development/predict", json={}).json()["replica"]
        edit_until(lambda: version(api, model) == "2", directory, code.replace("VERSION", "2"))
        assert api.predict(model, "development/predict", json={}).json()["replica"] == before
    finally:
        print(output.read_text())
        watcher.kill()
        watcher.wait()


def graphql(api, query, **variables):
    answer = requests.post(
        f"{APP}/graphql/", json={"query": query, "variables": variables},
        headers={"Authorization": f"Api-Key {api.key}"}, timeout=120,
    )  # fmt: skip
    return answer.json()


def stage(api, model, patch):
    text = patch if isinstance(patch, str) else base64.b64encode(json.dumps(patch).encode()).decode()
    fields = "id name version_id succeeded needs_full_deploy error"
    return graphql(api, f'mutation {{ stage_patch_for_draft_truss(id: "{model}", patch: "{text}") {{ {fields} }} }}')


def watch_state(api, model):
    point = "{ current_hash current_signature }"
    fields = f"is_container_built_from_push django_patch_state {point} container_patch_state {point}"
    return graphql(api, f'{{ truss_watch_state(id: "{model}") {{ {fields} }} }}')["data"]["truss_watch_state"]


def test_bad_patches_change_nothing(watched, api):
    _, model = watched
    before = watch_state(api, model)
    current = before["django_patch_state"]["current_hash"]
    signature = {**json.loads(before["django_patch_state"]["current_signature"])}

    def patch(operation, previous=current):
        return {"prev_hash": previous, "next_hash": "new", "next_signature": signature, "patch_ops": [operation]}

    code = {"type": "model_code", "body": {"action": "UPDATE", "path": "model.py", "content": "x"}}
    for bad, words, full in [
        (patch(code, "stale"), "newest", False),
        (patch({**code, "body": {**code["body"], "path": "../config.yaml"}}), "path", False),
        (patch({**code, "body": {**code["body"], "path": "/etc/passwd"}}), "path", False),
        (patch({**code, "body": {**code["body"], "action": "BURN"}}), "action", False),
        (patch({"type": "teleport", "body": {}}), "teleport", False),
        (patch({"type": "system_package", "body": {"action": "ADD", "package": "jq"}}), "system_package", True),
        ({**patch(code), "patch_ops": []}, "patch_ops", False),
        ({"prev_hash": current}, "next_hash", False),
    ]:
        result = stage(api, model, bad)["data"]["stage_patch_for_draft_truss"]
        assert result["succeeded"] is False and words in result["error"], result
        assert result["needs_full_deploy"] is full
    changed = {**signature, "config": signature["config"] + "\nresources: {cpu: '2'}\n"}
    result = stage(api, model, {**patch({"type": "config", "body": {"action": "UPDATE", "config": {}, "path": "config.yaml"}}), "next_signature": changed})
    result = result["data"]["stage_patch_for_draft_truss"]
    assert result["needs_full_deploy"] is True and "resources" in result["error"]
    assert "errors" in stage(api, model, "not base64!")
    assert "errors" in stage(api, "nosuch00", patch(code))
    assert watch_state(api, model) == before
    assert version(api, model) == "mended"
