"""Calls the management API, by every address that the server could have for it, with a key that would do."""
import os
import urllib.error
import urllib.request

from attempt import attempt


def call(url, key, data=None):
    request = urllib.request.Request(url, data=data)
    request.add_header("Authorization", f"Api-Key {key}")
    request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except urllib.error.URLError as error:
        raise error.reason if isinstance(error.reason, OSError) else error


def run(target):
    direct = [f"http://{host}:{target['port']}" for host in target["hosts"]]
    paths = ("/v1/models", "/v1/secrets", "/v1/api_keys", "/graphql/", "/metrics", "/openapi.json")
    return {f"{base}{path}": attempt(call, base + path, target["key"])
            for base in [*direct, os.environ["SLIPWAY_INFERENCE_URL"]] for path in paths}


def twin(target):
    """With a key it may call models."""
    url = f"{os.environ['SLIPWAY_INFERENCE_URL']}/model/{target['model']}/production/predict"
    return "works" if call(url, target["key"], b"{}") == 200 else "does not"
