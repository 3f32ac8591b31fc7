"""One running server for the whole session, and the ways the tests reach it.

The official client talks to http://localhost:8000 and nowhere else, so the server takes the ports 8000 and 9090.
"""

import pathlib
import socket
import tempfile

import pytest

from harness import API, Client, Server, discard, eventually, truss_files


def pytest_addoption(parser):
    parser.addoption(
        "--lane", choices=("shared", "own"),
        help="only the tests of the session's server, with some others; or only those that start servers of their own",
    )  # fmt: skip


# With these, the session's server takes as long as the others.
BESIDE = ("test_hostile_builds", "test_schemathesis", "test_walls_removed")
# These load the machine themselves.
LAST = ("test_crash", "test_faults", "test_upgrade")


def pytest_collection_modifyitems(config, items):
    """Two runs, one of each lane, can go beside each other: they share no port and no directory."""
    lane = config.getoption("--lane")
    if not lane:
        return
    shared = [item for item in items if uses_the_server(item) or item.path.stem in BESIDE]
    own = [item for item in items if item not in shared]
    items[:], left_out = (shared, own) if lane == "shared" else (own, shared)
    config.hook.pytest_deselected(items=left_out)
    # The longest first; what loads the machine last, when the other lane is over or near its end.
    items.sort(key=lambda item: (item.path.stem in LAST) - (item.path.stem in BESIDE))


def uses_the_server(item):
    """Some files have a fixture of that name for a server of their own."""
    return "server" in item.fixturenames and not hasattr(item.module, "server")


@pytest.fixture(scope="session")
def scratch():
    # Not below pytest's own directory: a replica's user must be able to reach it in plain mode too.
    directory = pathlib.Path(tempfile.mkdtemp(prefix="slipway-conformance-"))
    yield directory
    discard(directory)


@pytest.fixture(scope="session")
def server(scratch):
    for port in (8000, 9090):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                pytest.exit(f"port {port} is taken; these tests need it", returncode=3)
    running = Server(scratch / "data").start()
    # It makes its own build tools, and pushes wait for them only so long.
    check = {"name": "tools", "dry_run": True, "deployment": {"config": {"model_name": "tools"}}}
    ask = lambda: API(running.key).call("POST", "/v1/prepare_model_upload", json=check).status_code  # noqa: E731
    eventually(lambda: ask() == 200, seconds=600, what=lambda: running.log.read_text())
    yield running
    code = running.stop()
    assert code == 0, running.log.read_text()[-4000:]


@pytest.fixture(scope="session")
def api(server):
    return API(server.key)


@pytest.fixture(scope="session")
def truss(scratch, server):
    return Client(scratch / "home", server.key)


@pytest.fixture(scope="session")
def echo(api):
    """A published echo model in production: (model id, deployment id)."""
    model, deployment = api.pushed("echo", truss_files("echo"))
    eventually(lambda: api.get(f"/v1/models/{model}")["production_deployment_id"] == deployment)
    return model, deployment
