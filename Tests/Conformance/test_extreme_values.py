"""Numbers at the edges of their types, wherever a user may send one: an error or a sensible answer, and the server that
was there before is there after."""

import socket

import pytest
import requests

from harness import APP, MANAGEMENT, tar, truss_files

EDGES = [2**63 - 1, -(2**63), 2**63, -(2**63) - 1, 2**64, 2**31, -1, 10**40]
LITERALS = [*map(str, EDGES), "1e308", "-1e308", "1e400", "-0", "0.1"]


@pytest.fixture(autouse=True)
def survives(server):
    """The process is the same one afterwards, and it answers."""
    pid = server.process.pid
    yield
    assert server.process.poll() is None and server.process.pid == pid, server.log.read_text()[-4000:]
    assert requests.get(f"{APP}/healthz", timeout=10).status_code == 200


def test_a_deployment_may_have_the_largest_number_in_its_name(api):
    files = truss_files("numbered")
    for name in ("deployment-9223372036854775807", "deployment-9223372036854775806", "deployment-7"):
        answer = api.push("numbered", files, deployment_name=name)
        assert answer.status_code == 200, answer.text
    model = answer.json()["model"]["id"]
    names = []
    for _ in range(2):
        answer = api.push("numbered", files)
        assert answer.status_code == 200, answer.text
        names.append(answer.json()["deployment"]["name"])
    assert names == ["deployment-8", "deployment-9"]
    assert api.call("DELETE", f"/v1/models/{model}").status_code == 200


BODIES = [
    ("PATCH", "deployments/{deployment}/autoscaling_settings", '{{"{member}": {value}}}', [
        "min_replica", "max_replica", "autoscaling_window", "scale_down_delay", "concurrency_target",
        "target_utilization_percentage", "target_in_flight_tokens", "max_scale_down_rate",
    ]),
    ("PATCH", "environments/production", '{{"promotion_settings": {{"{member}": {value}}}}}', ["ramp_up_duration_seconds"]),
    ("PATCH", "environments/production", '{{"promotion_settings": {{"rolling_deploy_config": {{"{member}": {value}}}}}}}', [
        "max_surge_percent", "max_unavailable_percent", "stabilization_time_seconds", "replica_overhead_percent",
    ]),
    ("PATCH", "environments/production", '{{"promotion_settings": {{"slipway": {{"watch": {{"{member}": {value}}}}}}}}}', [
        "duration_seconds", "max_error_percent", "min_requests",
    ]),
    ("PATCH", "environments/production",
     '{{"autoscaling_schedule_settings": {{"timezone": "UTC", "schedules": [{{"name": "a", "enabled": true, "cadence": "DAILY",'
     ' "weekdays": ["MONDAY"], "start_hour": 1, "start_minute": 1, "end_hour": 2, "end_minute": 1, "{member}": {value},'
     ' "autoscaling_settings": {{"min_replica": 0, "max_replica": 1}}}}]}}}}',
     ["id"]),
    ("POST", "deployments/{deployment}/logs", '{{"{member}": {value}}}', ["start_epoch_millis", "end_epoch_millis", "limit"]),
]  # fmt: skip


@pytest.mark.parametrize("method, path, body, members", BODIES, ids=lambda value: value if isinstance(value, str) and "{{" not in value else None)
def test_members_of_bodies(api, echo, method, path, body, members):
    model, deployment = echo
    path = f"/v1/models/{model}/{path.format(deployment=deployment)}"
    for member in members:
        for value in LITERALS:
            answer = api.call(method, path, data=body.format(member=member, value=value))
            assert answer.status_code < 500, (member, value, answer.text)
            if value not in ("-0", "0.1", str(2**31)):
                assert answer.status_code == 400, (member, value, answer.text)


def test_query_parameters(api, echo):
    model, deployment = echo
    base = f"/v1/models/{model}/deployments/{deployment}"
    for path in (f"{base}/logs", f"{base}/metrics", "/v1/audit_logs", "/v1/users"):
        for name in ("start_epoch_millis", "end_epoch_millis", "limit", "cursor"):
            for value in LITERALS:
                query = {name: value} | ({"mode": "SERIES"} if path.endswith("metrics") else {})
                answer = api.call("GET", path, params=query)
                assert answer.status_code < 500, (path, name, value, answer.text)
    largest = (2**63 - 1) // 10**6
    for path in (f"{base}/logs", f"{base}/metrics"):
        window = {"start_epoch_millis": largest - 1000, "end_epoch_millis": largest, "mode": "SERIES"}
        assert api.call("GET", path, params=window).status_code in (200, 400)
    for edge in EDGES:
        answer = api.call("GET", "/v1/audit_logs", params={"cursor": f"asc.{edge}"})
        assert answer.status_code < 500, answer.text


def test_configs(api):
    lines = [
        "resources: {{cpu: {value}}}", "resources: {{memory: {value}Ei}}", "resources: {{memory: {value}}}",
        "resources: {{accelerator: 'H100:{value}'}}", "runtime: {{predict_concurrency: {value}}}",
        "docker_server: {{server_port: {value}, start_command: a, predict_endpoint: /, readiness_endpoint: /, liveness_endpoint: /}}",
        "python_version: py3{value}", "a: {value}", "a: {value}:59:59:59:59:59:59:59:59",
    ]  # fmt: skip
    for line in lines:
        for value in LITERALS:
            files = truss_files("extreme", config=line.format(value=value) + "\n")
            answer = api.push("extreme-config", files, is_development=True)
            assert answer.status_code in (200, 400), (line, value, answer.text)
    # The last good one is built: nothing in it may end the server either.
    for packages in ("['=']", "['']", "['=1.0']"):
        config = f"system_packages: {packages}\nruntime: {{predict_concurrency: 1000000}}\n"
        api.pushed("extreme-config", truss_files("extreme", config=config), is_development=True)
    model = next(one["id"] for one in api.get("/v1/models")["models"] if one["name"] == "extreme-config")
    answer = requests.post(
        f"http://model-{model}.api.localhost:8000/development/async_predict", json={"model_input": {}},
        headers={"Authorization": f"Api-Key {api.key}"}, timeout=30,
    )  # fmt: skip
    assert answer.status_code == 201, answer.text
    assert api.call("DELETE", f"/v1/models/{model}").status_code == 200


def test_uploads(api):
    grant = api.post("/v1/prepare_model_upload", {"name": "upload", "deployment": {"config": {"model_name": "upload"}}})
    url = grant["upload_url"]
    for value in LITERALS:
        for name in ("Content-Length", "x-amz-decoded-content-length"):
            with socket.create_connection(("127.0.0.1", 8000), timeout=10) as client:
                head = f"PUT {url} HTTP/1.1\r\nHost: {url.split('/')[2]}\r\n{name}: {value}\r\nConnection: close\r\n\r\n"
                client.sendall(head.encode())
                client.shutdown(socket.SHUT_WR)
                client.recv(4096)
        for pair in (f"partNumber={value}&uploadId={'a' * 32}", f"X-Amz-Expires={value}"):
            assert requests.put(f"{url}&{pair}", data=b"x", timeout=10).status_code in (400, 403, 404, 501)
    assert requests.put(url, data=tar(truss_files("upload")), timeout=10).status_code == 200


def test_graphql_integers(api):
    for value in LITERALS:
        query = (
            "mutation { create_model_from_truss(name: \"a\", s3_key: \"a\", config: \"e30=\", "
            f"deploy_timeout_minutes: {value}) {{ id }} }}"
        )
        answer = requests.post(
            f"{APP}/graphql/", json={"query": query}, headers={"Authorization": f"Api-Key {api.key}"}, timeout=10
        )
        assert answer.status_code == 200 and answer.json()["errors"], answer.text


def test_predictions(api, echo):
    host = f"model-{echo[0]}.api.localhost:8000"
    heads = [f"Content-Length: {value}" for value in LITERALS] + ["Transfer-Encoding: chunked"]
    sizes = ["7fffffffffffffff", "8000000000000000", "ffffffffffffffff", "fffffffffffffffff", "-1", "0" * 300 + "1"]
    for head in heads:
        for size in sizes if "chunked" in head else [""]:
            with socket.create_connection(("127.0.0.1", 8000), timeout=10) as client:
                client.sendall(
                    f"POST /production/predict HTTP/1.1\r\nHost: {host}\r\nAuthorization: Api-Key {api.key}\r\n{head}\r\n"
                    f"Connection: close\r\n\r\n{size}\r\n".encode()
                )
                client.shutdown(socket.SHUT_WR)
                answer = client.recv(4096)
                assert answer == b"" or int(answer.split()[1]) < 500, (head, size, answer)
    for member in ("priority", "max_time_in_queue_seconds"):
        for value in LITERALS:
            answer = requests.post(
                f"http://{host}/production/async_predict", data=f'{{"model_input": {{}}, "{member}": {value}}}',
                headers={"Authorization": f"Api-Key {api.key}"}, timeout=10,
            )  # fmt: skip
            assert answer.status_code == 400 or value == "-0", (member, value, answer.text)
    for member in ("max_attempts", "initial_delay_ms", "max_delay_ms"):
        for value in LITERALS:
            body = f'{{"model_input": 1, "inference_retry_config": {{"{member}": {value}}}}}'
            answer = requests.post(
                f"http://{host}/production/async_predict", data=body,
                headers={"Authorization": f"Api-Key {api.key}"}, timeout=10,
            )  # fmt: skip
            assert answer.status_code == 400 or value == "-0", (member, value, answer.text)
    assert requests.get(f"{MANAGEMENT}/v1/models", headers={"Authorization": f"Api-Key {api.key}"}, timeout=10).ok
