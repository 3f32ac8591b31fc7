"""The official `truss` command, unmodified, against the server."""

import json

from harness import eventually, write_truss


def model_named(api, name):
    return next((m for m in api.get("/v1/models")["models"] if m["name"] == name), None)


def test_whoami(truss):
    assert "admin@localhost" in truss.run("whoami", "--remote", "slipway").stdout


def test_push_waits_tails_and_becomes_production(truss, api, scratch):
    directory = write_truss(scratch / "published", "published")
    output = truss.run(
        "push", directory, "--remote", "slipway", "--wait", "--tail", "--non-interactive"
    ).stdout
    assert "successfully pushed" in output
    assert "Deployment succeeded" in output
    model = model_named(api, "published")
    first = model["production_deployment_id"]
    assert first
    answer = truss.run("predict", "--target-directory", directory, "--remote", "slipway", "--published", "-d", '{"a": 1}')
    assert '"a": 1' in answer.stdout

    write_truss(directory, "published", version="2")
    second = json.loads(
        truss.run(
            "push", directory, "--remote", "slipway", "--promote", "--wait", "--non-interactive", "--output", "json"
        ).stdout
    )
    eventually(lambda: model_named(api, "published")["production_deployment_id"] not in (None, first))
    assert api.predict(model["id"], json={}).json()["version"] == "2"
    assert second

    write_truss(directory, "published", version="3")
    truss.run("push", directory, "--remote", "slipway", "--environment", "production", "--wait", "--non-interactive")
    eventually(lambda: api.predict(model["id"], json={}).json()["version"] == "3")


def test_push_to_an_unknown_environment_is_refused_by_name(truss, scratch, echo):
    directory = write_truss(scratch / "nowhere", "echo")
    result = truss.run(
        "push", directory, "--remote", "slipway", "--environment", "nowhere", "--non-interactive", check=False
    )
    assert result.returncode != 0
    assert "nowhere" in result.stdout + result.stderr


def test_development_push_then_the_founding_call(truss, api, scratch):
    directory = write_truss(scratch / "development", "development-model")
    # --watch makes a development deployment and goes on watching: the push is what is wanted of it.
    output = directory.parent / "watcher.log"
    watcher = truss.start("push", directory, "--remote", "slipway", "--watch", "--non-interactive", output=output)
    try:
        model = eventually(lambda: model_named(api, "development-model"), seconds=60)["id"]
        path = f"/v1/models/{model}/deployments/development"
        eventually(lambda: api.get(path)["status"] == "ACTIVE", seconds=120)
    finally:
        watcher.kill()
        watcher.wait()
    development = api.get(path)
    assert development["is_development"] and development["name"] == "development"
    assert api.get(f"/v1/models/{model}")["production_deployment_id"] is None
    assert api.predict(model, "development/predict", json=[1]).json()["echo"] == [1]

    body = {"scale_down_previous_production": True, "preserve_env_instance_type": True}
    promoted = api.post(f"{path}/promote", body)
    assert promoted["status"] == "BUILDING"
    assert promoted["id"] != development["id"] and not promoted["is_development"]
    api.wait(model, promoted["id"], "ACTIVE")
    eventually(lambda: api.deployment(model, promoted["id"])["is_production"])
    assert api.predict(model, json=[2]).json()["echo"] == [2]
    assert api.get(path)["id"] == development["id"]


def test_a_config_with_a_typo_is_refused_before_anything_is_made(truss, api, scratch):
    directory = write_truss(scratch / "typo", "typo", config="requirments:\n  - six\n")
    result = truss.run("push", directory, "--remote", "slipway", "--non-interactive", check=False)
    assert result.returncode != 0
    assert "requirments" in result.stdout + result.stderr
    assert model_named(api, "typo") is None
