"""Calls of one client, with an outcome instead of an exception."""

import requests


class Outcome:
    """`kind` is acknowledged, refused (nothing may have changed) or unknown (no answer: either)."""

    def __init__(self, kind, status=None, body=None):
        self.kind = kind
        self.status = status
        self.body = body

    def __bool__(self):
        return self.kind == "acknowledged"


class Calls:
    def __init__(self, base, key, say):
        self.base = base
        self.headers = {"Authorization": f"Api-Key {key}"}
        self.say = say
        self.session = requests.Session()

    def fresh(self):
        """Forgets connections to a server that is gone."""
        self.session.close()
        self.session = requests.Session()

    def __call__(self, method, path, json=None, data=None, idempotency=None, timeout=90):
        headers = dict(self.headers)
        if idempotency:
            headers["Idempotency-Key"] = idempotency
        url = path if path.startswith("http") else self.base + path
        try:
            answer = self.session.request(method, url, json=json, data=data, headers=headers, timeout=timeout)
        except (requests.RequestException, OSError) as error:
            self.say(f"{method} {path}: no answer ({type(error).__name__})")
            return Outcome("unknown")
        try:
            body = answer.json()
        except ValueError:
            body = answer.text
        kind = "acknowledged" if answer.status_code < 300 else "refused" if answer.status_code < 500 else "unknown"
        self.say(f"{method} {path}: {answer.status_code}")
        return Outcome(kind, answer.status_code, body)

    def get(self, path):
        """Must be answered: used while nobody kills anything."""
        outcome = self("GET", path)
        assert outcome, f"GET {path}: {outcome.status} {outcome.body}"
        return outcome.body
