"""The S3 subset with the real boto3."""

import os

import boto3
import pytest
import requests
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError


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
