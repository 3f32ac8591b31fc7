"""The official `baseten` Python client for every operation that is built."""

import boto3
import pytest
from baseten.client import InferenceClient, ManagementClient
from baseten.client.managementapi import _models as m
from botocore.config import Config
from harness import MANAGEMENT, eventually, tar, truss_files


@pytest.fixture(scope="module")
def client(server):
    with ManagementClient(api_key=server.key, base_url_override=MANAGEMENT) as made:
        yield made.api


def upload(client, name, files, **deployment):
    payload = m.DeploymentArchivePayload(config={"model_name": name}, **deployment)
    grant = client.post_prepare_model_upload(request=m.PrepareModelUploadRequest(name=name, deployment=payload))
    s3 = boto3.client(
        "s3", endpoint_url="http://s3.localhost:8000", region_name=grant.s3_region,
        aws_access_key_id=grant.creds.aws_access_key_id, aws_secret_access_key=grant.creds.aws_secret_access_key,
        aws_session_token=grant.creds.aws_session_token, config=Config(retries={"max_attempts": 1}),
    )  # fmt: skip
    s3.put_object(Bucket=grant.s3_bucket, Key=grant.s3_key, Body=tar(files))
    return payload, grant.s3_key


def test_the_whole_way_of_a_model(client, server):
    name = "client"
    payload, key = upload(client, name, truss_files(name), is_development=True)
    source = m.ModelArchiveSource(kind="model_archive", name=name, deployment=payload, s3_key=key)
    made = client.post_models(request=m.CreateModelRequest(source=source))
    model = made.model.id
    assert made.deployment.is_development and made.deployment.autoscaling_settings is None
    eventually(lambda: client.get_models_deployments_development(model_id=model).status == "ACTIVE")

    promoted = client.post_models_deployments_development_promote(
        model_id=model, request=m.PromoteRequest(scale_down_previous_production=True)
    )
    assert promoted.status == "BUILDING"
    eventually(lambda: client.get_models_model_id(model_id=model).production_deployment_id == promoted.id)
    production = client.get_models_deployments_production(model_id=model)
    assert production.is_production and production.environment == "production"

    payload, key = upload(client, name, truss_files(name, version="2"), labels={"team": "blue", "n": 1})
    source = m.DeploymentArchiveSource(kind="model_archive", deployment=payload, s3_key=key)
    second = client.post_models_deployments(
        model_id=model, request=m.CreateModelDeploymentRequest(source=source)
    ).deployment
    assert second.labels == {"team": "blue", "n": 1}
    ids = {"model_id": model, "deployment_id": second.id}
    eventually(lambda: client.get_models_deployments_deployment_id(**ids).status == "ACTIVE")
    assert client.post_models_deployments_promote(**ids, request=m.PromoteRequest()).id == second.id
    eventually(lambda: client.get_models_deployments_production(model_id=model).id == second.id)

    found = client.get_models_deployments(model_id=model, params=m.GetModelsDeploymentsParams(name=second.name))
    assert [d.id for d in found.deployments] == [second.id]
    assert len(client.get_models_deployments(model_id=model).deployments) == 3
    environments = client.get_models_environments(model_id=model).environments
    assert [e.name for e in environments] == ["production"]
    environment = client.get_models_environments_env_name(model_id=model, env_name="production")
    assert environment.current_deployment.id == second.id

    # Clients take a single result for the match, so what matches nothing must have none.
    for wanted, count in ((name, 1), ("does-not-exist", 0)):
        models = client.get_models(params=m.GetModelsParams(name=wanted)).models
        assert [one.id for one in models] == [model] * count
        team = client.get_teams().teams[0].id
        models = client.get_teams_models(team_id=team, params=m.GetTeamsModelsParams(name=wanted)).models
        assert [one.id for one in models] == [model] * count
    assert client.get_teams(params=m.GetTeamsParams(name="does-not-exist")).teams == []
    assert client.get_users(params=m.GetUsersParams(email="nobody@example.com")).items == []
    assert client.patch_models(model_id=model, request=m.UpdateModelRequest(name="renamed-client")).id == model
    assert client.patch_models(model_id=model, request=m.UpdateModelRequest(name=name)).name == name
    assert len(client.get_regions().regions) == 1

    config = client.get_models_deployments_config(**ids)
    assert config.config["model_name"] == name and config.raw_config.startswith("model_name")
    assert client.get_models_deployments_download(**ids).download_url.startswith("http://s3.localhost:8000/")
    logs = client.get_models_deployments_logs(**ids).logs
    assert any("ACTIVE" in line.message for line in logs)
    assert client.post_models_deployments_logs(**ids, request=m.GetDeploymentLogsRequest(limit=3)).logs
    assert client.get_models_environments_logs(model_id=model, env_name="production").logs

    old = {"model_id": model, "deployment_id": promoted.id}
    assert client.post_models_deployments_deactivate(**old).success
    eventually(lambda: client.get_models_deployments_deployment_id(**old).status == "INACTIVE")
    assert client.post_models_deployments_activate(**old).success
    eventually(lambda: client.get_models_deployments_deployment_id(**old).status == "ACTIVE")
    assert client.post_models_deployments_retry(**old).retried is False
    assert client.post_models_deployments_development_deactivate(model_id=model).success
    eventually(lambda: client.get_models_deployments_development(model_id=model).status == "INACTIVE")
    assert client.post_models_deployments_development_activate(model_id=model).success
    assert client.delete_models_deployments(**old).deleted

    with InferenceClient(
        model_id=model, api_key=server.key, base_url_override=f"http://model-{model}.api.localhost:8000"
    ) as inference:
        calls = inference.api
        assert calls.predict_production(request={"a": 1}).root["echo"] == {"a": 1}
        assert calls.predict(env_name="production", request={"a": 2}).root["version"] == "2"
        assert calls.predict_deployment(deployment_id=second.id, request={}).root["version"] == "2"
        calls.wake_production()
        calls.wake(env_name="production")
        calls.wake_deployment(deployment_id=second.id)
    assert client.delete_models(model_id=model).deleted


def test_the_rest_of_the_catalogue(client):
    assert client.get_users_me().email
    assert client.get_users().items
    team = client.get_teams().teams[0]
    assert team.default and client.get_teams_team_id(team_id=team.id).name == team.name
    assert client.get_teams_models(team_id=team.id).models is not None
    assert client.get_instance_types().instance_types[0].millicpu_limit == 1000
    assert client.get_instance_type_prices().instance_types
    assert client.get_blobs_credentials_model().s3_key
    secret = client.post_secrets(request=m.UpsertSecretRequest(name="from-client", value="v"))
    assert "from-client" in [s.name for s in client.get_secrets().secrets]
    again = client.post_teams_secrets(team_id=team.id, request=m.UpsertSecretRequest(name="from-client", value="w"))
    assert again.id == secret.id
    assert client.delete_teams_secrets(team_id=team.id, secret_name="from-client")
    key = client.post_api_keys(request=m.CreateAPIKeyRequest(name="made-here", type="PERSONAL")).api_key
    prefix = key.split(".")[0]
    assert prefix in [k.prefix for k in client.get_api_keys().keys]
    assert client.delete_api_keys(api_key_prefix=prefix).prefix == prefix
