"""A plain model: greets by name."""


class Model:
    def __init__(self, **kwargs):
        self._environment = (kwargs.get("environment") or {}).get("name")
        self._greeting = None

    def load(self):
        self._greeting = "Hello"

    def predict(self, model_input):
        name = model_input.get("name", "world")
        return {"greeting": f"{self._greeting}, {name}!", "environment": self._environment}
