"""The owner of one model: changes it at random through the API and remembers what was answered.

Owners do not share models, so each knows exactly what has to be there.
"""

import random

import requests
from blake3 import blake3

from harness import fold, tar, truss_files

from .calls import Calls
from .ledger import Ledger, Violation

ENDED = {"SUCCEEDED", "FAILED", "CANCELED", "SUPERSEDED", "EXPIRED", "WEBHOOK_FAILED"}
MODEL = """
import os
import time

class Model:
    def predict(self, model_input):
        time.sleep(model_input.get("seconds", 0))
        return {"version": "VERSION", "pid": os.getpid(), "name": model_input.get("name")}
"""
MOST_DEPLOYMENTS = 4
MOST_ENVIRONMENTS = 2


class Owner:
    def __init__(self, number, seed, base, key, hook, say):
        self.name = f"owner-{number}"
        self.random = random.Random(f"{seed}/{number}")
        self.say = lambda text: say(f"{self.name}: {text}")
        self.call = Calls(base, key, self.say)
        self.hook = hook
        self.ledger = Ledger(self.name)
        self.counter = 0
        self.generation = 0
        self.forget_model()
        self.asked = {}
        self.ended = {}
        self.hooked = set()
        # Pushes without an answer: asked again with the same key they must make nothing more.
        self.doubtful = []

    def forget_model(self):
        self.model = None
        self.deployments = {}
        self.environments = set()
        self.promotions = {}

    @property
    def model_name(self):
        return f"{self.name}-{self.generation}"

    def fresh_name(self, what):
        self.counter += 1
        return f"{what}-{self.counter}"

    # What it does

    def step(self):
        """One random action."""
        if not self.model:
            return self.push()
        actions = [
            (self.push, 4 if len(self.deployments) < MOST_DEPLOYMENTS else 0), (self.push_development, 2),
            (self.patch, 4), (self.sync, 3), (self.promote, 5), (self.make_environment, 2), (self.delete_environment, 1),
            (self.change_settings, 5), (self.deactivate, 2), (self.activate, 3), (self.delete_deployment, 4),
            (self.submit, 6), (self.cancel, 2), (self.put_secret, 2), (self.delete_secret, 1), (self.delete_model, 0.4),
            (self.cancel_promotion, 2),
        ]  # fmt: skip
        self.random.choices([a for a, _ in actions], [w for _, w in actions])[0]()

    def upload(self, files):
        grant = self.call(
            "POST", "/v1/prepare_model_upload", {"name": "u", "deployment": {"config": {"model_name": "u"}}}
        )
        if not grant:
            return None
        try:
            done = requests.put(grant.body["upload_url"], data=tar(files), timeout=60).status_code == 200
        except requests.RequestException:
            done = False
        return grant.body["s3_key"] if done else None

    def files(self, version):
        return truss_files(self.model_name, MODEL, version=version, config="runtime:\n  predict_concurrency: 4\n")

    def push(self):
        name = self.fresh_name("d")
        archive = self.upload(self.files(name))
        if not archive:
            return
        deployment = {"config": {"model_name": self.model_name}, "deployment_name": name}
        body = {"source": {"kind": "model_archive", "name": self.model_name, "deployment": deployment, "s3_key": archive}}
        if self.model:
            path = f"/v1/models/{self.model}/deployments"
            del body["source"]["name"]
        else:
            path = "/v1/models"
        key = f"{self.model_name}-{name}-{self.random.getrandbits(40)}"
        outcome = self.call("POST", path, body, idempotency=key)
        self.ledger.note(("model",), outcome.kind, True)
        self.ledger.note(("deployment", name), outcome.kind, True)
        if outcome:
            self.model = outcome.body["deployment"]["model_id"] if self.model else outcome.body["model"]["id"]
            self.deployments[name] = outcome.body["deployment"]["id"]
            self.ledger.promise(("state", name), "running")
        elif outcome.kind == "unknown":
            self.doubtful.append((name, path, body, key))
        else:
            self.say(f"push refused: {outcome.body}")

    def push_development(self):
        version = self.fresh_name("dev")
        archive = self.upload(self.files(version))
        if not archive:
            return
        deployment = {"config": {"model_name": self.model_name}, "is_development": True}
        body = {"source": {"kind": "model_archive", "deployment": deployment, "s3_key": archive}}
        outcome = self.call("POST", f"/v1/models/{self.model}/deployments", body)
        self.ledger.note(("deployment", "development"), outcome.kind, True)
        if outcome:
            self.deployments["development"] = outcome.body["deployment"]["id"]
        if outcome.kind != "refused":
            # The source is described once it was built: nothing is known of it until then.
            self.ledger.forget(("state", "development"), ("newest",), ("running",))

    def fact(self, name):
        """Copies get names that may have been used before; ours are used once."""
        if name == "development" or name.startswith("d-"):
            return ("deployment", name)
        return ("copy", self.deployments[name])

    @property
    def patches(self):
        return f"/v1/models/{self.model}/deployments/{self.deployments['development']}/patches"

    def patch(self):
        if "development" not in self.deployments:
            return self.push_development()
        state = self.call("GET", f"{self.patches}/state")
        point = state and (state.body["pending_patch_point"] or state.body["running_patch_point"])
        if not point:
            return
        content = MODEL.replace("VERSION", self.fresh_name("patch"))
        hashes = {**point["content_hashes"], "model/model.py": blake3(content.encode()).hexdigest()}
        operation = {"type": "model_code", "action": "UPDATE", "path": "model.py", "content": content}
        if self.random.random() < 0.5:
            operation["hot_reload"] = True
        next_point = {"content_hashes": hashes, "config": point["config"], "requirements": []}
        body = {"prev_patch_hash": point["hash"], "next_patch_point": next_point, "patch_ops": [operation]}
        outcome = self.call("POST", self.patches, body)
        if outcome:
            self.ledger.promise(("newest",), outcome.body["patch_point"]["hash"])
        elif outcome.kind == "unknown":
            self.ledger.promise(("newest",), point["hash"])
            self.ledger.doubt(("newest",), fold(hashes))
            self.ledger.fresh.discard(("newest",))

    def sync(self):
        if "development" not in self.deployments:
            return
        outcome = self.call("POST", f"{self.patches}/sync")
        if outcome and outcome.body.get("needs_full_deploy_reason") is None:
            newest = self.ledger.value(("newest",))
            if newest:
                self.ledger.promise(("running",), newest)
        elif outcome.kind == "unknown":
            self.ledger.forget(("running",))
        if outcome.kind != "refused":
            # A sync wakes the deployment.
            self.ledger.forget(("state", "development"))

    def promote(self):
        if not self.deployments:
            return
        name = self.random.choice(sorted(self.deployments))
        environment = self.random.choice(["production", *sorted(self.environments)])
        deployment = self.deployments[name]
        if environment == "production":
            path, body = f"/v1/models/{self.model}/deployments/{deployment}/promote", {}
            if name == "development" and self.random.random() < 0.5:
                path = f"/v1/models/{self.model}/deployments/development/promote"
        else:
            path = f"/v1/models/{self.model}/environments/{environment}/promote"
            body = {"deployment_id": deployment}
        outcome = self.call("POST", path, body)
        if outcome:
            self.ledger.promise(("candidate", environment, outcome.body["id"]), True)
            # A copy has a name of its own.
            if outcome.body["id"] not in self.deployments.values():
                copy = outcome.body["name"]
                self.deployments[copy] = outcome.body["id"]
                self.ledger.promise(self.fact(copy), True)

    def cancel_promotion(self):
        names = ["production", *sorted(self.environments)]
        self.random.shuffle(names)
        going = {name: self.going_promotion(name) for name in names}
        environment = next((name for name in names if going[name]), names[0])
        outcome = self.call("POST", f"/v1/models/{self.model}/environments/{environment}/cancel_promotion")
        if outcome and going[environment]:
            # None of these is a rolling one, so it ends at once.
            if outcome.body["status"] != "CANCELED":
                raise Violation(f"{self.name}: a promotion was cancelled with the answer {outcome.body}")
            promotion, candidate = going[environment]
            self.ledger.promise(("cancel", environment, promotion, candidate), "CANCELED")

    def going_promotion(self, environment):
        """The promotion that has not ended: its id and its candidate."""
        outcome = self.call("GET", f"/v1/models/{self.model}/environments/{environment}/promotions")
        going = [p for p in outcome.body["promotions"] if p["status"] not in ENDED] if outcome else []
        return (going[0]["id"], going[0]["candidate_deployment_id"]) if going else None

    def make_environment(self):
        if len(self.environments) >= MOST_ENVIRONMENTS:
            return
        name = self.fresh_name("e")
        settings = {"max_replica": self.random.randint(1, 2), "autoscaling_window": self.random.randint(10, 60)}
        outcome = self.call(
            "POST", f"/v1/models/{self.model}/environments", {"name": name, "autoscaling_settings": settings}
        )
        self.ledger.note(("environment", name), outcome.kind, True)
        if outcome:
            self.environments.add(name)
            self.ledger.promise(("settings", name), shown(outcome.body["autoscaling_settings"]))

    def delete_environment(self):
        if not self.environments:
            return
        name = self.random.choice(sorted(self.environments))
        outcome = self.call("DELETE", f"/v1/models/{self.model}/environments/{name}")
        self.ledger.note(("environment", name), outcome.kind, None)
        if outcome:
            self.environments.discard(name)
            self.forget_environment(name)

    def forget_environment(self, name):
        facts = [f for kind in ("candidate", "cancel") for f in self.ledger.of(kind) if f[1] == name]
        self.ledger.forget(("settings", name), *facts)

    def change_settings(self):
        environment = self.random.choice(["production", *sorted(self.environments)])
        path = f"/v1/models/{self.model}/environments/{environment}"
        before = self.call("GET", path)
        if not before:
            return
        least = self.random.choice([0, 1, 1, 2])
        settings = {
            "min_replica": least, "max_replica": max(1, least), "autoscaling_window": self.random.randint(10, 60),
            "concurrency_target": self.random.randint(1, 9), "scale_down_delay": self.random.choice([0, 60]),
        }  # fmt: skip
        wanted = {**before.body["autoscaling_settings"], **settings}
        outcome = self.call("PATCH", path, {"autoscaling_settings": settings})
        if outcome:
            self.ledger.promise(("settings", environment), shown(wanted))
        elif outcome.kind == "unknown":
            self.ledger.promise(("settings", environment), shown(before.body["autoscaling_settings"]))
            self.ledger.doubt(("settings", environment), shown(wanted))
            self.ledger.fresh.discard(("settings", environment))

    def activate(self):
        self.switch("activate", "running")

    def deactivate(self):
        self.switch("deactivate", "inactive")

    def switch(self, verb, state):
        if not self.deployments:
            return
        name = self.random.choice(sorted(self.deployments))
        outcome = self.call("POST", f"/v1/models/{self.model}/deployments/{self.deployments[name]}/{verb}")
        if outcome:
            self.ledger.promise(("state", name), state)
        elif outcome.kind == "unknown":
            self.ledger.forget(("state", name))

    def delete_deployment(self):
        if not self.deployments:
            return
        name = self.random.choice(sorted(self.deployments))
        outcome = self.call("DELETE", f"/v1/models/{self.model}/deployments/{self.deployments[name]}")
        self.ledger.note(self.fact(name), outcome.kind, None)
        if outcome:
            self.forget_deployment(name)

    def forget_deployment(self, name):
        deployment = self.deployments.pop(name, None)
        facts = [f for kind in ("candidate", "cancel") for f in self.ledger.of(kind) if f[-1] == deployment]
        self.ledger.forget(("state", name), *facts)
        if name == "development":
            self.ledger.forget(("newest",), ("running",))

    def submit(self):
        body = {"model_input": {"name": self.fresh_name("a"), "seconds": self.random.choice([0, 0.05, 0.5])}}
        hooked = self.random.random() < 0.5
        if hooked:
            body["webhook_endpoint"] = self.hook
        outcome = self.call("POST", f"/model/{self.model}/production/async_predict", body)
        if outcome:
            identifier = outcome.body["request_id"]
            self.asked[identifier] = self.model
            self.ledger.promise(("request", identifier), True)
            if hooked:
                self.hooked.add(identifier)

    def cancel(self):
        open_ones = [i for i, model in self.asked.items() if model == self.model and i not in self.ended]
        if not open_ones:
            return self.submit()
        identifier = self.random.choice(open_ones)
        outcome = self.call("DELETE", f"/model/{self.model}/async_request/{identifier}")
        if outcome and outcome.body.get("canceled"):
            self.ledger.promise(("canceled", identifier), True)

    def put_secret(self):
        name = f"{self.name}-{self.random.randint(1, 3)}"
        outcome = self.call("POST", "/v1/secrets", {"name": name, "value": self.fresh_name("secret")})
        self.ledger.note(("secret", name), outcome.kind, True)

    def delete_secret(self):
        name = f"{self.name}-{self.random.randint(1, 3)}"
        outcome = self.call("DELETE", f"/v1/secrets/{name}")
        self.ledger.note(("secret", name), outcome.kind, None)

    def delete_model(self):
        outcome = self.call("DELETE", f"/v1/models/{self.model}")
        self.ledger.note(("model",), outcome.kind, None)
        if outcome:
            self.model_is_gone()

    def model_is_gone(self):
        verified = self.ledger.facts.get(("model",)), ("model",) in self.ledger.fresh
        kept = {f: v for f, v in self.ledger.facts.items() if f[0] == "secret"}
        fresh = {f for f in self.ledger.fresh if f[0] == "secret"}
        self.ledger.forget_all()
        self.ledger.facts.update(kept)
        self.ledger.fresh |= fresh
        # The name of a model that is gone is never used again, so that it can be looked for.
        self.ledger.facts[("gone", self.model_name)] = [True]
        self.ledger.fresh |= {("gone", self.model_name)} if verified[1] else set()
        for identifier, model in list(self.asked.items()):
            if model == self.model:
                del self.asked[identifier]
        self.doubtful = []
        self.forget_model()
        self.generation += 1

    # What has to be there

    def settle(self, models, secrets):
        """Compares all that is there after a restart, and takes over what was in doubt.

        `models` are all models by name, `secrets` the names of all secrets.
        """
        for fact in self.ledger.of("gone"):
            self.ledger.check(fact, fact[1] not in models)
        for fact in self.ledger.of("secret"):
            self.ledger.check(fact, True if fact[1] in secrets else None)
        there = models.get(self.model_name)
        if ("model",) in self.ledger.facts:
            self.ledger.check(("model",), True if there else None)
        elif there:
            raise Violation(f"{self.name}: {self.model_name} is there and was never pushed")
        if not there:
            if self.model:
                self.model_is_gone()
            return
        self.model = there["id"]
        self.settle_deployments()
        self.settle_environments()
        self.settle_patches()
        self.settle_requests()
        self.repeat_doubtful()

    def settle_deployments(self):
        listed = {d["name"]: d for d in self.call.get(f"/v1/models/{self.model}/deployments")["deployments"]}
        for fact in self.ledger.of("deployment"):
            self.ledger.check(fact, True if fact[1] in listed else None)
            if fact[1] not in listed:
                self.forget_deployment(fact[1])
        ids = {d["id"] for d in listed.values()}
        for fact in self.ledger.of("copy"):
            self.ledger.check(fact, True if fact[1] in ids else None)
        for name in [name for name, known in self.deployments.items() if known not in ids]:
            self.forget_deployment(name)
        self.deployments = {name: d["id"] for name, d in listed.items()}
        for name in listed:
            self.ledger.facts.setdefault(self.fact(name), [True])
        for name, found in listed.items():
            if ("state", name) in self.ledger.facts:
                inactive = found["status"] in ("INACTIVE", "DEACTIVATING")
                self.ledger.check(("state", name), "inactive" if inactive else "running")
            # Never a deployment without what it is made of.
            path = f"/v1/models/{self.model}/deployments/{found['id']}"
            self.call.get(f"{path}/config")
            link = self.call.get(f"{path}/download")
            url = next(v for v in link.values() if isinstance(v, str) and v.startswith("http"))
            if requests.get(url, timeout=30, stream=True).status_code != 200:
                raise Violation(f"{self.name}: the archive of {name} ({found['status']}) is gone")
            if found["status"] in ("BUILD_FAILED", "DEPLOY_FAILED", "FAILED"):
                logs = self.call.get(f"{path}/logs")["logs"][-20:]
                text = "\n".join(line["message"] for line in logs)
                raise Violation(f"{self.name}: {name} is {found['status']}: {found.get('status_reason')}\n{text}")

    def settle_environments(self):
        listed = {e["name"]: e for e in self.call.get(f"/v1/models/{self.model}/environments")["environments"]}
        if "production" not in listed:
            raise Violation(f"{self.name}: {self.model_name} has no production environment")
        for fact in self.ledger.of("environment"):
            self.ledger.check(fact, True if fact[1] in listed else None)
            if fact[1] not in listed:
                self.forget_environment(fact[1])
        self.environments = set(listed) - {"production"}
        ids = set(self.deployments.values())
        for name, environment in listed.items():
            if ("settings", name) in self.ledger.facts:
                self.ledger.check(("settings", name), shown(environment["autoscaling_settings"]))
            current = (environment["current_deployment"] or {}).get("id")
            if current and current not in ids:
                raise Violation(f"{self.name}: {name} serves {current}, which is not there")
            self.settle_promotions(name, *self.history(name, current))

    def history(self, name, current):
        """The deployment that serves and the promotions, as of one moment: a promotion may end between two calls."""
        path = f"/v1/models/{self.model}/environments/{name}"
        while True:
            history = self.call.get(f"{path}/promotions")["promotions"]
            now = (self.call.get(path)["current_deployment"] or {}).get("id")
            if now == current:
                return current, history
            current = now

    def settle_promotions(self, name, current, history):
        candidates = {p["candidate_deployment_id"] for p in history}
        for fact in self.ledger.of("candidate"):
            if fact[1] == name and len(history) < 100:
                self.ledger.check(fact, True if fact[2] in candidates or fact[2] == current else None)
        statuses = {p["id"]: p["status"] for p in history}
        for fact in self.ledger.of("cancel"):
            if fact[1] == name and len(history) < 100:
                self.ledger.check(fact, statuses.get(fact[2]))
        if len([p for p in history if p["status"] not in ENDED]) > 1:
            raise Violation(f"{self.name}: {name} has two promotions: {history}")
        for promotion in history:
            known = self.promotions.get(promotion["id"])
            if known in ENDED and promotion["status"] != known:
                raise Violation(f"{self.name}: promotion {promotion['id']} was {known} and is {promotion['status']}")
            self.promotions[promotion["id"]] = promotion["status"]
        # The newest comes first.
        done = [p["candidate_deployment_id"] for p in history if p["status"] == "SUCCEEDED"]
        if done and done[0] != current:
            raise Violation(f"{self.name}: {name} serves {current}, the last promotion brought {done[0]}")
        if current and not done:
            raise Violation(f"{self.name}: {name} serves {current} and no promotion brought it")

    def settle_patches(self):
        if "development" not in self.deployments:
            return
        outcome = self.call("GET", f"{self.patches}/state")
        running = outcome and outcome.body["running_patch_point"]
        if not running:
            self.ledger.forget(("newest",), ("running",))
            return
        newest = outcome.body["pending_patch_point"] or running
        if ("newest",) in self.ledger.facts:
            self.ledger.check(("newest",), newest["hash"])
        else:
            self.ledger.facts[("newest",)] = [newest["hash"]]
        if ("running",) in self.ledger.facts:
            self.ledger.check(("running",), running["hash"])
            self.ledger.forget(("running",))

    def settle_requests(self):
        for identifier in self.asked:
            answer = self.call("GET", f"/model/{self.model}/async_request/{identifier}")
            there = True if answer else None
            if ("request", identifier) in self.ledger.facts:
                self.ledger.check(("request", identifier), there)
            if not answer:
                raise Violation(f"{self.name}: asynchronous request {identifier} is lost: {answer.status}")
            status = answer.body["status"]
            before = self.ended.get(identifier)
            if before and status != before and (before, status) != ("SUCCEEDED", "WEBHOOK_FAILED"):
                raise Violation(f"{self.name}: request {identifier} ended {before} and became {status}")
            if ("canceled", identifier) in self.ledger.facts:
                self.ledger.check(("canceled", identifier), status == "CANCELED")
            if status in ENDED:
                self.ended[identifier] = status

    def repeat_doubtful(self):
        """The same push with the same key: made now or made before, but made once."""
        doubtful, self.doubtful = self.doubtful, []
        for name, path, body, key in doubtful:
            outcome = self.call("POST", path, body, idempotency=key)
            if not outcome:
                raise Violation(f"{self.name}: a push that got no answer cannot be repeated: {outcome.body}")
            self.model = outcome.body["deployment"].get("model_id") or self.model
            if name in self.deployments and self.deployments[name] != outcome.body["deployment"]["id"]:
                raise Violation(f"{self.name}: the push {name} was made twice")
            self.deployments[name] = outcome.body["deployment"]["id"]
            self.ledger.promise(("deployment", name), True)

    # Coming to rest

    def unrest(self):
        """What still moves; None when nothing does."""
        if not self.model:
            return None
        for name, deployment in sorted(self.deployments.items()):
            found = self.call.get(f"/v1/models/{self.model}/deployments/{deployment}")
            if found["status"] not in ("ACTIVE", "INACTIVE", "SCALED_TO_ZERO"):
                return f"{self.name}: {name} is {found['status']}: {found.get('status_reason')}"
        for name in ["production", *sorted(self.environments)]:
            environment = self.call.get(f"/v1/models/{self.model}/environments/{name}")
            if environment["in_progress_promotion"] and environment["in_progress_promotion"]["status"] not in ENDED:
                return f"{self.name}: the promotion to {name} goes on"
        for identifier in self.asked:
            found = self.call.get(f"/model/{self.model}/async_request/{identifier}")
            if found["status"] not in ENDED or found["webhook_status"] == "PENDING":
                return f"{self.name}: request {identifier} is {found['status']}, {found['webhook_status']}"
        return None

    def wake_production(self):
        """Asynchronous requests wait for a deployment that may run."""
        for name, deployment in self.deployments.items():
            self.call("POST", f"/v1/models/{self.model}/deployments/{deployment}/activate")
            self.ledger.forget(("state", name))


def shown(settings):
    """Settings in a form that can be compared."""
    return tuple(sorted((k, v) for k, v in settings.items() if isinstance(v, (int, float, str, type(None)))))
