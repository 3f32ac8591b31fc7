"""What each kind of key may do, and how secrets reach a model and nothing else."""

import pytest
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
