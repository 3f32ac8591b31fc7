"""Requests per second of GET /v1/models/{id}, and how that compares with the cheapest answer there is."""

import asyncio
import sys

from bench import figure, median, scratch, serving, truss_files
from load import Load

REQUESTS = 20_000
ROUNDS = 3


def rate(head):
    load = Load(8000, head)
    asyncio.run(load.run(lambda: load.sent < REQUESTS))
    if load.failures:
        sys.exit(f"{len(load.failures)} requests failed, the first: {load.failures[0]}")
    return load.sent / load.seconds


def main():
    with scratch() as directory, serving(directory) as (_, api):
        # The model need not run for its document to be read, so its build is not waited for.
        model, _ = api.pushed("measured", truss_files("measured"))
        get = (
            f"GET /v1/models/{model} HTTP/1.1\r\nHost: api.localhost:8000\r\n"
            f"Authorization: Api-Key {api.key}\r\n"
        )
        health = "GET /healthz HTTP/1.1\r\nHost: localhost:8000\r\n"
        rounds = [(rate(get), rate(health)) for _ in range(ROUNDS)]
    figure("api_get_model", median([model for model, _ in rounds]), "requests/s")
    figure("api_get_model_to_healthz", median([model / health for model, health in rounds]), "ratio")


main()
