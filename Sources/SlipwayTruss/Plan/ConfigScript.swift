// The official package's own reader of configs, driven from a small script of ours.

public enum ConfigScript {
    /// Functions that the planner has too: `read_config(path)` returns what the official reader makes of a file, as an
    /// object for JSON: `config`, `names_python`, `warnings`, or `problems`.
    static let functions = #"""
        import json
        import logging
        import math
        import pathlib
        import warnings

        import pydantic
        import yaml
        from truss.base import truss_config


        def plain(value):
            """Only what JSON has: there is no infinity in it."""
            if isinstance(value, float) and not math.isfinite(value):
                return None
            if isinstance(value, dict):
                return {str(key): plain(member) for key, member in value.items()}
            if isinstance(value, (list, tuple)):
                return [plain(member) for member in value]
            return value


        class Said(logging.Handler):
            def __init__(self, lines):
                super().__init__(logging.WARNING)
                self.lines = lines

            def emit(self, record):
                self.lines.append(record.getMessage())


        def load(path):
            if path.suffix == ".yaml":
                try:
                    return truss_config.TrussConfig.from_yaml(path)
                except AttributeError:
                    # What the package says of a list is about its own code.
                    if not isinstance(yaml.safe_load(path.read_text()) or {}, dict):
                        raise ValueError("the config must be a mapping") from None
                    raise
            data = json.loads(path.read_text())
            if not isinstance(data, dict):
                raise ValueError("the config must be a mapping")
            if isinstance(data.get("build"), dict) and data["build"].get("no_cache") is True:
                raise ValueError("no_cache cannot be specified in a config.")
            return truss_config.TrussConfig.from_dict(data)


        def problems_of(error):
            if isinstance(error, pydantic.ValidationError):
                return [
                    {
                        "path": [str(part) for part in problem["loc"]],
                        "message": problem["msg"].removeprefix("Value error, "),
                    }
                    for problem in error.errors(include_url=False, include_context=False, include_input=False)
                ]
            mark = getattr(error, "problem_mark", None)
            if isinstance(error, yaml.YAMLError):
                words = ", ".join(
                    part for part in (getattr(error, name, None) for name in ("context", "problem", "note", "reason")) if part
                )
                problem = {"path": [], "message": f"not valid YAML: {words or error}"}
                if mark is not None:
                    problem |= {"line": mark.line + 1, "column": mark.column + 1}
                return [problem]
            kind = "" if type(error) is ValueError else f"{type(error).__name__}: "
            return [{"path": [], "message": f"the config cannot be read: {kind}{error}"}]


        def read_config(path):
            said = []
            handler = Said(said)
            logging.getLogger().addHandler(handler)
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("always")
                    warnings.showwarning = lambda message, *rest, **named: said.append(str(message))
                    config = load(pathlib.Path(path))
                    canonical = plain(config.to_dict(verbose=False))
                    return {
                        "config": json.dumps(canonical, allow_nan=False),
                        "names_python": "python_version" in config.model_fields_set,
                        "warnings": list(dict.fromkeys(said)),
                    }
            except Exception as error:
                return {"problems": problems_of(error)}
            finally:
                logging.getLogger().removeHandler(handler)

        """#

    /// Reads the file `config.yaml` or `config.json` of each request line `{"config": …}`. Only what reads configs is
    /// imported, which takes a quarter of the time and memory of the whole package.
    public static let source = #"""
        import importlib.util
        import resource
        import sys
        import types

        package = types.ModuleType("truss")
        package.__path__ = list(importlib.util.find_spec("truss").submodule_search_locations)
        sys.modules["truss"] = package

        """# + PlannerScript.answers + functions + #"""

            MOST_MEMORY = 1 << 30
            LONGEST = 5


            def work(request):
                # A document of a megabyte can stand for more than any machine holds.
                resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
                resource.setrlimit(resource.RLIMIT_CPU, (LONGEST, LONGEST))
                return read_config(request["config"])


            main()
            """#
}
