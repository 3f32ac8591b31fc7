"""Fails with its secret in the reason, so that it is told wherever reasons are told."""


class Model:
    def __init__(self, **kwargs):
        self.secret = kwargs["secrets"]["told-secret"]

    def load(self):
        raise RuntimeError(f"cannot log in with {self.secret}")

    def predict(self, model_input):
        return None
