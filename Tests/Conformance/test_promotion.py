"""Promotion to production: the founding call and its relatives."""

import pytest
from harness import eventually, truss_files

BROKEN = """
class Model:
    def load(self):
        raise ValueError("boom at load")

    def predict(self, model_input):
        return None
"""

SLOW = """
import time

class Model:
    def load(self):
        time.sleep(4)

    def predict(self, model_input):
        return "slow"
"""


def push_development(api, name, wait="ACTIVE", **options):
    return api.pushed(name, truss_files(name, **options), status=wait, is_development=True)


def promote(api, model, deployment="development", **body):
    return api.call("POST", f"/v1/models/{model}/deployments/{deployment}/promote", json=body)


def production(api, model):
    return api.get(f"/v1/models/{model}")["production_deployment_id"]


@pytest.fixture(scope="module")
def promoted(api):
    """A model whose development deployment was promoted once: (model, development, production)."""
    model, development = push_development(api, "promoted", version="1")
    answer = promote(api, model)
    assert answer.status_code == 200, answer.text
    first = answer.json()
    assert first["status"] == "BUILDING" and first["environment"] is None
    eventually(lambda: production(api, model) == first["id"])
    return model, development, first["id"]


def test_previous_production_is_demoted_and_scaled_to_zero(api, promoted):
    model, development, first = promoted
    push_development(api, "promoted", version="2")
    assert api.predict(model, json=0).json()["version"] == "1"
    second = promote(api, model).json()["id"]
    eventually(lambda: production(api, model) == second)
    assert api.predict(model, json=0).json()["version"] == "2"
    old = api.wait(model, first, "SCALED_TO_ZERO", seconds=30)
    assert old["environment"] is None and not old["is_production"] and old["active_replica_count"] == 0
    # Its own URL still answers: the request is held while it wakes.
    assert api.predict(model, f"deployment/{first}/predict", json=0).json()["version"] == "1"

    push_development(api, "promoted", version="3")
    third = promote(api, model, scale_down_previous_production=False).json()["id"]
    eventually(lambda: production(api, model) == third)
    assert api.deployment(model, second)["status"] == "ACTIVE"

    # Back to an older one: the same deployment, no copy.
    answer = promote(api, model, second)
    assert answer.json()["id"] == second
    eventually(lambda: production(api, model) == second)
    assert promote(api, model, second).json()["id"] == second


def test_a_failing_candidate_leaves_production_and_says_why(api, promoted):
    model, _, _ = promoted
    before = production(api, model)
    push_development(api, "promoted", wait="DEPLOY_FAILED", model=BROKEN)
    refused = promote(api, model)
    assert refused.status_code == 400 and refused.json()["code"] == "VALIDATION_ERROR"

    _, broken = api.pushed(
        "promoted", truss_files("promoted", model=BROKEN), status=None, environment_name="production"
    )
    environment = f"/v1/models/{model}/environments/production"
    eventually(lambda: api.get(environment)["in_progress_promotion"]["status"] == "FAILED")
    ended = api.get(environment)
    assert "boom at load" in ended["in_progress_promotion"]["error_message"]
    assert ended["current_deployment"]["id"] == before and ended["candidate_deployment"] is None
    assert api.deployment(model, broken)["status"] == "DEPLOY_FAILED"
    assert "boom at load" in api.logs(model, broken)
    assert api.predict(model, json=0).status_code == 200


def test_only_one_promotion_at_a_time_and_cancel_ends_it(api, promoted):
    model, _, _ = promoted
    before = production(api, model)
    push_development(api, "promoted", model=SLOW)
    candidate = promote(api, model).json()["id"]
    environment = f"/v1/models/{model}/environments/production"
    running = api.get(environment)
    assert running["candidate_deployment"]["id"] == candidate
    assert running["in_progress_promotion"]["status"] == "RELEASING"
    again = promote(api, model)
    assert again.status_code == 400 and "in progress promotion" in again.json()["message"]
    delete = api.call("DELETE", f"/v1/models/{model}/deployments/{candidate}")
    assert delete.status_code == 400
    assert api.post(f"{environment}/cancel_promotion")["status"] == "CANCELED"
    assert api.get(environment)["current_deployment"]["id"] == before
    none = api.call("POST", f"{environment}/cancel_promotion")
    assert none.status_code == 400


def test_promotion_errors(api, echo):
    model, deployment = echo
    missing = promote(api, model)
    assert missing.status_code == 404 and "development" in missing.json()["message"]
    assert promote(api, "nosuch00").status_code == 404
    assert promote(api, model, "nosuch0").status_code == 404
    wrong = promote(api, model, deployment, scale_down_previous_production="yes")
    assert wrong.status_code == 400 and "scale_down_previous_production" in wrong.json()["message"]
    unknown = api.call(
        "POST", f"/v1/models/{model}/environments/nowhere/promote", json={"deployment_id": deployment}
    )
    assert unknown.status_code == 404


def test_body_may_be_missing_null_or_form_typed(api, echo):
    model, deployment = echo
    path = f"/v1/models/{model}/deployments/{deployment}/promote"
    for body in (None, "null", "{}", '{"scale_down_previous_production": true}'):
        answer = api.call(
            "POST", path, data=body, headers={"Content-Type": "application/x-www-form-urlencoded"}
        )
        assert answer.status_code == 200, (body, answer.text)
        assert answer.json()["id"] == deployment


def test_instance_type_of_the_environment_is_kept_unless_told_otherwise(api):
    model, first = api.pushed("sized", truss_files("sized"))
    eventually(lambda: production(api, model) == first)
    files = truss_files("sized", version="2", config="resources:\n  cpu: '2'\n  memory: 8Gi\n")
    _, second = api.pushed("sized", files)
    kept = promote(api, model, second).json()
    assert kept["id"] != second and kept["instance_type_name"] == "CPU 1x2"
    eventually(lambda: production(api, model) == kept["id"])
    taken = promote(api, model, second, preserve_env_instance_type=False).json()
    assert taken["id"] == second and taken["instance_type_name"] == "CPU 2x8"
    eventually(lambda: production(api, model) == second)
