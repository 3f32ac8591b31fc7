"""What each kind of key may do, and how secrets reach a model and nothing else."""

import uuid

import pytest
import requests
from harness import API, eventually, truss_files

READS_SECRET = """
import os

class Model:
    def __init__(self, **kwargs):
        self.secrets = kwargs["secrets"]

    def predict(self, model_input):
        return {
            "value": self.secrets["conformance-secret"],
            "environment": sorted(k for k, v in os.environ.items() if "hunter2" in v),
            "argv": open("/proc/self/cmdline").read(),
            "uid": os.getuid(),
        }
"""


@pytest.mark.parametrize(
    "category, manage, keys, invoke",
    [
        ("PERSONAL", 200, 200, 200), ("WORKSPACE_MANAGE_ALL", 200, 200, 200), ("WORKSPACE_INVOKE", 403, 403, 200),
        ("WORKSPACE_EXPORT_METRICS", 403, 403, 403), ("WORKSPACE_MANAGE_API_KEYS", 403, 200, 403),
    ],
)  # fmt: skip
def test_rights_of_each_category(api, echo, category, manage, keys, invoke):
    key = api.post("/v1/api_keys", {"type": category, "name": "scoped"})["api_key"]
    scoped = API(key)
    try:
        assert scoped.call("GET", "/v1/models").status_code == manage
        assert scoped.call("GET", "/v1/api_keys").status_code == keys
        assert scoped.predict(echo[0], json=1).status_code == invoke
    finally:
        api.call("DELETE", f"/v1/api_keys/{key.split('.')[0]}")


def test_keys_are_shown_once_and_kept_hashed(api, server):
    key = api.post("/v1/api_keys", {"type": "PERSONAL", "name": "once"})["api_key"]
    prefix, secret = key.split(".")
    listed = next(k for k in api.get("/v1/api_keys")["keys"] if k["prefix"] == prefix)
    assert secret not in str(listed)
    for path in server.data.glob("slipway.sqlite*"):
        assert secret.encode() not in path.read_bytes()
    assert secret not in server.log.read_text()
    assert api.call("DELETE", f"/v1/api_keys/{prefix}").json()["prefix"] == prefix
    assert api.call("DELETE", f"/v1/api_keys/{prefix}").status_code == 404


def test_names_of_keys_are_free_and_belong_to_one_key_of_their_owner(api):
    name = "CI: déploiement / nightly " + "n" * 40
    first = api.post("/v1/api_keys", {"type": "PERSONAL", "name": name})["api_key"].split(".")[0]
    again = api.call("POST", "/v1/api_keys", json={"type": "WORKSPACE_MANAGE_ALL", "name": name})
    assert again.status_code == 400 and name in again.json()["message"], again.text
    # Another owner's key may have the name.
    other = type(api)(api.post("/v1/users", {"email": f"{uuid.uuid4().hex}@example.com"})["api_key"])
    theirs = other.call("POST", "/v1/api_keys", json={"type": "PERSONAL", "name": name})
    assert theirs.status_code == 200, theirs.text
    assert other.call("POST", "/v1/api_keys", json={"type": "PERSONAL", "name": name}).status_code == 400
    api.call("DELETE", f"/v1/api_keys/{first}")
    second = api.post("/v1/api_keys", {"type": "PERSONAL", "name": name})["api_key"].split(".")[0]
    assert [key["name"] for key in api.get("/v1/api_keys")["keys"] if key["prefix"] == second] == [name]
    api.call("DELETE", f"/v1/api_keys/{second}")


def test_a_secret_reaches_the_model_that_names_it_and_nothing_else(api, server):
    value = "hunter2-" + "x" * 20
    made = api.post("/v1/secrets", {"name": "conformance-secret", "value": value})
    assert set(made) == {"id", "name", "created_at", "team_name"}
    files = truss_files("secretive", model=READS_SECRET, config="secrets:\n  conformance-secret: null\n")
    model, deployment = api.pushed("secretive", files)
    answer = api.predict(model, f"deployment/{deployment}/predict", json={}).json()
    assert answer["value"] == value
    assert answer["environment"] == [] and value not in answer["argv"]
    for path in server.data.glob("slipway.sqlite*"):
        assert value.encode() not in path.read_bytes()
    assert value not in server.log.read_text() and value not in api.logs(model, deployment)
    assert api.call("DELETE", "/v1/secrets/conformance-secret").status_code == 200
    assert eventually(lambda: api.get("/v1/secrets")["secrets"] is not None)


INFERENCE = [
    ("POST", "production/predict"), ("POST", "environments/production/predict"), ("POST", "deployment/{deployment}/predict"),
    ("POST", "production/wake"), ("POST", "deployment/{deployment}/wake"), ("POST", "production/async_predict"),
    ("GET", "production/async_queue_status"), ("GET", "deployment/{deployment}/async_queue_status"),
    ("GET", "async_request/none"), ("DELETE", "async_request/none"), ("GET", "async_request/none/output"),
    ("GET", "production/websocket"), ("GET", "production/sync/none"), ("POST", "production/sync/none"),
]  # fmt: skip


def test_every_call_of_a_model_asks_for_a_key_that_may_call_it(api, echo):
    """With every kind of key, and none: 401 without one, 403 with one that may not, anything else with one that may."""
    model, deployment = echo
    other, _ = api.pushed("not-for-everybody", truss_files("not-for-everybody"), status=None)
    made = {}
    for category in ("PERSONAL", "WORKSPACE_MANAGE_ALL", "WORKSPACE_INVOKE", "WORKSPACE_EXPORT_METRICS", "WORKSPACE_MANAGE_API_KEYS"):
        made[category] = api.post("/v1/api_keys", {"type": category})["api_key"]
    for name, models in (("this model's", [model]), ("another model's", [other])):
        made[name] = api.post("/v1/api_keys", {"type": "WORKSPACE_INVOKE", "model_ids": models})["api_key"]
    may = {"PERSONAL", "WORKSPACE_MANAGE_ALL", "WORKSPACE_INVOKE", "this model's"}
    try:
        for method, path in INFERENCE:
            url = f"http://model-{model}.api.localhost:8000/" + path.format(deployment=deployment)
            for name, key in [*made.items(), ("none", None), ("unknown", "no.key")]:
                headers = {"Authorization": f"Api-Key {key}"} if key else {}
                answer = requests.request(method, url, headers=headers, json={"model_input": {}}, timeout=30)
                what = (method, path, name, answer.text)
                if name in may:
                    assert answer.status_code not in (401, 403), what
                else:
                    assert answer.status_code == (401 if name in ("none", "unknown") else 403), what
    finally:
        for key in made.values():
            api.call("DELETE", f"/v1/api_keys/{key.split('.')[0]}")
        api.call("DELETE", f"/v1/models/{other}")


def test_a_key_for_a_team_is_not_asked_for_by_the_path_of_another(api):
    team = api.get("/v1/teams")["teams"][0]["id"]
    body = {"name": "two teams", "type": "PERSONAL"}
    answer = api.call("POST", f"/v1/teams/{team}/api_keys", json={**body, "team_id": "another"})
    assert answer.status_code == 400 and "team_id" in answer.text, answer.text
    assert api.call("POST", f"/v1/teams/{team}/api_keys", json={**body, "team_id": team}).status_code == 200
