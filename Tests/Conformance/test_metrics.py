"""Metrics by name and the Prometheus exposition."""

import time

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from harness import APP, eventually, truss_files

MODEL = """
import time

class Model:
    def predict(self, model_input):
        if model_input.get("fail"):
            raise ValueError("asked for")
        time.sleep(model_input.get("seconds", 0))
        return {"version": "VERSION"}
"""


@pytest.fixture(scope="module")
def measured(api):
    """A model that has answered seven predictions and failed two: (model, deployment)."""
    model, deployment = api.pushed("measured", truss_files("measured", MODEL))
    eventually(lambda: api.get(f"/v1/models/{model}")["production_deployment_id"] == deployment)
    for _ in range(6):
        assert api.predict(model, json={}).status_code == 200
    assert api.predict(model, json={"seconds": 1}).status_code == 200
    for _ in range(2):
        assert api.predict(model, json={"fail": True}).status_code == 500
    return model, deployment


def metrics(api, model, deployment, **query):
    return api.get(f"/v1/models/{model}/deployments/{deployment}/metrics", params=query)


def values(answer, name, point=0):
    index = [d["name"] for d in answer["metric_descriptors"]].index(name)
    labels = answer["metric_descriptors"][index]["label_sets"]
    row = answer["metric_values"][point]["values"][index]
    assert len(row) == len(labels)
    return {",".join(f"{k}={v}" for k, v in label.items()): value for label, value in zip(labels, row)}


def test_current_and_summary_are_there_at_once(api, measured):
    model, deployment = measured
    for mode in ["CURRENT", "SUMMARY"]:
        answer = metrics(api, model, deployment, mode=mode)
        assert answer["mode"] == mode and answer["step_seconds"] is None and len(answer["metric_values"]) == 1
        assert [(d["name"], d["kind"], d["unit_hint"]) for d in answer["metric_descriptors"]] == [
            ("baseten_replicas_active", "GAUGE", "COUNT"),
            ("baseten_inference_requests_total", "COUNTER", "COUNT"),
            ("baseten_end_to_end_response_time_seconds", "HISTOGRAM", "SECONDS"),
        ]
        assert values(answer, "baseten_inference_requests_total") == {"status=2xx": 7, "status=4xx": 0, "status=5xx": 2}
        times = values(answer, "baseten_end_to_end_response_time_seconds")
        assert 0.9 < times["quantile=0.99"] < 5 and times["quantile=0.5"] < 0.5
        assert 0.05 < times["stat=avg"] < 1
    assert metrics(api, model, deployment)["mode"] == "CURRENT"
    assert values(metrics(api, model, deployment), "baseten_replicas_active") == {"": 1}


def test_a_series_has_steps_and_no_numbers_before_the_deployment(api, measured):
    model, deployment = measured
    names = ["baseten_inference_requests_total", "baseten_container_cpu_usage_seconds_total"]
    answer = metrics(api, model, deployment, mode="SERIES", metrics=names)
    points = answer["metric_values"]
    assert answer["step_seconds"] == 60 and 60 <= len(points) <= 61
    assert [p["start_epoch_millis"] for p in points] == [
        answer["start_epoch_millis"] + 60_000 * n for n in range(len(points))
    ]
    assert set(values(answer, names[0], 0).values()) == {None}
    counted = [values(answer, names[0], n)["status=2xx"] for n in range(len(points))]
    assert sum(n or 0 for n in counted) == 7
    day = metrics(api, model, deployment, mode="SERIES", start_epoch_millis=int((time.time() - 86400) * 1000))
    assert day["step_seconds"] == 1800


def test_every_metric_can_be_named_and_what_does_not_apply_is_left_out(api, measured):
    model, deployment = measured

    def cpu():
        answer = metrics(
            api, model, deployment, mode="SUMMARY",
            metrics=["baseten_container_cpu_usage_seconds_total", "baseten_container_cpu_memory_working_set_bytes",
                     "baseten_gpu_utilization", "baseten_request_size_bytes"],
        )  # fmt: skip
        assert len(answer["metric_descriptors"]) == 3
        assert values(answer, "baseten_request_size_bytes")["stat=avg"] > 1
        used = values(answer, "baseten_container_cpu_usage_seconds_total")[""]
        return used and used > 0.05 and values(answer, "baseten_container_cpu_memory_working_set_bytes")[""] > 1 << 20

    eventually(cpu, seconds=20)
    for name in ("baseten_gpu_anything", "baseten_llm_", "no_such_metric"):
        unknown = api.call("GET", f"/v1/models/{model}/deployments/{deployment}/metrics", params={"metrics": name})
        assert unknown.status_code == 400 and name in unknown.text, unknown.text


def test_an_environment_adds_up_the_deployments_it_had(api, measured):
    model, first = measured
    copy = api.post(f"/v1/models/{model}/environments", {"name": "other"})
    assert copy["name"] == "other"
    promoted = api.post(f"/v1/models/{model}/environments/other/promote", {"deployment_id": first})["id"]
    api.wait(model, promoted, "ACTIVE")
    eventually(lambda: api.get(f"/v1/models/{model}/environments/other")["current_deployment"])
    assert api.predict(model, "environments/other/predict", json={}).status_code == 200
    answer = api.get(f"/v1/models/{model}/environments/production/metrics", params={"mode": "SUMMARY"})
    assert values(answer, "baseten_inference_requests_total")["status=2xx"] == 7
    answer = api.get(f"/v1/models/{model}/environments/other/metrics", params={"mode": "SERIES"})
    assert sum(values(answer, "baseten_inference_requests_total", n)["status=2xx"] or 0
               for n in range(len(answer["metric_values"]))) == 1  # fmt: skip
    assert api.call("GET", f"/v1/models/{model}/environments/nowhere/metrics").status_code == 404


@pytest.mark.parametrize(
    "query, words",
    [
        ({"metrics": ["baseten_inference_requests_total", "nope"]}, "nope"),
        ({"mode": "LATER"}, "mode"),
        ({"mode": "CURRENT", "start_epoch_millis": 1}, "start_epoch_millis"),
        ({"mode": "SERIES", "start_epoch_millis": 2, "end_epoch_millis": 1}, "start_epoch_millis"),
        ({"mode": "SUMMARY", "start_epoch_millis": 1}, "7 days"),
        ({"mode": "SERIES", "end_epoch_millis": "soon"}, "end_epoch_millis"),
        ({"mode": "SERIES", "end_epoch_millis": -5}, "end_epoch_millis"),
    ],
)
def test_bad_queries_name_the_parameter(api, measured, query, words):
    model, deployment = measured
    answer = api.call("GET", f"/v1/models/{model}/deployments/{deployment}/metrics", params=query)
    assert answer.status_code == 400 and words in answer.json()["message"]
    assert answer.json()["code"] == "VALIDATION_ERROR"


def exposition(key):
    refused = requests.get(f"{APP}/metrics?foo=1", headers={"Authorization": f"Api-Key {key}"}, timeout=30)
    assert refused.status_code == 400 and "foo" in refused.text, refused.text
    answer = requests.get(f"{APP}/metrics", headers={"Authorization": f"Api-Key {key}"}, timeout=30)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {family.name: family for family in text_string_to_metric_families(answer.text)}


def test_the_exposition_is_read_by_prometheus_own_parser(api, measured):
    model, deployment = measured
    families = exposition(api.key)
    counted = {
        s.labels["status_code"]: s
        for s in families["baseten_inference_requests"].samples
        if s.labels["deployment_id"] == deployment
    }
    assert counted["200"].value == 7 and counted["500"].value == 2
    labels = dict(counted["200"].labels)
    assert labels == {
        "model_id": model, "model_name": "measured", "deployment_id": deployment, "environment": "production",
        "rollout_phase": "stable", "status_code": "200", "is_async": "false",
    }  # fmt: skip
    times = [
        s
        for s in families["baseten_end_to_end_response_time_seconds"].samples
        if s.labels["deployment_id"] == deployment and s.labels["status_code"] == "200"
    ]
    buckets = [s.value for s in times if s.name.endswith("_bucket")]
    assert buckets == sorted(buckets) and buckets[-1] == 7
    assert 1 < next(s.value for s in times if s.name.endswith("_sum")) < 10
    active = {s.labels["deployment_id"]: s.value for s in families["baseten_replicas_active"].samples}
    assert active[deployment] == 1


def test_who_may_export(api, measured):
    model, _ = measured
    export = api.post("/v1/api_keys", {"type": "WORKSPACE_EXPORT_METRICS", "name": "exporter"})["api_key"]
    assert "baseten_inference_requests" in exposition(export)
    limited = api.post("/v1/api_keys", {"type": "WORKSPACE_EXPORT_METRICS", "model_ids": [model]})["api_key"]
    assert {s.labels["model_id"] for s in exposition(limited)["baseten_replicas_active"].samples} == {model}
    assert requests.get(f"{APP}/metrics", timeout=30).status_code == 401
    invoke = api.post("/v1/api_keys", {"type": "WORKSPACE_INVOKE", "name": "metrics-caller"})["api_key"]
    answer = requests.get(f"{APP}/metrics", headers={"Authorization": f"Api-Key {invoke}"}, timeout=30)
    assert answer.status_code == 403
    forbidden = requests.get(
        f"{APP}/v1/models/{model}/environments/production/metrics",
        headers={"Authorization": f"Api-Key {export}"}, timeout=30,
    )  # fmt: skip
    assert forbidden.status_code == 403
