"""Writes where others would read it: homes, programs, configuration, the server's data."""
import errno, os


def run(target):
    found = {}
    for directory in target["places"]:
        try:
            with open(os.path.join(directory, "planted-by-a-package"), "w") as file:
                file.write("planted")
            found[directory] = None
        except OSError as error:
            found[directory] = errno.errorcode[error.errno]
    return found
