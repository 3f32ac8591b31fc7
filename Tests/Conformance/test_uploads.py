"""The S3 subset with the real boto3."""

import hashlib
import io
import os
import tarfile

import boto3
import pytest
import requests
from blake3 import blake3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

from harness import eventually, tar, truss_files


@pytest.fixture
def grant(api):
    return api.get("/v1/blobs/credentials/model")


def client(grant, style="path", **changes):
    creds = {**grant["creds"], **changes}
    return boto3.client(
        "s3", endpoint_url=grant["s3_endpoint_url"], region_name="local",
        config=Config(s3={"addressing_style": style}, retries={"max_attempts": 1}), **creds,
    )  # fmt: skip


def place(grant):
    return {"Bucket": grant["s3_bucket"], "Key": grant["s3_key"]}


@pytest.mark.parametrize("style", ["path", "virtual"])
def test_single_uploads_round_trip(grant, style):
    s3 = client(grant, style)
    data = os.urandom(100_000)
    s3.put_object(**place(grant), Body=data)
    assert s3.get_object(**place(grant))["Body"].read() == data


def test_parallel_multipart_uploads_round_trip(grant, tmp_path):
    data = os.urandom(21 << 20)
    (tmp_path / "big").write_bytes(data)
    s3 = client(grant)
    s3.upload_file(
        str(tmp_path / "big"), grant["s3_bucket"], grant["s3_key"],
        Config=TransferConfig(multipart_threshold=8 << 20, multipart_chunksize=8 << 20, max_concurrency=10),
    )  # fmt: skip
    assert s3.get_object(**place(grant))["Body"].read() == data


def refused(call, code):
    with pytest.raises(ClientError) as caught:
        call()
    assert caught.value.response["Error"]["Code"] == code


def test_wrong_credentials_are_refused(api, grant):
    other = api.get("/v1/blobs/credentials/model")
    for changes, code in (
        ({"aws_secret_access_key": "x" * 40}, "SignatureDoesNotMatch"),
        ({"aws_session_token": other["creds"]["aws_session_token"]}, "InvalidToken"),
    ):
        refused(lambda changes=changes: client(grant, **changes).put_object(**place(grant), Body=b"x"), code)
    refused(lambda: client(grant).put_object(Bucket=grant["s3_bucket"], Key=other["s3_key"], Body=b"x"), "AccessDenied")
    assert requests.put(f"{grant['s3_endpoint_url']}/{grant['s3_bucket']}/{grant['s3_key']}", data=b"x").status_code == 403


def test_a_wrong_checksum_is_refused(grant):
    s3 = client(grant)
    refused(lambda: s3.put_object(**place(grant), Body=b"data", ChecksumCRC32="AAAAAA=="), "BadDigest")
    refused(lambda: s3.get_object(**place(grant)), "NoSuchKey")


def test_the_upload_url_takes_one_put_and_nothing_else(grant):
    assert requests.put(grant["upload_url"], data=b"content").status_code == 200
    assert requests.get(grant["upload_url"]).status_code == 403
    tampered = grant["upload_url"].replace(grant["s3_key"], grant["s3_key"][:-1] + "0")
    assert requests.put(tampered, data=b"x").status_code == 403


def pushed_with_grant(api, name, model):
    """A development deployment, and the grant its archive was uploaded with."""
    grant = api.post("/v1/prepare_model_upload", {"name": name, "deployment": {"config": {"model_name": name}}})
    assert requests.put(grant["upload_url"], data=tar(truss_files(name, model)), timeout=60).status_code == 200
    deployment = {"config": {"model_name": name}, "is_development": True}
    source = {"kind": "model_archive", "name": name, "deployment": deployment, "s3_key": grant["s3_key"]}
    answer = api.call("POST", "/v1/models", json={"source": source})
    assert answer.status_code == 200, answer.text
    made = answer.json()["model"]["id"], answer.json()["deployment"]["id"]
    api.wait(*made, "ACTIVE", seconds=300)
    return grant, *made


SAYS = """
import pathlib

class Model:
    def predict(self, model_input):
        extra = pathlib.Path(__file__).parent / "extra.txt"
        return ["TEXT", extra.read_text() if extra.exists() else None]
"""


def stage_extra(api, path):
    point = api.get(f"{path}/state")["running_patch_point"]
    hashes = point["content_hashes"] | {"model/extra.txt": blake3(b"patched").hexdigest()}
    operation = {"type": "model_code", "action": "ADD", "path": "extra.txt", "content": "patched"}
    next_point = {"content_hashes": hashes, "config": point["config"], "requirements": []}
    body = {"prev_patch_hash": point["hash"], "next_patch_point": next_point, "patch_ops": [operation]}
    return api.call("POST", path, json=body)


def test_what_was_pushed_cannot_be_overwritten(api, server):
    """The grant of an upload ends with its push, so a later patch is one of the code that was pushed."""
    first = SAYS.replace("TEXT", "pushed")
    grant, model, deployment = pushed_with_grant(api, "frozen", first)
    s3, spot = client(grant), place(grant)
    evil = tar(truss_files("frozen", SAYS.replace("TEXT", "overwritten")))
    assert requests.put(grant["upload_url"], data=evil, timeout=10).status_code == 403
    refused(lambda: s3.put_object(**spot, Body=evil), "AccessDenied")
    refused(lambda: s3.create_multipart_upload(**spot), "AccessDenied")
    refused(lambda: s3.get_object(**spot), "AccessDenied")
    path = f"/v1/models/{model}/deployments/{deployment}"
    assert stage_extra(api, f"{path}/patches").status_code == 200
    assert api.post(f"{path}/patches/sync") == {"needs_full_deploy_reason": None}
    eventually(lambda: api.predict(model, "development/predict", json={}).json() == ["pushed", "patched"])
    # The legitimate twin: the archive can be fetched, and a new upload replaces it.
    url = api.get(f"{path}/download")["download_url"]
    with tarfile.open(fileobj=io.BytesIO(requests.get(url, timeout=10).content)) as archive:
        assert "pushed" in archive.extractfile("model/model.py").read().decode()
    assert api.call("DELETE", f"/v1/models/{model}").status_code == 200


def test_an_archive_that_was_changed_on_the_disk_is_not_used(api, server):
    grant, model, deployment = pushed_with_grant(api, "tampered", SAYS.replace("TEXT", "pushed"))
    objects = server.data / "blobs/objects"
    stored = next((objects / hashlib.sha256(grant["s3_key"].encode()).hexdigest()).iterdir())
    data = stored.read_bytes()
    path = f"/v1/models/{model}/deployments/{deployment}"

    def damage():
        stored.write_bytes(data.replace(b'"pushed"', b'"broken"'))

    damage()
    staged = stage_extra(api, f"{path}/patches")
    assert staged.status_code == 400 and "not the one that was pushed" in staged.text, staged.text
    stored.write_bytes(data)
    assert stage_extra(api, f"{path}/patches").status_code == 200
    damage()
    assert "not the one that was pushed" in api.post(f"{path}/patches/sync")["needs_full_deploy_reason"]
    download = api.call("GET", f"{path}/download")
    assert download.status_code == 400 and "not the one that was pushed" in download.json()["message"]
    assert api.predict(model, "development/predict", json={}).json() == ["pushed", None]
    stored.write_bytes(data)
    assert api.post(f"{path}/patches/sync") == {"needs_full_deploy_reason": None}
    eventually(lambda: api.predict(model, "development/predict", json={}).json() == ["pushed", "patched"])
    assert api.call("DELETE", f"/v1/models/{model}").status_code == 200
