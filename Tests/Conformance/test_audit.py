"""The audit log: every change with who, what and when, page by page."""

import pytest

from harness import eventually, truss_files


@pytest.fixture(scope="module")
def model(api):
    """A model with a history: (model, deployment)."""
    model, deployment = api.pushed("audited", truss_files("audited"))
    eventually(lambda: api.get(f"/v1/models/{model}")["production_deployment_id"] == deployment)
    base = f"/v1/models/{model}"
    api.post(f"{base}/environments", {"name": "staging"})
    changed = {"autoscaling_settings": {"max_replica": 2}}
    assert api.call("PATCH", f"{base}/environments/staging", json=changed).status_code == 200
    settings = {"min_replica": 0, "max_replica": 3}
    path = f"{base}/deployments/{deployment}/autoscaling_settings"
    assert api.call("PATCH", path, json=settings).status_code == 200
    assert api.call("PATCH", path, json=settings).status_code == 200, "the same again changes nothing"
    return model, deployment


def entries(api, path, **query):
    return api.get(path, params=query)


def kinds(answer):
    return [item["event_type"] for item in answer["items"]]


def test_every_change_of_the_model_is_there_newest_first(api, model):
    model, deployment = model
    answer = entries(api, f"/v1/models/{model}/audit_logs")
    assert kinds(answer) == [
        "MODEL_DEPLOYMENT_AUTOSCALING_SETTINGS_CHANGED", "ENVIRONMENT_UPDATED", "ENVIRONMENT_CREATED",
        "MODEL_DEPLOYMENT_PROMOTED", "MODEL_DEPLOYED",
    ]  # fmt: skip
    assert answer["pagination"] == {"has_more": False, "cursor": None}
    changed, updated, _, promoted, deployed = answer["items"]
    assert changed["event_data"]["max_replica"] == 3
    assert changed["event_data"]["previous_settings"]["max_replica"] == 1
    assert updated["event_data"]["environment_name"] == "staging"
    assert (updated["event_data"]["max_replica"], updated["event_data"]["previous_settings"]["max_replica"]) == (2, 1)
    assert promoted["event_data"]["environment_name"] == "production"
    assert deployed["event_data"] == {
        "event_type": "MODEL_DEPLOYED", "model_id": model, "model_name": "audited", "deployment_id": deployment,
        "deployment_name": "deployment-1", "scale_previous_to_zero": False, "trusted": True, "publish": True,
        "environment_name": None,
    }  # fmt: skip
    actor = deployed["actor"]
    assert actor["type"] == "API_KEY" and actor["email"] and api.key.startswith(actor["api_key_prefix"])
    assert deployed["source"] == "API" and deployed["client_name"] == "python-requests"
    assert api.key.split(".")[1] not in str(answer)


def test_pages_follow_each_other_in_both_directions(api, model):
    model, _ = model
    path = f"/v1/models/{model}/audit_logs"
    everything = [item["id"] for item in entries(api, path)["items"]]
    for direction, expected in [("DESC", everything), ("ASC", everything[::-1])]:
        seen, cursor = [], None
        while True:
            query = {"limit": 2, "direction": direction} if cursor is None else {"limit": 2, "cursor": cursor}
            page = entries(api, path, **query)
            seen += [item["id"] for item in page["items"]]
            cursor = page["pagination"]["cursor"]
            assert page["pagination"]["has_more"] == (cursor is not None)
            if cursor is None:
                break
        assert seen == expected


@pytest.mark.parametrize(
    "query, count",
    [
        ({"event_type_groups": ["PROMOTED", "DEPLOYED"]}, 2),
        ({"event_type_groups": ["SSH"]}, 0),
        ({"environment_names": ["staging"]}, 2),
        ({"sources": ["SYSTEM"]}, 0),
        ({"sources": ["SYSTEM", "API"]}, 5),
        ({"search": "AUDITED"}, 5),
        ({"search": "deployment-1"}, 3),
        ({"search": "%"}, 0),
        ({"user_ids": ["nobody"]}, 0),
        ({"chain_deployment_ids": ["x"]}, 0),
        ({"end_epoch_millis": 1}, 0),
        ({"start_epoch_millis": 1}, 5),
    ],
)
def test_filters_narrow(api, model, query, count):
    assert len(entries(api, f"/v1/models/{model[0]}/audit_logs", **query)["items"]) == count


def test_deployments_narrow_too(api, model):
    everything = entries(api, f"/v1/models/{model[0]}/audit_logs")["items"]
    found = entries(api, "/v1/audit_logs", deployment_ids=[model[1]])["items"]
    assert 0 < len(found) < len(everything)
    assert [e["id"] for e in found] == [e["id"] for e in everything if e["event_data"].get("deployment_id") == model[1]], everything


def test_workspace_changes_and_deleted_models(api):
    model, _ = api.pushed("shortlived", truss_files("shortlived"))
    assert api.call("DELETE", f"/v1/models/{model}").status_code == 200
    assert kinds(entries(api, f"/v1/models/{model}/audit_logs"))[0] == "MODEL_DELETED"
    api.post("/v1/secrets", {"name": "audited_secret", "value": "a value nobody may see"})
    key = api.post("/v1/api_keys", {"type": "WORKSPACE_INVOKE", "name": "audited-key"})["api_key"]
    prefix = key.split(".")[0]
    assert api.call("DELETE", f"/v1/api_keys/{prefix}").status_code == 200
    answer = entries(api, "/v1/audit_logs", limit=3)
    assert kinds(answer) == ["API_KEY_DELETED", "API_KEY_CREATED", "SECRET_UPDATED"]
    assert answer["pagination"]["has_more"] is True
    assert answer["items"][0]["event_data"]["api_key_type"] == "INVOKE_ALL_MODELS_SERVICE_ACCOUNT"
    assert "nobody may see" not in str(answer) and key.split(".")[1] not in str(answer)


@pytest.mark.parametrize(
    "query, words",
    [
        ({"limit": 0}, "limit"),
        ({"limit": 201}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"direction": "UP"}, "direction"),
        ({"event_type_groups": ["PROMOTED", "NOPE"]}, "event_type_groups"),
        ({"sources": ["MAIL"]}, "sources"),
        ({"start_epoch_millis": -1}, "start_epoch_millis"),
        ({"start_epoch_millis": 5, "end_epoch_millis": 1}, "start_epoch_millis"),
    ],
)
def test_bad_queries_name_the_parameter(api, query, words):
    answer = api.call("GET", "/v1/audit_logs", params=query)
    assert answer.status_code == 400 and words in answer.json()["message"]


def test_who_may_read(api):
    key = api.post("/v1/api_keys", {"type": "WORKSPACE_INVOKE", "name": "reader"})["api_key"]
    answer = api.call("GET", "/v1/audit_logs", headers={"Authorization": f"Api-Key {key}"})
    assert answer.status_code == 403
    assert api.call("GET", "/v1/models/nosuch00/audit_logs").status_code == 404
