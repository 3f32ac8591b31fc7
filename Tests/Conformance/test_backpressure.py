"""What becomes of requests that find every replica busy."""

import concurrent.futures
import time

from harness import eventually, truss_files

MODEL = """
import time

class Model:
    def predict(self, model_input):
        time.sleep(model_input.get("seconds", 0))
        return "done"
"""


def settings(api, model, deployment):
    return api.get(f"/v1/models/{model}/deployments/{deployment}")["request_backpressure_settings"]


def at_once(api, model, count, seconds=1.5):
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        futures = []
        for _ in range(count):
            futures.append(
                pool.submit(api.predict, model, "production/predict", json={"seconds": seconds})
            )
            time.sleep(0.1)
        return [future.result() for future in futures]


def test_reject_on_full(api):
    model, deployment = api.pushed("pressure", truss_files("pressure", model=MODEL))
    eventually(lambda: api.get(f"/v1/models/{model}")["production_deployment_id"] == deployment)
    path = f"/v1/models/{model}/deployments/{deployment}/request_backpressure_settings"
    environment = f"/v1/models/{model}/environments/production"
    assert settings(api, model, deployment) == {"policy": None}
    assert [answer.status_code for answer in at_once(api, model, 3, 0.5)] == [200, 200, 200]

    assert api.call("PATCH", path, json={"policy": "REJECT_ON_FULL"}).json() == {"policy": "REJECT_ON_FULL"}
    assert settings(api, model, deployment) == {"policy": "REJECT_ON_FULL"}
    assert api.get(environment)["request_backpressure_settings"] == {"policy": "REJECT_ON_FULL"}
    answers = at_once(api, model, 3)
    assert [answer.status_code for answer in answers] == [200, 529, 529]
    assert answers[1].json()["error"] and answers[1].headers["X-Baseten-Request-Id"]

    changed = api.call("PATCH", environment, json={"request_backpressure_settings": {"policy": None}})
    assert changed.status_code == 200, changed.text
    assert settings(api, model, deployment) == {"policy": None}
    assert [answer.status_code for answer in at_once(api, model, 2, 0.5)] == [200, 200]
    unchanged = api.call("PATCH", environment, json={"request_backpressure_settings": None})
    assert unchanged.status_code == 200

    for bad in ({"policy": "NEVER"}, {"policy": 1}, {"other": 1}):
        answer = api.call("PATCH", path, json=bad)
        assert answer.status_code == 400 and answer.json()["code"] == "VALIDATION_ERROR", answer.text
    assert api.call("PATCH", path.replace(deployment, "nothing"), json={}).status_code == 404
    made = api.post(
        f"/v1/models/{model}/environments",
        {"name": "strict", "request_backpressure_settings": {"policy": "QUEUE_ON_FULL"}},
    )
    assert made["request_backpressure_settings"] == {"policy": "QUEUE_ON_FULL"}
    events = api.get(f"/v1/models/{model}/audit_logs")["items"]
    assert any("BACKPRESSURE" in str(event) for event in events), events
