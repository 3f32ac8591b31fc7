"""Paths and requirements in a config that lead elsewhere are refused at push, at the dry run too, with key and line; and
no build is left that tries."""

import io
import re
import tarfile

import pytest
import yaml
from harness import tar, truss_files
from hostile.builds import MODEL, PORTS, TRUSSES, Place, build_log, kinds, visited

CONFIGS = sorted(path.name for path in TRUSSES.glob("config-*"))


@pytest.fixture(scope="module", params=["root", "user"])
def place(request):
    if request.param not in kinds():
        pytest.skip(f"no server of the kind {request.param} can be started here")
    with Place(request.param, PORTS[request.param] + 1) as made:
        yield made


def files_of(name, place):
    files = {path.name: path.read_text().replace("DATA", str(place.data)) for path in (TRUSSES / name).iterdir()}
    return files | {"model/model.py": MODEL, "model/__init__.py": ""}


@pytest.mark.parametrize("name", CONFIGS)
def test_a_config_that_leads_elsewhere_is_refused_with_key_and_line(place, name):
    files = files_of(name, place)
    expected = re.match(r"# refused: (.*)", files["config.yaml"])[1]
    models = place.api.get("/v1/models")["models"]
    answer = place.api.push("hostile", files)
    assert answer.status_code == 400, answer.text
    assert expected in answer.json()["message"], answer.text
    # Neither the file that it names nor what it would have read.
    assert "root:" not in answer.text and place.key not in answer.text
    assert place.api.get("/v1/models")["models"] == models
    if "requirements.txt" not in files:
        assert not dry_run(place, files["config.yaml"]), "the dry run takes it"


def dry_run(place, config):
    """Whether the check before an upload accepts a config."""
    answer = place.api.call("POST", "/v1/prepare_model_upload", json={
        "name": "hostile", "dry_run": True, "deployment": {"config": yaml.safe_load(config)},
    })  # fmt: skip
    return answer.status_code == 200


LINKS = {
    "data": ("data_dir: data\n", "data", "/etc"), "climbing": ("data_dir: data\n", "data", "../../../../../etc"),
    "packages": ("bundled_packages_dir: p\n", "p", "/root"), "model": ("model_module_dir: m\n", "m", "/etc"),
}  # fmt: skip


@pytest.mark.parametrize("name", LINKS)
def test_a_link_of_the_archive_that_leads_out_is_refused_with_the_key_that_names_it(place, name):
    line, link, target = LINKS[name]
    buffer = io.BytesIO(tar(truss_files("linked", model=MODEL, config=line)))
    with tarfile.open(fileobj=buffer, mode="a") as archive:
        entry = tarfile.TarInfo(link)
        entry.type, entry.linkname = tarfile.SYMTYPE, target
        archive.addfile(entry)
    answer = place.api.push("linked", buffer.getvalue())
    assert answer.status_code == 400, answer.text
    assert f"{line.split(':')[0]} (line 3" in answer.json()["message"], answer.text


def test_a_config_with_paths_of_its_own_works(place):
    files = truss_files("paths", model=MODEL, config="""
        data_dir: my/data
        bundled_packages_dir: my-packages
        model_module_dir: ./model
        model_class_filename: main.py
        requirements_file: needs/requirements.txt
    """)  # fmt: skip
    del files["model/model.py"]
    files |= {
        "my/data/word": "found", "my-packages/own.py": "WORD = 'own'", "needs/requirements.txt": "# none\nsix>=1.16\n",
        "model/main.py": """
import own, six
class Model:
    def predict(self, x):
        return [open("/app/data/word").read(), own.WORD, six.__name__]
""",
    }  # fmt: skip
    model, _ = place.api.pushed("paths", files)
    assert visited(place, model, {}) == ["found", "own", "six"]


def test_the_servers_files_keep_their_owner_and_number_of_names(place):
    """Whatever was pushed above: nothing of the server was linked, given away or left in the making."""
    for path in [place.data / "admin-api-key", *place.data.glob("*.sqlite")]:
        status = path.stat()
        assert status.st_nlink == 1 and status.st_uid == place.data.stat().st_uid, path
    states = [d["status"] for m in place.api.get("/v1/models")["models"]
              for d in place.api.get(f"/v1/models/{m['id']}/deployments")["deployments"]]  # fmt: skip
    assert "BUILDING" not in states, states


def test_a_build_log_names_no_directory_of_the_server(place):
    answer = place.api.push("missing", truss_files("missing", model=MODEL, config="requirements: ['no-such-package==99']"))
    made = answer.json()
    ended = place.ended(made["model"]["id"], made["deployment"]["id"])
    assert ended["status"] == "BUILD_FAILED"
    log = build_log(place, made["model"]["id"], made["deployment"]["id"])
    assert "no-such-package" in log and str(place.data) not in log, log
