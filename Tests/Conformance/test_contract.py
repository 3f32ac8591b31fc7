"""Answers against the server's own OpenAPI document."""

import jsonschema
import pytest
import requests
from harness import APP, MANAGEMENT


@pytest.fixture(scope="module")
def document(server):
    by_app = requests.get(f"{APP}/openapi.json").json()
    assert by_app == requests.get(f"{MANAGEMENT}/openapi.json").json()
    assert by_app["openapi"].startswith("3.1")
    return by_app


def conforms(document, name, value):
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    jsonschema.Draft202012Validator(schema).validate(value)


def test_answers_have_the_shape_of_the_document(document, api, echo):
    model, deployment = echo
    base = f"/v1/models/{model}"
    for path, name in {
        "/v1/models": "ModelsV1", base: "ModelV1", f"{base}/deployments": "DeploymentsV1",
        f"{base}/deployments/{deployment}": "DeploymentV1", f"{base}/deployments/production": "DeploymentV1",
        f"{base}/environments": "EnvironmentsV1", f"{base}/environments/production": "EnvironmentV1",
        f"{base}/deployments/{deployment}/config": "DeploymentConfigResponseV1",
        f"{base}/deployments/{deployment}/download": "DownloadDeploymentResponseV1",
        f"{base}/deployments/{deployment}/logs": "GetLogsResponseV1", "/v1/instance_types": "InstanceTypesV1",
        "/v1/instance_type_prices": "InstanceTypePricesV1", "/v1/users/me": "UserInfoV1", "/v1/users": "UsersResponseV1",
        "/v1/teams": "TeamsV1", "/v1/secrets": "SecretsV1", "/v1/api_keys": "APIKeysV1",
        "/v1/blobs/credentials/model": "GetBlobCredentialsResponseV1",
    }.items():  # fmt: skip
        conforms(document, name, api.get(path))
    conforms(document, "RetryDeploymentResponseV1", api.post(f"{base}/deployments/{deployment}/retry"))
    conforms(document, "ActivateResponseV1", api.post(f"{base}/deployments/{deployment}/activate"))


def test_download_gives_the_archive_back(api, echo):
    url = api.get(f"/v1/models/{echo[0]}/deployments/{echo[1]}/download")["download_url"]
    archive = requests.get(url)
    assert archive.status_code == 200 and b"model_name: echo" in archive.content
    assert requests.get(url[:-1] + ("0" if url[-1] != "0" else "1")).status_code == 403


def test_every_documented_management_operation_is_routed(document, api):
    for path, operations in document["paths"].items():
        if not path.startswith("/v1/"):
            continue
        for method in operations:
            if method not in ("get", "post", "patch", "delete"):
                continue
            filled = path.replace("{model_id}", "nosuch00").replace("{deployment_id}", "nosuch0")
            filled = filled.replace("{env_name}", "nowhere").replace("{team_id}", "nosuch").replace("{user_id}", "nosuch")
            filled = filled.replace("{secret_name}", "nosuch").replace("{api_key_prefix}", "nosuch")
            status = requests.request(method, MANAGEMENT + filled).status_code
            assert status == 401, f"{method} {path} answered {status} without a key"
            status = api.call(method.upper(), filled, data="{}" if method != "get" else None).status_code
            assert status in (200, 400, 404), f"{method} {path} answered {status}"


@pytest.mark.parametrize(
    "method, path",
    [
        ("POST", "production/async_predict"), ("GET", "production/async_queue_status"), ("POST", "production/wake"),
        ("GET", "deployment/{deployment}/async_queue_status"), ("GET", "async_request/abc"),
        ("DELETE", "async_request/abc"), ("GET", "async_request/abc/output"), ("GET", "environments/production/async_queue_status"),
    ],
)  # fmt: skip
def test_query_parameters_that_mean_nothing_are_named_by_inference_operations_too(api, echo, method, path):
    model, deployment = echo
    path = path.format(deployment=deployment)
    for url in (f"http://model-{model}.api.localhost:8000/{path}", f"{APP}/model/{model}/{path}"):
        answer = api.session.request(method, f"{url}?foo=1", json={"model_input": {}} if method == "POST" else None)
        assert answer.status_code == 400 and ("foo" in answer.text or "query" in answer.text), (url, answer.text)
