"""TLS, HTTP/2 and WebSocket in front of a model, by clients of their own."""

import asyncio
import concurrent.futures
import json
import socket
import ssl
import subprocess
import time

import grpc
import h2.config
import h2.connection
import h2.events
import httpx
import pytest
import requests
import websockets.exceptions
import websockets.sync.client
from harness import API, TOOLS, Server, eventually, truss_files

MODEL = """
import time

class Model:
    def predict(self, model_input):
        if model_input.get("pieces"):
            def pieces():
                for number in range(model_input["pieces"]):
                    time.sleep(0.05)
                    yield f"piece {number};"
            return pieces()
        return {"length": len(model_input.get("text", ""))}
"""

TALKER = """
class Model:
    async def websocket(self, websocket):
        while True:
            text = await websocket.receive_text()
            if text.startswith("close "):
                await websocket.close(code=int(text.split()[1]), reason="as asked")
                return
            await websocket.send_text(f"you said {text}")
"""


def certificate(directory, name):
    """A self-signed certificate for localhost names, in the files the server reads."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-days", "2", "-subj", f"/CN={name}", "-addext",
         "subjectAltName=DNS:localhost,DNS:api.localhost,DNS:*.api.localhost",
         "-keyout", directory / "next.key", "-out", directory / "next.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    (directory / "next.key").rename(directory / "tls.key")
    (directory / "next.pem").rename(directory / "tls.pem")


@pytest.fixture(scope="module")
def secure(tmp_path_factory):
    directory = tmp_path_factory.mktemp("tls")
    certificate(directory, "first")
    server = Server(
        directory / "data", port=8010, inference_port=9091,
        arguments=[*TOOLS, "--tls-port", "8443", "--tls-certificate", str(directory / "tls.pem"), "--tls-key",
                   str(directory / "tls.key")],
    ).start()  # fmt: skip
    try:
        server.directory = directory
        server.api = API(server.key, "http://api.localhost:8010")
        server.model = in_production(server.api, "protocols", MODEL)
        server.talker = in_production(server.api, "talker", TALKER)
        yield server
    finally:
        server.stop()


def in_production(api, name, model):
    made, deployment = api.pushed(name, truss_files(name, model=model))
    eventually(lambda: api.get(f"/v1/models/{made}")["production_deployment_id"] == deployment)
    return made


def context(server):
    return ssl.create_default_context(cafile=str(server.directory / "tls.pem"))


def headers(server):
    return {"Authorization": f"Api-Key {server.key}"}


def test_https_1_1(secure):
    url = f"https://model-{secure.model}.api.localhost:8443/production/predict"
    session = requests.Session()
    session.trust_env = False
    session.verify = str(secure.directory / "tls.pem")
    for _ in range(3):
        answer = session.post(url, json={"text": "abc"}, headers=headers(secure), timeout=30)
        assert (answer.status_code, answer.json()) == (200, {"length": 3})
    large = session.post(url, json={"text": "x" * 5_000_000}, headers=headers(secure), timeout=30)
    assert large.json() == {"length": 5_000_000}
    assert session.post(url, json={}, timeout=30).status_code == 401
    assert session.get("https://localhost:8443/healthz", timeout=30).status_code == 200
    streamed = session.post(url, json={"pieces": 3}, headers=headers(secure), timeout=30)
    assert streamed.text == "piece 0;piece 1;piece 2;"


@pytest.mark.parametrize("plain", [False, True])
def test_http_2(secure, plain):
    port = "http://{}:8010" if plain else "https://{}:8443"
    url = port.format(f"model-{secure.model}.api.localhost") + "/production/predict"
    with httpx.Client(
        http1=not plain, http2=True, verify=context(secure), headers=headers(secure), timeout=30
    ) as client:
        answer = client.post(url, json={"text": "abc"})
        assert (answer.http_version, answer.status_code) == ("HTTP/2", 200)
        assert answer.json() == {"length": 3}
        assert answer.headers["x-baseten-request-id"]
        assert client.post(url, json={"text": "x" * 5_000_000}).json() == {"length": 5_000_000}
        with client.stream("POST", url, json={"pieces": 4}) as streamed:
            pieces = list(streamed.iter_text())
        assert "".join(pieces) == "piece 0;piece 1;piece 2;piece 3;"
        assert len(pieces) == 4
        assert client.post(url, content=b"{", headers={"content-type": "application/json"}).status_code == 400
        assert client.get(url).status_code == 405
        management = client.get(port.format("api.localhost") + f"/v1/models/{secure.model}")
        assert management.json()["id"] == secure.model

    async def at_once():
        async with httpx.AsyncClient(
            http1=not plain, http2=True, verify=context(secure), headers=headers(secure), timeout=30
        ) as many:
            posts = (many.post(url, json={"text": "x" * number}) for number in range(64))
            return [answer.json() for answer in await asyncio.gather(*posts)]

    assert asyncio.run(at_once()) == [{"length": number} for number in range(64)]


def raw_http_2(fields, port=8010):
    """The status of one request with exactly these fields; None for a stream that is reset."""
    config = h2.config.H2Configuration(validate_outbound_headers=False, normalize_outbound_headers=False)
    connection = h2.connection.H2Connection(config=config)
    connection.initiate_connection()
    connection.send_headers(1, fields, end_stream=True)
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(connection.data_to_send())
        while data := client.recv(65536):
            for event in connection.receive_data(data):
                if isinstance(event, h2.events.ResponseReceived):
                    return int(dict(event.headers)[b":status"])
                if isinstance(event, (h2.events.StreamReset, h2.events.ConnectionTerminated)):
                    return None
    return None


def test_http_2_has_one_host(secure):
    """The authority decides where a request goes; another host beside it is refused, and a host alone will do."""
    start = [(":method", "GET"), (":scheme", "http"), (":path", "/v1/models")]
    key = [("authorization", f"Api-Key {secure.key}")]
    api, model = "api.localhost:8010", f"model-{secure.model}.api.localhost:8010"
    for given, status in (
        ([(":authority", api)], 200), ([(":authority", api), ("host", api)], 200), ([("host", api)], 200),
        ([(":authority", api), ("host", model)], 400), ([(":authority", model), ("host", api)], 400),
        ([(":authority", api), ("host", api), ("host", model)], 400), ([], 400),
        ([("host", api), ("host", api)], 400), ([(":authority", model)], 404),
    ):  # fmt: skip
        fields = start + [pair for pair in given if pair[0] == ":authority"] + key
        fields += [pair for pair in given if pair[0] == "host"]
        assert raw_http_2(fields) == status, given


def served_certificate():
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", 8443)) as plain:
        with trusting.wrap_socket(plain, server_hostname="localhost") as connection:
            return connection.getpeercert(True)


def test_a_new_certificate_is_taken_without_a_restart(secure):
    before = served_certificate()
    (secure.directory / "tls.key").write_text("not a key")
    time.sleep(1.2)
    assert served_certificate() == before
    certificate(secure.directory, "second")
    eventually(lambda: served_certificate() != before, seconds=10)
    trusted = str(secure.directory / "tls.pem")
    assert requests.get("https://localhost:8443/healthz", verify=trusted, timeout=10).ok


@pytest.mark.parametrize("secured", [False, True])
def test_websocket(secure, secured):
    scheme = "wss" if secured else "ws"
    port = 8443 if secured else 8010
    url = f"{scheme}://model-{secure.talker}.api.localhost:{port}/environments/production/websocket"
    options = {"ssl": context(secure)} if secured else {}

    def connect(**extra):
        return websockets.sync.client.connect(url, additional_headers=headers(secure), **options, **extra)

    with connect() as connection:
        connection.send("hello")
        assert connection.recv() == "you said hello"
        connection.send("x" * 500_000)
        assert len(connection.recv()) == 500_000 + len("you said ")
    for code in (1000, 1001, 1011, 1013, 4321):
        with connect() as connection:
            connection.send(f"close {code}")
            with pytest.raises(websockets.exceptions.ConnectionClosed) as closed:
                connection.recv()
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (code, "as asked")
    with pytest.raises(websockets.exceptions.InvalidStatus) as refused:
        websockets.sync.client.connect(url, **options)
    assert refused.value.response.status_code == 401
    plain = requests.get(
        f"http://model-{secure.talker}.api.localhost:8010/environments/production/websocket",
        headers=headers(secure), timeout=10,
    )  # fmt: skip
    assert plain.status_code == 426 and json.loads(plain.text)["error"]


# A gRPC server of the user's own, without generated code: messages are plain bytes.
GRPC_SERVER = """
import concurrent.futures
import time

import grpc


def upper(request, context):
    if request == b"fail":
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "as asked: 100 %")
    context.set_trailing_metadata([("seen-key", str("authorization" in dict(context.invocation_metadata())))])
    return request.upper()


def echo(requests, context):
    for number, request in enumerate(requests):
        yield b"%d:%s" % (number, request)


def health(request, context):
    return b"\\x08\\x01"


def method(kind, function):
    return getattr(grpc, kind + "_rpc_method_handler")(function)


server = grpc.server(concurrent.futures.ThreadPoolExecutor(8))
server.add_generic_rpc_handlers([
    grpc.method_handlers_generic_handler("text.Text", {
        "Upper": method("unary_unary", upper), "Echo": method("stream_stream", echo),
    }),
    grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": method("unary_unary", health)}),
])
server.add_insecure_port("127.0.0.1:50051")
server.start()
server.wait_for_termination()
"""

GRPC_CONFIG = """
model_name: {name}
python_version: py311
requirements: [grpcio==1.85.1]
runtime:
  transport:
    kind: grpc
docker_server:
  start_command: python /app/data/server.py
  server_port: 50051
  predict_endpoint: /
  readiness_endpoint: /
  liveness_endpoint: /
"""


def test_grpc(secure):
    files = {"config.yaml": GRPC_CONFIG.format(name="caller"), "data/server.py": GRPC_SERVER}
    model, deployment = secure.api.pushed("caller", files)
    eventually(lambda: secure.api.get(f"/v1/models/{model}")["production_deployment_id"] == deployment)
    roots = (secure.directory / "tls.pem").read_bytes()
    authorization = ("baseten-authorization", f"Api-Key {secure.key}")

    def channel(target):
        if target.endswith("8443"):
            options = [("grpc.ssl_target_name_override", "localhost")]
            return grpc.secure_channel("localhost:8443", grpc.ssl_channel_credentials(roots), options)
        return grpc.insecure_channel("localhost:8010", [("grpc.default_authority", f"model-{model}.grpc.localhost")])

    for target in ("h2c:8010", "tls:8443"):
        metadata = [authorization]
        if target == "tls:8443":
            metadata.append(("baseten-model-id", f"model-{model}"))
        with channel(target) as calls:
            upper = calls.unary_unary("/text.Text/Upper")
            answer, call = upper.with_call(b"hello", metadata=metadata, timeout=20)
            assert answer == b"HELLO"
            trailers = dict(call.trailing_metadata())
            assert trailers["seen-key"] == "False" and trailers["x-baseten-request-id"]
            assert len(upper(b"x" * 3_000_000, metadata=metadata, timeout=20)) == 3_000_000
            echoed = calls.stream_stream("/text.Text/Echo")(
                iter([b"a", b"b", b"c"]), metadata=metadata, timeout=20
            )
            assert list(echoed) == [b"0:a", b"1:b", b"2:c"]
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                words = [f"word {n}".encode() for n in range(40)]
                answers = list(pool.map(lambda w: upper(w, metadata=metadata, timeout=20), words))
            assert answers == [word.upper() for word in words]

            def status(request=b"x", **extra):
                with pytest.raises(grpc.RpcError) as failed:
                    upper(request, timeout=20, metadata=extra.get("metadata", metadata))
                return failed.value.code(), failed.value.details()

            assert status(b"fail") == (grpc.StatusCode.FAILED_PRECONDITION, "as asked: 100 %")
            wrong = [("baseten-authorization", "Api-Key wrong"), *metadata[1:]]
            assert status(metadata=wrong)[0] == grpc.StatusCode.UNAUTHENTICATED
            staging = [*metadata, ("x-baseten-environment", "staging")]
            assert status(metadata=staging)[0] == grpc.StatusCode.NOT_FOUND
            assert upper(b"y", metadata=[*metadata, ("x-baseten-deployment", deployment)], timeout=20) == b"Y"
    secure.api.post(f"/v1/models/{model}/deployments/{deployment}/deactivate")
    secure.api.wait(model, deployment, "INACTIVE")
    with channel("h2c:8010") as calls, pytest.raises(grpc.RpcError) as gone:
        calls.unary_unary("/text.Text/Upper")(b"x", metadata=[authorization], timeout=20)
    assert gone.value.code() == grpc.StatusCode.NOT_FOUND
