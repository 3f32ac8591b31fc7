"""Environments, their settings, rolling promotions and the autoscaler."""

import concurrent.futures
import threading
import time

import pytest

from harness import eventually, truss_files

SLOW = """
import time

class Model:
    def predict(self, model_input):
        time.sleep(model_input.get("seconds", 0))
        return {"version": "VERSION"}
"""


def path(model, name=None, verb=None):
    return "/".join(part for part in (f"/v1/models/{model}/environments", name, verb) if part)


def environment(api, model, name="production"):
    return api.get(path(model, name))


def promotion_status(api, model, name="production"):
    promotion = environment(api, model, name)["in_progress_promotion"]
    return promotion and promotion["status"]


@pytest.fixture(scope="module")
def model(api):
    model, deployment = api.pushed("environments", truss_files("environments"))
    eventually(lambda: api.get(f"/v1/models/{model}")["production_deployment_id"] == deployment)
    return model, deployment


def test_who_sees_the_first_deployment_active_may_call_production(api):
    for number in range(3):
        name = f"at-once-{number}"
        model, deployment = api.pushed(name, truss_files(name), status=None)
        eventually(lambda: api.deployment(model, deployment)["status"] == "ACTIVE", every=0.001)
        sync = api.predict(model, json=[number])
        later = api.predict(model, "production/async_predict", json={"model_input": {"number": number}})
        assert (sync.status_code, later.status_code) == (200, 201), (sync.text, later.text)


def test_create_read_promote_and_delete(api, model):
    model, production = model
    made = api.post(
        path(model),
        {"name": "staging", "autoscaling_settings": {"max_replica": 3}, "promotion_settings": {"redeploy_on_promotion": True}},
    )  # fmt: skip
    assert made["name"] == "staging" and made["current_deployment"] is None
    assert made["autoscaling_settings"]["max_replica"] == 3
    assert made["promotion_settings"]["redeploy_on_promotion"] is True
    assert {e["name"] for e in api.get(path(model))["environments"]} == {"production", "staging"}
    assert api.predict(model, "environments/staging/predict", json={}).status_code == 404

    promoted = api.post(path(model, "staging", "promote"), {"deployment_id": production})
    assert promoted["id"] != production, "redeploy_on_promotion asks for a copy"
    eventually(lambda: (environment(api, model, "staging")["current_deployment"] or {}).get("id") == promoted["id"])
    current = environment(api, model, "staging")["current_deployment"]
    assert current["autoscaling_settings"]["max_replica"] == 3 and current["environment"] == "staging"
    assert api.predict(model, "environments/staging/predict", json=[1]).json()["echo"] == [1]
    history = api.get(path(model, "staging", "promotions"))["promotions"]
    assert [p["status"] for p in history] == ["SUCCEEDED"] and history[0]["ended_at"]

    gone = api.call("DELETE", path(model, "staging"))
    assert gone.json() == {"name": "staging", "model_id": model, "deleted": True}
    assert api.predict(model, "environments/staging/predict", json={}).status_code == 404
    api.wait(model, promoted["id"], "SCALED_TO_ZERO")
    assert api.predict(model, f"deployment/{promoted['id']}/predict", json=[2]).json()["echo"] == [2]
    assert api.call("DELETE", path(model, "production")).status_code == 400


@pytest.mark.parametrize(
    "body, names",
    [
        ({"name": "development"}, "development"),
        ({"name": "Upper"}, "lower-case"),
        ({"name": ""}, "1 to 40"),
        ({"name": "production"}, "production"),
        ({}, "name"),
        ({"name": "x", "autoscaling_settings": {"min_replica": 2}}, "min_replica"),
        ({"name": "x", "autoscaling_settings": {"replicas": 2}}, "replicas"),
        ({"name": "x", "promotion_settings": {"ramp_up_duration_seconds": -1}}, "ramp_up_duration_seconds"),
        ({"name": "x", "promotion_settings": {"promotion_cleanup_strategy": "BURN"}}, "promotion_cleanup_strategy"),
    ],
)
def test_bad_environments_are_refused_by_name(api, model, body, names):
    before = api.get(path(model[0]))
    answer = api.call("POST", path(model[0]), json=body)
    assert answer.status_code == 400 and names in answer.json()["message"], answer.text
    assert answer.json()["code"] == "VALIDATION_ERROR"
    assert api.get(path(model[0])) == before


@pytest.mark.parametrize(
    "body, names",
    [
        ({"instance_type": "x"}, "instance_type"),
        ({"autoscaling_settings": {"max_scale_down_rate": 51}}, "max_scale_down_rate"),
        ({"promotion_settings": {"rolling_deploy_config": {"max_surge_percent": 0}}}, "max_unavailable_percent"),
        (
            {"promotion_settings": {"rolling_deploy_config": {"max_surge_percent": 5, "max_unavailable_percent": 5}}},
            "max_surge_percent",
        ),
        ({"promotion_settings": {"rolling_deploy_config": {"max_surge_percent": 51}}}, "max_surge_percent"),
        ({"promotion_settings": 1}, "promotion_settings"),
    ],
)
def test_bad_changes_are_refused_by_name(api, model, body, names):
    before = environment(api, model[0])
    answer = api.call("PATCH", path(model[0], "production"), json=body)
    assert answer.status_code == 400 and names in answer.json()["message"], answer.text
    assert environment(api, model[0]) == before


def test_one_setting_with_two_doors(api, model):
    model, deployment = model
    settings = f"/v1/models/{model}/deployments/{deployment}/autoscaling_settings"
    answer = api.call("PATCH", settings, json={"concurrency_target": 7}).json()
    assert answer["status"] == "ACCEPTED" and answer["message"]
    assert environment(api, model)["autoscaling_settings"]["concurrency_target"] == 7
    assert api.call("PATCH", settings, json={"concurrency_target": 7}).json()["status"] == "UNCHANGED"
    changed = api.call("PATCH", path(model, "production"), json={"autoscaling_settings": {"concurrency_target": 1}}).json()
    assert changed["status"] == "ACCEPTED"
    assert changed["environment"]["autoscaling_settings"]["concurrency_target"] == 1
    assert api.deployment(model, deployment)["autoscaling_settings"]["concurrency_target"] == 1
    by_name = f"/v1/models/{model}/deployments/production/autoscaling_settings"
    assert api.call("PATCH", by_name, json={}).json()["status"] == "UNCHANGED"
    for body, names in [({"max_replica": 0}, "max_replica"), ({"nonsense": 1}, "nonsense"), ({"min_replica": "1"}, "min_replica")]:
        answer = api.call("PATCH", settings, json=body)
        assert answer.status_code == 400 and names in answer.json()["message"], answer.text


def test_replicas_follow_the_load_up_and_down(api):
    model, deployment = api.pushed("scaling", truss_files("scaling", model=SLOW))
    eventually(lambda: api.get(f"/v1/models/{model}")["production_deployment_id"] == deployment)
    settings = {"max_replica": 3, "autoscaling_window": 10, "scale_down_delay": 0}
    assert api.call("PATCH", path(model, "production"), json={"autoscaling_settings": settings}).json()["status"] == "ACCEPTED"
    stop = time.monotonic() + 30
    peak = 0

    def load():
        codes = []
        while time.monotonic() < stop and peak < 3:
            codes.append(api.predict(model, json={"seconds": 0.3}).status_code)
        return codes

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        clients = [pool.submit(load) for _ in range(6)]
        while time.monotonic() < stop and peak < 3:
            peak = max(peak, api.deployment(model, deployment)["active_replica_count"])
            time.sleep(0.2)
        codes = {code for client in clients for code in client.result()}
    assert peak == 3 and codes == {200}
    eventually(lambda: api.deployment(model, deployment)["active_replica_count"] <= 1, seconds=60)
    decisions = api.get(f"/v1/models/{model}/deployments/{deployment}/scaling_decisions")["decisions"]
    assert max(d["to_replicas"] for d in decisions) == 3
    # What falls asleep or wakes up says that instead.
    by_load = [d for d in decisions if d["to_replicas"] and d["from_replicas"]]
    assert by_load and all("requests in flight" in d["reason"] for d in by_load), decisions
    assert "Replicas " in api.logs(model, deployment)


def test_rolling_promotion_moves_traffic_by_steps_and_loses_nothing(api):
    model, first = api.pushed("rolling", truss_files("rolling", version="1"))
    eventually(lambda: api.get(f"/v1/models/{model}")["production_deployment_id"] == first)
    change = {
        "autoscaling_settings": {"min_replica": 2, "max_replica": 2},
        "promotion_settings": {"rolling_deploy": True, "rolling_deploy_config": {"max_surge_percent": 50, "stabilization_time_seconds": 2}},
    }  # fmt: skip
    api.call("PATCH", path(model, "production"), json=change)
    eventually(lambda: api.deployment(model, first)["active_replica_count"] == 2)
    _, second = api.pushed("rolling", truss_files("rolling", version="2"), status=None, environment_name="production")
    seen, failures, done = [], [], threading.Event()

    def load():
        while not done.is_set():
            answer = api.predict(model, json={})
            (seen.append(answer.json()["version"]) if answer.status_code == 200 else failures.append(answer.text))

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for _ in range(2):
            pool.submit(load)
        shares = set()
        try:

            def ended():
                promotion = environment(api, model)["in_progress_promotion"]
                shares.add(promotion["percent_traffic_to_new_version"])
                return promotion["status"] in ("SUCCEEDED", "FAILED", "CANCELED") and promotion

            promotion = eventually(ended, seconds=120, every=0.05)
        finally:
            done.set()
    assert promotion["status"] == "SUCCEEDED" and promotion["rolling_deploy"] is True
    assert not failures, failures[:3]
    assert shares & set(range(1, 100)), shares
    mixed = seen[seen.index("2") : len(seen) - seen[::-1].index("1")]
    assert {"1", "2"} <= set(mixed), "both versions answered while traffic moved"
    assert api.get(f"/v1/models/{model}")["production_deployment_id"] == second
    api.wait(model, first, "SCALED_TO_ZERO")


def test_pause_resume_and_cancel(api):
    model, first = api.pushed("signals", truss_files("signals", version="1"))
    eventually(lambda: api.get(f"/v1/models/{model}")["production_deployment_id"] == first)
    for verb in ("pause", "resume", "force_cancel", "force_roll_forward", "cancel"):
        answer = api.call("POST", path(model, "production", f"{verb}_promotion"), json={})
        assert answer.status_code == 400 and "no in progress promotion" in answer.json()["message"]
    change = {
        "autoscaling_settings": {"min_replica": 2, "max_replica": 2},
        "promotion_settings": {"rolling_deploy": True, "rolling_deploy_config": {"max_surge_percent": 50, "stabilization_time_seconds": 60}},
    }  # fmt: skip
    api.call("PATCH", path(model, "production"), json=change)
    eventually(lambda: api.deployment(model, first)["active_replica_count"] == 2)
    _, second = api.pushed("signals", truss_files("signals", version="2"), status=None, environment_name="production")
    eventually(lambda: promotion_status(api, model) == "RAMPING_UP", seconds=60)
    queued = api.call("PATCH", path(model, "production"), json={"autoscaling_settings": {"scale_down_delay": 100}}).json()
    assert queued["status"] == "QUEUED"
    assert api.post(path(model, "production", "pause_promotion")) == {"success": True}
    assert promotion_status(api, model) == "PAUSED"
    assert api.post(path(model, "production", "resume_promotion")) == {"success": True}
    assert promotion_status(api, model) == "RAMPING_UP"
    answer = api.post(path(model, "production", "cancel_promotion"))
    assert answer["status"] == "RAMPING_DOWN" and answer["message"]
    assert api.post(path(model, "production", "force_cancel_promotion")) == {"success": True}
    assert promotion_status(api, model) == "CANCELED"
    current = environment(api, model)["current_deployment"]
    assert current["id"] == first and current["autoscaling_settings"]["scale_down_delay"] == 100
    assert api.predict(model, json={}).json()["version"] == "1"

    again = api.post(path(model, "production", "promote"), {"deployment_id": second})
    assert again["id"] == second
    eventually(lambda: promotion_status(api, model) == "RAMPING_UP", seconds=60)
    assert api.post(path(model, "production", "force_roll_forward_promotion")) == {"success": True}
    eventually(lambda: api.get(f"/v1/models/{model}")["production_deployment_id"] == second)


AWARE = """
class Model:
    def __init__(self, **kwargs):
        self.seen = []

    def setup_environment(self, environment):
        self.seen.append(environment and environment["name"])

    def predict(self, model_input):
        return {"seen": self.seen, "version": "VERSION"}
"""


def test_a_deployment_promoted_as_it_is_learns_its_environment(api):
    model, first = api.pushed("aware", truss_files("aware", AWARE))
    eventually(lambda: api.get(f"/v1/models/{model}")["production_deployment_id"] == first)
    assert api.predict(model, json={}).json()["seen"] == ["production"]
    source = {
        "kind": "model_archive", "s3_key": api.upload(truss_files("aware", AWARE, version="2")),
        "deployment": {"config": {"model_name": "aware"}},
    }  # fmt: skip
    second = api.post(f"/v1/models/{model}/deployments", {"source": source})["deployment"]["id"]
    api.wait(model, second, "ACTIVE")
    direct = f"deployment/{second}/predict"
    assert api.predict(model, direct, json={}).json()["seen"] == []
    assert api.post(path(model, "production", "promote"), {"deployment_id": second})["id"] == second
    eventually(lambda: api.predict(model, direct, json={}).json()["seen"] == ["production"], seconds=60)
