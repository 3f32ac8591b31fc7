"""Rate limits per key and endpoint, switched on."""

import pytest

from harness import API, TOOLS, Server


@pytest.fixture(scope="module")
def limited(scratch):
    server = Server(scratch / "limited", port=8012, inference_port=9093, arguments=[*TOOLS, "--rate-limits", "on"]).start()
    yield server
    assert server.stop() == 0


def refused(answer):
    assert answer.status_code == 429, answer.text
    body = answer.json()
    assert body["error"] == "Rate limit exceeded. Please try again later." and body["message"] == body["error"]
    assert int(answer.headers["Retry-After"]) == body["retry_after"] > 0
    return body["retry_after"]


def test_each_endpoint_has_its_documented_limit(limited):
    api = API(limited.key, "http://localhost:8012")
    codes = [api.call("POST", "/v1/models/none/deployments/none/activate").status_code for _ in range(20)]
    assert set(codes) == {404}
    assert 1 <= refused(api.call("POST", "/v1/models/none/deployments/none/activate")) <= 60
    # The window belongs to the endpoint, whichever object it names, and to the key.
    refused(api.call("POST", "/v1/models/other/deployments/other/activate"))
    assert api.call("POST", "/v1/models/none/deployments/none/deactivate").status_code == 404
    other = API(api.post("/v1/api_keys", {"type": "WORKSPACE_MANAGE_ALL", "name": "other"})["api_key"], api.management)
    assert other.call("POST", "/v1/models/none/deployments/none/activate").status_code == 404
    codes = [api.call("POST", "/v1/models/none/deployments/none/retry").status_code for _ in range(11)]
    assert codes == [404] * 10 + [429]


def test_the_export_is_limited_for_all_keys_together(limited):
    api = API(limited.key, "http://localhost:8012")
    other = API(api.post("/v1/api_keys", {"type": "WORKSPACE_EXPORT_METRICS", "name": "exp"})["api_key"], api.management)
    codes = [caller.call("GET", "/metrics").status_code for caller in (api, other) for _ in range(3)]
    assert codes == [200] * 6
    refused(other.call("GET", "/metrics"))


def test_they_are_off_on_loopback(api):
    codes = [api.call("POST", "/v1/models/none/deployments/none/retry").status_code for _ in range(30)]
    assert set(codes) == {404}
