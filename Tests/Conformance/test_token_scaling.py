"""`target_in_flight_tokens`: replicas follow the tokens of OpenAI-shaped requests."""

import json
import threading

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from harness import APP, eventually, truss_files

# Streams as an LLM server does, until it is told to stop.
MODEL = """
import asyncio, json

class Model:
    async def predict(self, model_input):
        return self.stream(model_input)

    async def stream(self, model_input):
        count = 0
        while count < model_input["max_tokens"]:
            count += 1
            yield "data: " + json.dumps({"choices": [{"index": 0, "delta": {"content": "word "}}]}) + "\\n\\n"
            await asyncio.sleep(0.1)
        usage = {"prompt_tokens": len(model_input["messages"][0]["content"]) // 2, "completion_tokens": count}
        yield "data: " + json.dumps({"choices": [], "usage": usage}) + "\\n\\n"
        yield "data: [DONE]\\n\\n"
"""


@pytest.fixture(scope="module")
def chat(api):
    model, deployment = api.pushed("token-scaling", truss_files("token-scaling", MODEL))
    eventually(lambda: api.get(f"/v1/models/{model}")["production_deployment_id"] == deployment)
    return model, deployment


def body(tokens):
    return {"messages": [{"role": "user", "content": "text" * 1000}], "max_tokens": tokens, "stream": True}


def in_flight(api, model, deployment):
    query = {"metrics": ["slipway_tokens_in_flight"], "mode": "CURRENT"}
    answer = api.get(f"/v1/models/{model}/deployments/{deployment}/metrics", params=query)
    return answer["metric_values"][0]["values"][0][0]


def exported(api, deployment):
    text = requests.get(f"{APP}/metrics", headers={"Authorization": f"Api-Key {api.key}"}, timeout=60).text
    families = {family.name: family for family in text_string_to_metric_families(text)}
    return {s.labels["deployment_id"]: s.value for s in families["slipway_tokens_in_flight"].samples}.get(deployment)


def test_tokens_call_for_two_replicas_where_requests_call_for_one(api, chat):
    model, deployment = chat
    settings = {
        "max_replica": 2, "autoscaling_window": 10, "scale_down_delay": 3600, "concurrency_target": 100,
        "target_in_flight_tokens": 400,
    }  # fmt: skip
    path = f"/v1/models/{model}/environments/production"
    assert in_flight(api, model, deployment) is None and exported(api, deployment) is None
    # By requests alone one replica is enough.
    plain = {name: value for name, value in settings.items() if name != "target_in_flight_tokens"}
    assert api.call("PATCH", path, json={"autoscaling_settings": plain}).json()["status"] == "ACCEPTED"
    assert api.predict(model, json=body(25)).text.endswith("data: [DONE]\n\n")
    assert api.deployment(model, deployment)["active_replica_count"] == 1
    assert in_flight(api, model, deployment) is None, "nothing is counted before it is asked for"

    assert api.call("PATCH", path, json={"autoscaling_settings": settings}).json()["status"] == "ACCEPTED"
    answers = []
    stream = threading.Thread(target=lambda: answers.append(api.predict(model, json=body(80)).text))
    stream.start()
    eventually(lambda: (in_flight(api, model, deployment) or 0) >= 500, seconds=8)
    assert exported(api, deployment) >= 500
    eventually(lambda: api.deployment(model, deployment)["active_replica_count"] == 2)
    stream.join()
    events = [json.loads(line[6:]) for line in answers[0].split("\n\n") if line.startswith("data: {")]
    assert events[-1]["usage"] == {"prompt_tokens": 2000, "completion_tokens": 80} and len(events) == 81
    decisions = api.get(f"/v1/models/{model}/deployments/{deployment}/scaling_decisions")["decisions"]
    by_tokens = [d for d in decisions if d["from_replicas"] == 1 and d["to_replicas"] == 2]
    assert by_tokens and " tokens in flight on average over 10 s" in by_tokens[0]["reason"], decisions
    assert "requests call for 1" in by_tokens[0]["reason"]
    eventually(lambda: in_flight(api, model, deployment) == 0, seconds=15)
