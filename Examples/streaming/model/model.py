"""A streaming model: a generator's pieces reach the caller one by one."""

import time


class Model:
    def predict(self, model_input):
        count = int(model_input.get("count", 10))
        pause = float(model_input.get("pause", 0.1))

        def pieces():
            for number in range(count):
                yield f"piece {number}\n"
                time.sleep(pause)

        return pieces()
