"""Names, keys and paths that are more than they seem: each is refused or kept as it is, none leads to another file, to
another line of the server's log, or to a failure."""

import json
import re
import urllib.parse

import pytest
import requests

from harness import API, TOOLS, Server, tar, truss_files

PORT = 18251
MANAGEMENT = f"http://api.localhost:{PORT}"

# As they stand in a path.
SEGMENTS = [
    "..", "%2e%2e", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "..%2f..", "%2f", "a%2fb", "%5c", "..%5c..%5c", "%00", "a%00b",
    "%0d%0aX-Evil:%20a", "%0a", "%1b[31m", "%c0%ae%c0%ae", "%c0%af", "%e0%80%ae", "%ff", "%ed%a0%80", "%zz", "%", "%2",
    "%252e%252e%252f", "%e2%80%ae", "%f0%9f%92%a9", "a" * 3000, "'%20or%201=1--", "%22%3e%3cscript%3e", "{model_id}",
    "%cc%81", "..%2f%cc%81", "-1", "null", "*", "~", ";", "a;b=c",
]  # fmt: skip
# As texts, and what may become of them.
TEXTS = [
    "../../etc/passwd", "a/b", "a\\b", "a\0b", "a\nb", "a\r\nX-Evil: b", "\x1b[31mred", "\u202eabc", "\u2028line", "a\u0000",
    "\x7f", "\ud83d", "", " ", ".", "..", "-", "a" * 100_000, "'; drop table models; --", "<script>", "${HOME}", "%n%s",
    "..\u0301", "../\u0301x", "\ufeffa", "a\u200bb",
]  # fmt: skip


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    server = Server(
        tmp_path_factory.mktemp("names") / "data", port=PORT, inference_port=0, arguments=(*TOOLS, "--log-level", "debug")
    ).start()
    yield server
    assert server.stop() == 0, server.log.read_text()[-4000:]


@pytest.fixture(scope="module")
def here(running):
    return API(running.key, MANAGEMENT)


@pytest.fixture(scope="module")
def model(here):
    made = here.push("names", truss_files("names"))
    assert made.status_code == 200, made.text
    return made.json()["model"]["id"]


def raw(method, url, **options):
    """Sends the path as it is written."""
    session = requests.Session()
    request = session.prepare_request(requests.Request(method, url.split("/", 3)[0] + "//" + url.split("/")[2], **options))
    request.url = url
    return session.send(request, timeout=30, allow_redirects=False)


def test_no_segment_of_a_path_is_more_than_a_name(running, here, model):
    headers = {"Authorization": f"Api-Key {running.key}"}
    document = requests.get(f"http://localhost:{PORT}/openapi.json", timeout=10).json()
    asked = 0
    for path, operations in document["paths"].items():
        if not path.startswith("/v1/") or "{" not in path:
            continue
        method = "get" if "get" in operations else "post" if "post" in operations else "delete"
        for segment in SEGMENTS:
            # The last parameter is the hostile one.
            start, _, rest = path.rpartition("{")
            filled = start.replace("{model_id}", model) + segment + rest.partition("}")[2]
            filled = re.sub(r"{\w+}", "unknown", filled)
            answer = raw(method.upper(), MANAGEMENT + filled, headers=headers)
            asked += 1
            assert 400 <= answer.status_code < 500 or segment == "..", (method, filled, answer.status_code, answer.text)
            assert answer.status_code < 500, (method, filled, answer.text)
            assert "X-Evil" not in answer.headers
            if answer.status_code != 200:
                assert set(answer.json()) >= {"code", "message"}, answer.text
    assert asked > 1000


def test_names_of_all_kinds_are_refused_or_kept_as_they_are(here, model):
    for text in TEXTS:
        calls = [
            ("POST", "/v1/secrets", {"name": text, "value": "v"}),
            ("POST", f"/v1/models/{model}/environments", {"name": text}),
            ("POST", "/v1/api_keys", {"type": "PERSONAL", "name": text}),
            ("POST", "/v1/prepare_model_upload", {"name": text, "deployment": {"config": {"model_name": text}}}),
            ("POST", "/v1/webhook_secrets", {"name": text}),
        ]
        for method, path, body in calls:
            # Not `json=`: half a surrogate pair has to arrive as the escape that it is.
            answer = here.call(
                method, path, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"})
            assert answer.status_code in (200, 400, 404, 413), (path, text[:40], answer.status_code, answer.text[:300])
            if answer.status_code == 200 and path.endswith(("secrets", "environments")) and "name" in answer.json():
                assert answer.json()["name"] == text
    # What was taken can be listed, and taken away by its name.
    for secret in here.get("/v1/secrets")["secrets"]:
        name = urllib.parse.quote(secret["name"], safe="")
        assert here.call("DELETE", f"/v1/secrets/{name}").status_code == 200, secret


def test_archives_with_hostile_names_are_refused_as_the_users_mistake(here):
    for name in ["../evil", "/etc/evil", "a\nb", "..\x00", "../\u0301evil", "model/../../evil"]:
        files = {**truss_files("archives"), name: "x"}
        answer = here.push("archives", files)
        # The config alone is read at once; the build is where the rest is.
        assert answer.status_code in (200, 400), answer.text
        if answer.status_code == 200:
            ids = answer.json()["model"]["id"], answer.json()["deployment"]["id"]
            here.wait(*ids, "BUILD_FAILED")
            assert "refused" in here.logs(*ids)


@pytest.mark.parametrize("config", ["~", "null", "!!aa", "- a", "a: *b", "a: 9223372036854775807:59", "\0", "[" * 100_000])
def test_configs_that_are_none_are_refused_and_the_server_goes_on(running, here, config):
    files = {**truss_files("configs"), "config.yaml": config}
    key = here.upload(tar(files))
    source = {"kind": "model_archive", "name": "configs", "deployment": {"config": {}}, "s3_key": key}
    answer = here.call("POST", "/v1/models", json={"source": source})
    assert answer.status_code in (200, 400), answer.text
    assert running.answers()


def upload_url(here):
    grant = here.post("/v1/prepare_model_upload", {"name": "u", "deployment": {"config": {"model_name": "u"}}})
    return grant["upload_url"]


def stored(running):
    """Not of all the server's files: those of a build under way come and go."""
    files = {file for file in (running.data / "blobs").rglob("*") if file.is_file()}
    assert files, "there is an archive at least"
    return files


def test_presigned_urls_are_good_for_what_was_signed_alone(running, here):
    url = upload_url(here)
    start, _, query = url.partition("?")
    host, path = start[: start.index("/", 8)], start[start.index("/", 8) :]
    bucket, key = path.split("/", 2)[1:]
    before = stored(running)
    for other in [
        f"/{bucket}/../{key}", f"/{bucket}/..%2f{key}", f"/{bucket}/%2e%2e/%2e%2e/etc/passwd", f"/{bucket}/{key}%00",
        f"/{bucket}/{key}/", f"/{bucket}/{key}x", f"/{bucket}//{key}", f"/{bucket}/./{key}", f"/{bucket}/{key}%2f..",
        f"/{bucket}/%c0%ae%c0%ae/{key}", f"/{bucket}/{key}%0d%0aX-Evil:a", f"/other/{key}", f"/{bucket}/",
        f"/{bucket.upper()}/{key}", f"/{bucket}/{urllib.parse.quote(key, safe='').replace('%', '%25')}",
    ]:  # fmt: skip
        answer = raw("PUT", f"{host}{other}?{query}", data=b"x")
        assert answer.status_code in (400, 403, 404, 501), (other, answer.status_code, answer.text)
        assert "X-Evil" not in answer.headers
    signature = re.search(r"X-Amz-Signature=([0-9a-f]{64})", query).group(1)
    for place in (0, 31, 63):
        near = signature[:place] + ("0" if signature[place] != "0" else "1") + signature[place + 1 :]
        answer = raw("PUT", f"{start}?{query.replace(signature, near)}", data=b"x")
        assert answer.status_code == 403 and "SignatureDoesNotMatch" in answer.text
    for near in (signature[:-1], signature + "0", signature.upper(), ""):
        answer = raw("PUT", f"{start}?{query.replace(signature, near)}", data=b"x")
        assert answer.status_code in (400, 403), answer.text
    after = stored(running)
    assert after <= before
    assert raw("PUT", url, data=b"x").status_code == 200


def test_keys_that_are_nearly_right_are_wrong(running, model):
    key = running.key
    prefix, secret = key.split(".")
    near = [
        key[:-1], key + "a", key[:-1] + ("a" if key[-1] != "a" else "b"), prefix + "." + secret.swapcase(), prefix, secret,
        "." + secret, prefix + ".", prefix + secret, key + "." + secret, key.upper(), f"{key}\t{key}", f'"{key}"',
    ]  # fmt: skip
    for wrong in near:
        for scheme in ("Api-Key", "Bearer"):
            headers = {"Authorization": f"{scheme} {wrong}"}
            assert requests.get(f"{MANAGEMENT}/v1/models", headers=headers, timeout=10).status_code == 401, wrong
            url = f"http://model-{model}.api.localhost:{PORT}/production/predict"
            assert requests.post(url, headers=headers, json={}, timeout=10).status_code == 401, wrong


def test_every_line_of_the_log_is_the_servers_own(running, here, model):
    # After all that has happened here; the paths and names were in its debug lines too.
    headers = {"Authorization": f"Api-Key {running.key}", "User-Agent": "a\x1b[31m/1", "X-Baseten-Request-Id": "evil"}
    for target in ("/%0a2026-01-01T00:00:00+0000 error forged", "/production/predict%0aforged"):
        raw("POST", f"http://model-{model}.api.localhost:{PORT}{urllib.parse.quote(target, safe='/%:+')}", headers=headers)
    log = running.log.read_bytes()
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", log)
    assert "\u202e" not in log.decode() and "\u2028" not in log.decode()
    event = r"\d{4}-\d\d-\d\dT[\d:]+[+-]\d{4} (trace|debug|info|notice|warning|error|critical) "
    for line in log.decode().splitlines():
        assert re.match(rf"{event}|Slipway [\d.]+ serves |admin API key ", line), line
