"""One model that carries many attacks: each is a Truss of its own, but a replica for each would take seconds."""

import pathlib

from harness import eventually, truss_files

TRUSSES = pathlib.Path(__file__).parent / "trusses"

MODEL = """
import importlib, json, pathlib, subprocess, sys

PLACE = "/packages"

class Model:
    def __init__(self, **kwargs):
        self.secrets = kwargs["secrets"]

    def predict(self, call):
        if call["attack"] is None:
            return "carried"
        if not call["apart"]:
            return getattr(importlib.import_module(call["attack"]), call["part"])(call["target"])
        # In a process of its own, which may end, or lower its limits for good.
        script = f"import sys, json, {call['attack']} as attack; print(json.dumps(attack.{call['part']}(json.load(sys.stdin))))"
        done = subprocess.run([sys.executable, "-c", script], input=json.dumps(call["target"]), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)
"""


def module(attack):
    return attack.replace("-", "_")


def carrying(attacks, name, config=""):
    """The files of a model that runs what it is told of `attacks`."""
    files = truss_files(name, model=MODEL, config=config)
    for attack in attacks:
        files[f"packages/{module(attack)}.py"] = (TRUSSES / attack / "attack.py").read_text()
    files["packages/attempt.py"] = (pathlib.Path(__file__).parent / "attempt.py").read_text()
    return files


class Carrier:
    """That model, deployed."""

    def __init__(self, api, attacks, name="carrier", config=""):
        self.api = api
        self.model, self.deployment = api.pushed(name, carrying(attacks, name, config))
        eventually(lambda: api.get(f"/v1/models/{self.model}")["production_deployment_id"] == self.deployment)

    def answer(self, attack, part, target, apart=False):
        call = {"attack": attack and module(attack), "part": part, "target": target, "apart": apart}
        return self.api.session.post(f"{self.api.management}/model/{self.model}/production/predict", json=call, timeout=120)

    def run(self, attack, target, part="run", apart=False):
        answer = self.answer(attack, part, target, apart)
        assert answer.status_code == 200, (attack, part, answer.text, self.api.logs(self.model, self.deployment)[-2000:])
        return answer.json()
