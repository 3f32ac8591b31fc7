"""Environment groups: restricted environments and who may manage them."""

import subprocess

import pytest

from harness import API, BINARY, MANAGEMENT, eventually, truss_files


def add(server, email, *arguments):
    return subprocess.run(
        [str(BINARY), "members", "add", email, "--data-dir", str(server.data), *arguments],
        capture_output=True, text=True, timeout=30,
    )  # fmt: skip


def member(server, email, *arguments):
    done = add(server, email, *arguments)
    assert done.returncode == 0, done.stderr
    return API(done.stdout.strip(), MANAGEMENT)


@pytest.fixture(scope="module")
def people(server):
    """API of a member, of another member, and of a second admin."""
    return (
        member(server, "ada@example.com", "--name", "Ada"), member(server, "ben@example.com"),
        member(server, "cleo@example.com", "--admin"),
    )  # fmt: skip


@pytest.fixture(scope="module")
def model(api):
    model, deployment = api.pushed("grouped", truss_files("grouped"))
    eventually(lambda: api.get(f"/v1/models/{model}")["production_deployment_id"] == deployment)
    api.post(f"/v1/models/{model}/environments", {"name": "guarded-env"})
    return model, deployment


GROUP = "/v1/environment_groups/guarded-env"


def restrict(api, restricted, *users):
    body = {"manage_access": {"is_restricted": restricted, "user_ids": list(users)}}
    return api.call("PATCH", GROUP, json=body)


def identity(api):
    return api.get("/v1/users/me")["user_id"]


def test_a_group_exists_for_every_environment_name_and_starts_unrestricted(api, model):
    groups = {g["name"]: g for g in api.get("/v1/environment_groups")["items"]}
    assert {"production", "guarded-env"} <= set(groups)
    assert groups["guarded-env"]["manage_access"] == {"is_restricted": False, "users": []}
    team = groups["guarded-env"]["team_id"]
    assert api.get(f"/v1/teams/{team}/environment_groups/guarded-env") == groups["guarded-env"] == api.get(GROUP)
    assert api.call("PATCH", GROUP, json={}).json() == groups["guarded-env"]


def test_only_the_named_and_admins_manage_a_restricted_environment(api, model, people):
    model, deployment = model
    ada, ben, cleo = people
    answer = restrict(api, True, identity(ada))
    assert answer.status_code == 200, answer.text
    listed = {u["email"] for u in answer.json()["manage_access"]["users"]}
    assert {"ada@example.com", "cleo@example.com", "admin@localhost"} == listed
    base = f"/v1/models/{model}/environments/guarded-env"
    patch = {"promotion_settings": {"redeploy_on_promotion": True}}
    for caller, status in [(ben, 403), (ada, 200), (cleo, 200)]:
        assert caller.call("PATCH", base, json=patch).status_code == status
    promotion = {"deployment_id": deployment}
    refused = ben.call("POST", f"{base}/promote", json=promotion)
    assert refused.status_code == 403 and refused.json()["code"] == "FORBIDDEN" and "ben@example.com" in refused.text
    assert ben.call("POST", f"{base}/promote", params={"dry_run": "true"}, json=promotion).status_code == 403
    promoted = ada.post(f"{base}/promote", promotion)["id"]
    eventually(lambda: (api.get(base)["current_deployment"] or {}).get("id") == promoted)
    settings = f"/v1/models/{model}/deployments/{promoted}/autoscaling_settings"
    assert ben.call("PATCH", settings, json={"max_replica": 2}).status_code == 403
    assert ben.call("POST", f"{base}/deactivate").status_code == 403
    assert ben.call("DELETE", base).status_code == 403
    assert ben.call("DELETE", f"/v1/models/{model}").status_code == 403
    # Looking and calling stay open, and so do other environments.
    assert ben.get(base)["name"] == "guarded-env" and ben.call("GET", f"{base}/metrics").status_code == 200
    assert ben.predict(model, "environments/guarded-env/predict", json=[1]).status_code == 200
    production = f"/v1/models/{model}/environments/production"
    assert ben.call("PATCH", production, json=patch).status_code == 200
    assert restrict(api, False).json()["manage_access"]["users"] == []
    assert ben.call("PATCH", base, json=patch).status_code == 200


def test_bad_changes_are_refused(api, server, people):
    ada, ben, cleo = people
    assert restrict(ben, False).status_code == 403, "only admins restrict"
    assert restrict(cleo, False).status_code == 200
    unknown = restrict(api, True, "nobody00")
    assert unknown.status_code == 400 and "nobody00" in unknown.json()["message"]
    assert api.get(GROUP)["manage_access"]["is_restricted"] is False
    assert api.call("PATCH", GROUP, json={"manage_access": {}}).status_code == 400
    assert api.call("GET", "/v1/environment_groups/nowhere").status_code == 404
    for email, words in [("ada@example.com", "already"), ("no address", "mail address"), ("@", "mail address")]:
        done = add(server, email)
        assert done.returncode != 0 and words in done.stderr


def test_people_are_let_in_by_admins_through_the_running_server(api, server, people, model, scratch):
    """The key works at once, the log of audits says who made it, and members let nobody in."""
    for number in range(5):
        new = member(server, f"new{number}@example.com")
        assert new.predict(model[0], json=[1]).status_code == 200
        assert new.get("/v1/users/me")["email"] == f"new{number}@example.com"
    newest = api.get("/v1/audit_logs", params={"event_type_groups": "API_KEYS", "limit": 1})["items"][0]
    assert newest["event_type"] == "API_KEY_CREATED" and newest["actor"]["email"] == "admin@localhost"
    asked = {"event_type_groups": "USER_MANAGEMENT", "limit": 1}
    invited = api.get("/v1/audit_logs", params=asked)["items"][0]
    assert invited["event_type"] == "USER_INVITED" and invited["actor"]["email"] == "admin@localhost"
    assert invited["event_data"]["invited_user_email"] == "new4@example.com" and invited["event_data"]["role_name"] == "MEMBER"
    ada = people[0]
    for body in ({"email": "eve@example.com"}, {"email": "eve@example.com", "role": "ADMIN"}):
        assert ada.call("POST", "/v1/users", json=body).status_code == 403
    assert api.call("POST", "/v1/users", json={"email": "eve@example.com", "role": "OWNER"}).status_code == 400
    key = scratch / "ada.key"
    key.write_text(ada.key)
    refused = add(server, "eve@example.com", "--api-key-file", str(key))
    assert refused.returncode != 0 and "Only admins" in refused.stderr
    assert all(user["email"] != "eve@example.com" for user in api.get("/v1/users")["items"])
    nowhere = subprocess.run(
        [str(BINARY), "members", "add", "eve@example.com", "--data-dir", str(scratch)], capture_output=True, text=True,
        timeout=30,
    )  # fmt: skip
    assert nowhere.returncode != 0 and "no data of a server" in nowhere.stderr


def test_a_member_cannot_delete_an_admins_key(api, server, people):
    """Not the key of the first start either; their own they can."""
    ada, ben, cleo = people
    keys = [api.key, ben.key, cleo.key]
    for key in keys:
        refused = ada.call("DELETE", f"/v1/api_keys/{key.split('.')[0]}")
        assert refused.status_code == 403 and refused.json()["code"] == "FORBIDDEN"
    assert all(API(key, MANAGEMENT).call("GET", "/v1/users/me").status_code == 200 for key in keys)
    mine = ada.post("/v1/api_keys", {"type": "PERSONAL"})["api_key"]
    assert ada.call("DELETE", f"/v1/api_keys/{mine.split('.')[0]}").status_code == 200
    others = ben.post("/v1/api_keys", {"type": "WORKSPACE_INVOKE"})["api_key"]
    assert cleo.call("DELETE", f"/v1/api_keys/{others.split('.')[0]}").status_code == 200
