"""The fixture `slipway_server`: one server for all tests of a run. `--slipway-serve` adds an argument of `slipway serve`."""

import pytest

from slipway import testing


def pytest_addoption(parser):
    parser.addoption(
        "--slipway-serve", action="append", default=[], metavar="ARGUMENT",
        help="an argument for the server of the slipway_server fixture, such as --slipway-serve=--isolation=none",
    )  # fmt: skip


@pytest.fixture(scope="session")
def slipway_server(request):
    """A throw-away server (`slipway.testing.Server`)."""
    with testing.server(*request.config.getoption("--slipway-serve")) as server:
        yield server
