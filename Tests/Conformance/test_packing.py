"""`slipway push` packs a Truss as the official client does."""

import contextlib
import http.server
import io
import json
import os
import pathlib
import random
import subprocess
import tarfile
import threading

import pytest
import yaml
from harness import BINARY, eventually, write_truss
from truss.base.truss_config import TrussConfig
from truss.remote.baseten.core import archive_dir
from truss.truss_handle.truss_handle import TrussHandle

TREES = 30
NAMES = [
    "a", "b.py", "c.pyc", "lib", "build", ".env", ".venv", "__pycache__", "data.bin", "x.log", "docs", "_build", "model.py", "keep.txt",
    ".git", "wheels", "env", "é.txt", "a b", "f7.py", "Target", "target", ".DS_Store", "x.egg-info", "n.ipynb", "[odd]",
]  # fmt: skip
RULES = [
    "*.log", "/a", "a/", "build/", "!build/keep.txt", "**/a", "a/**", "docs/_build/", "a/**/a", "*", "!*.py", "!config.yaml", "!model", "!*/",
    "f[0-9].py", "f[!0-9].py", "# a", "  b.py  ", "\\[odd\\]", "[odd]", "x.*", "?.py", "lib/*", "!lib/a", "a b", "é*", "/data.bin", "*/", "**",
    "!keep.txt", "env", ".*", "!.truss_ignore", "a/b.py", "[a-c]*",
]  # fmt: skip


def plant(root, chance, depth=0):
    """Random files and directories; returns their paths relative to the root."""
    made = []
    for name in chance.sample(NAMES, chance.randint(1, 7)):
        path = root / name
        if depth < 3 and chance.random() < 0.4 and not path.is_file():
            path.mkdir(exist_ok=True)
            plant(path, chance, depth + 1)
        elif not path.exists():
            path.write_bytes(chance.randbytes(chance.choice([0, 1, 511, 512, 5000])))
            path.chmod(chance.choice([0o644, 0o755]))
            made.append(path)
    return made


def tree(root, chance):
    root.mkdir()
    config = "# a comment\nmodel_name: packed\n"
    gathers = chance.random() < 0.3
    if gathers:
        (root.parent / (root.name + "-shared")).mkdir()
        plant(root.parent / (root.name + "-shared"), chance)
        config += f"external_package_dirs:\n# shared with others\n- ../{root.name}-shared\nrequirements: []\n"
    write_truss(root, "packed")
    (root / "config.yaml").write_text(config)
    made = plant(root, chance)
    plant(root / "model", chance)
    if made and not gathers and chance.random() < 0.5:
        (root / "model" / "link.py").symlink_to(os.path.relpath(chance.choice(made), root / "model"))
        (root / "linked").symlink_to("model")
    if chance.random() < 0.6:
        (root / ".truss_ignore").write_text("\n".join(chance.sample(RULES, chance.randint(1, 6))) + "\n")
    return gathers


def entries(data):
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {
            entry.name: (entry.linkname, None) if entry.issym() else (archive.extractfile(entry).read(), entry.mode & 0o100)
            for entry in archive
        }


class Desk(http.server.BaseHTTPRequestHandler):
    """Answers a push like a server and keeps what was uploaded."""

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        url = f"http://127.0.0.1:{self.server.server_port}/upload"
        made = {"model": {"id": "m"}, "deployment": {"id": "d", "name": "n", "status": "BUILDING"}}
        answer = {"s3_key": "k", "upload_url": url} if self.path.endswith("upload") else made
        self.reply(json.dumps(answer).encode())

    def do_PUT(self):
        self.server.uploaded = self.rfile.read(int(self.headers["content-length"]))
        self.reply(b"")

    def reply(self, body):
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def desk():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Desk)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


def push(desk, directory, *options):
    """The archive that our client uploads, or what it says instead."""
    desk.uploaded = None
    environment = {**os.environ, "SLIPWAY_API_KEY": "key", "SLIPWAY_REMOTE": f"http://127.0.0.1:{desk.server_port}"}
    done = subprocess.run(
        [str(BINARY), "push", str(directory), *options], env=environment, capture_output=True, text=True, timeout=60
    )
    return (entries(desk.uploaded) if desk.uploaded is not None else None), done


def official(directory, gathers):
    with contextlib.redirect_stderr(io.StringIO()):
        packed = pathlib.Path(TrussHandle(directory).gather()) if gathers else directory
        with archive_dir(packed) as file:
            return entries(pathlib.Path(file.name).read_bytes())


def test_archives_are_those_of_the_official_packer(desk, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    chance = random.Random(7)
    compared = gathered = links = 0
    for number in range(TREES):
        directory = tmp_path / f"tree{number}"
        gathers = tree(directory, chance)
        expected = official(directory, gathers)
        ours, done = push(desk, directory)
        if ours is None:
            # Archives that the server would not take: without a config, or with a link to what is not in them.
            said = done.stdout + done.stderr
            lost = [name for name, (link, _) in expected.items() if name == "model/link.py"]
            assert "config.yaml" not in expected or ("which is not packed" in said and lost), (number, said)
            continue
        if gathers:
            texts = [one.pop("config.yaml")[0] for one in (expected, ours)]
            theirs, own = (TrussConfig.from_dict(yaml.safe_load(text)).to_dict(verbose=True) for text in texts)
            assert theirs == own and own["external_package_dirs"] == [], number
            assert texts[1].startswith(b"# a comment\n")
        assert ours == expected, (number, ours.keys() ^ expected.keys())
        compared += 1
        gathered += gathers
        links += "model/link.py" in expected
    assert compared > TREES / 2 and gathered > 3 and links > 3, (compared, gathered, links)


def test_a_dry_run_lists_files_and_sizes(desk, tmp_path):
    directory = write_truss(tmp_path / "listed", "listed")
    (directory / ".env").write_text("TOKEN=s3cret")
    (directory / "data").mkdir()
    (directory / "data" / "weights").write_bytes(b"x" * 3000)
    ours, done = push(desk, directory, "--dry-run")
    assert ours is None and done.returncode == 0, done.stderr
    listed = [line.split() for line in done.stdout.splitlines()]
    assert ["2.9", "KiB", "data/weights"] in listed and "nothing was pushed" in done.stdout
    assert ".env" not in done.stdout and f"{4} files" in done.stdout, done.stdout


def test_private_files_that_a_list_of_its_own_lets_in_are_warned_about(desk, tmp_path):
    directory = write_truss(tmp_path / "private", "private")
    (directory / ".env").write_text("TOKEN=s3cret")
    (directory / ".truss_ignore").write_text("*.log\n")
    _, done = push(desk, directory, "--dry-run")
    assert done.returncode == 0 and ".env is packed; add it to .truss_ignore" in done.stderr, (done.stdout, done.stderr)


@pytest.mark.parametrize(
    "change, expected",
    [
        (lambda at: (at / "config.yaml").rename(at / "config.yml"), "rename it to config.yaml"),
        (lambda at: (at / "config.yaml").unlink(), "is no Truss"),
        (lambda at: (at / "model" / "out").symlink_to("/etc/passwd"), "model/out is a link to /etc/passwd: only relative"),
        (lambda at: (at / "model" / "out").symlink_to(os.path.relpath("/etc/passwd", at / "model")), "lies outside of the Truss"),
        (lambda at: (at / "model" / "out").symlink_to("nothing"), "which is not there"),
        (lambda at: (at / ".truss_ignore").write_text("*.yaml\n"), ".truss_ignore leaves config.yaml out"),
        (lambda at: os.mkfifo(at / "model" / "pipe"), "model/pipe is neither a file"),
        (lambda at: (at / "config.yaml").write_text("model_name: x\nrequirements_file: ./reqs.txt\n"), "requirements_file: ./reqs.txt is not among"),
        (lambda at: (at / "config.yaml").write_text("model_name: x\nexternal_package_dirs: [../none]\n"), "../none is not a directory"),
    ],
)  # fmt: skip
def test_what_cannot_be_packed_is_told_before_anything_is_sent(desk, tmp_path, change, expected):
    directory = write_truss(tmp_path / "bad", "bad")
    change(directory)
    ours, done = push(desk, directory)
    assert ours is None and done.returncode != 0 and expected in done.stderr, done.stderr


def test_ids_come_first_and_the_build_log_while_it_is_written(api, server, scratch):
    config = "build_commands:\n- echo before the gate\n- sleep 3; echo behind it; seq -f burst-%g 3000\n"
    directory = write_truss(scratch / "live", "live", config=config)
    environment = {**os.environ, "SLIPWAY_DATA_DIR": str(server.data)}
    process = subprocess.Popen(
        [str(BINARY), "push", str(directory), "--wait"], env=environment, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    first = process.stdout.readline().split()
    assert first[0] == "model" and first[2] == "deployment", first
    model, deployment = first[1], first[3]
    seen = []
    for line in process.stdout:
        seen.append(line.strip())
        if "before the gate" in line and "Running" not in line:
            # It came through the pipe while the build goes on.
            assert api.deployment(model, deployment)["status"] == "BUILDING"
    assert process.wait(timeout=60) == 0 and seen[-1] == "ACTIVE", seen
    assert "before the gate" in seen and "behind it" in seen
    assert len(seen) == len([line for line in seen if line]) and seen.count("behind it") == 1
    # More at once than one answer holds.
    assert [line for line in seen if line.startswith("burst-")] == [f"burst-{i}" for i in range(1, 3001)]
    assert eventually(lambda: api.deployment(model, deployment)["status"] == "ACTIVE")
