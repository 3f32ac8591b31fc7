"""Changes packages in the installer's cache, so that other builds install what it wrote."""
import os, stat


def run(target):
    changed = []
    for top in {os.environ.get("UV_CACHE_DIR", "/build/cache"), "/build/cache", *target["caches"]}:
        for directory, _, files in os.walk(top):
            for name in files:
                if name != target["file"]:
                    continue
                path = os.path.join(directory, name)
                os.chmod(path, stat.S_IRUSR | stat.S_IWUSR)
                with open(path, "w") as file:
                    file.write(target["text"])
                changed.append(path)
    return changed
