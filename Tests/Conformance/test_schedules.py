"""Autoscaling settings at certain times, through the environment's PATCH."""

import pytest

from harness import eventually, truss_files

DAYS = ["SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY"]
SETTINGS = {
    "min_replica": 1, "max_replica": 4, "autoscaling_window": None, "scale_down_delay": None, "concurrency_target": 9,
    "target_utilization_percentage": None, "target_in_flight_tokens": None, "max_scale_down_rate": None,
}  # fmt: skip


def schedule(name, start, end, **members):
    return {
        "name": name, "enabled": True, "cadence": "HOURLY", "weekdays": DAYS, "start_minute": start, "end_minute": end,
        "autoscaling_settings": SETTINGS, **members,
    }  # fmt: skip


@pytest.fixture(scope="module")
def scheduled(api):
    model, deployment = api.pushed("scheduled", truss_files("scheduled"))
    eventually(lambda: api.get(f"/v1/models/{model}")["production_deployment_id"] == deployment)
    return model, deployment, f"/v1/models/{model}/environments/production"


def patch(api, path, **members):
    return api.call("PATCH", path, json={"autoscaling_schedule_settings": members})


def test_one_of_two_schedules_always_holds_until_they_are_deleted(api, scheduled):
    model, deployment, path = scheduled
    assert api.get(path)["autoscaling_schedules"] is None
    halves = [schedule("first half", 0, 30), schedule("second half", 30, 0)]
    answer = patch(api, path, timezone="Asia/Kolkata", schedules=halves)
    assert answer.status_code == 200, answer.text
    made = answer.json()["environment"]["autoscaling_schedules"]
    assert made["timezone"] == "Asia/Kolkata" and [s["name"] for s in made["schedules"]] == ["first half", "second half"]
    assert made["schedules"][0]["autoscaling_settings"] == SETTINGS and made["schedules"][0]["start_hour"] is None
    ids = [s["id"] for s in made["schedules"]]

    def applied():
        now = api.get(path)
        return now["autoscaling_schedules"]["applied_state"]["schedule_id"] in ids and now

    now = eventually(applied)
    assert now["autoscaling_settings"]["max_replica"] == 1, "the environment's own settings stay"
    settings = api.deployment(model, deployment)["autoscaling_settings"]
    assert (settings["min_replica"], settings["max_replica"], settings["concurrency_target"]) == (1, 4, 9)
    assert settings["autoscaling_window"] == now["autoscaling_settings"]["autoscaling_window"]
    replaced = patch(api, path, schedules=[{**halves[0], "id": ids[0], "enabled": False}])
    assert replaced.json()["environment"]["autoscaling_schedules"]["schedules"][0]["enabled"] is False
    assert patch(api, path, delete_schedules=ids).status_code == 200
    assert api.get(path)["autoscaling_schedules"] is None
    eventually(lambda: api.deployment(model, deployment)["autoscaling_settings"]["max_replica"] == 1)


@pytest.mark.parametrize(
    "members, words",
    [
        ({"schedules": [schedule("a", 0, 30)]}, "timezone"),
        ({"timezone": "Atlantis/Capital", "schedules": [schedule("a", 0, 30)]}, "Atlantis/Capital"),
        ({"timezone": "UTC", "schedules": [schedule("a", 0, 60)]}, "end_minute"),
        ({"timezone": "UTC", "schedules": [schedule("a", 0, 30, cadence="DAILY")]}, "start_hour"),
        ({"timezone": "UTC", "schedules": [schedule("a", 0, 30, cadence="WEEKLY")]}, "cadence"),
        ({"timezone": "UTC", "schedules": [schedule("a", 0, 30, weekdays=["FUNDAY"])]}, "FUNDAY"),
        ({"timezone": "UTC", "schedules": [schedule("a", 0, 30, color="red")]}, "color"),
        ({"timezone": "UTC", "schedules": [schedule("a", 0, 30, autoscaling_settings={**SETTINGS, "min_replica": 5})]}, "min_replica"),
        ({"timezone": "UTC", "schedules": [schedule("a", 0, 30, id="unknown")]}, "unknown"),
        ({"timezone": "UTC", "schedules": "all"}, "schedules"),
        ({"delete_schedules": ["nothing"]}, "nothing"),
    ],
)
def test_bad_schedules_change_nothing(api, scheduled, members, words):
    path = scheduled[2]
    answer = patch(api, path, **members)
    assert answer.status_code == 400 and words in answer.json()["message"], answer.text
    assert api.get(path)["autoscaling_schedules"] is None
