"""Starts threads without end."""
import threading


def started(most):
    threading.stack_size(64 << 10)
    made, end = [], threading.Event()
    try:
        while len(made) < most:
            thread = threading.Thread(target=end.wait)
            thread.start()
            made.append(thread)
    except RuntimeError:
        pass
    end.set()
    for thread in made:
        thread.join()
    return len(made)


def run(target):
    return started(6000)


def twin(target):
    return "works" if started(200) == 200 else "does not"
