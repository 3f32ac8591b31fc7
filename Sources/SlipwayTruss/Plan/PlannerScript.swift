// The planner of the upstream package, driven from a small script of ours: it turns a Truss directory into a
// build context, once per request line, without starting Python anew.

public enum PlannerScript {
    /// The first line it prints.
    public static let ready = #"{"ready": true}"#

    /// Answers request lines on standard input, each in a copy of this process that calls `work`.
    ///
    /// What a hostile Truss makes of the planner ends with its copy. The copies cannot look into this process nor answer
    /// for it. With the argument `alone`, in a process namespace of its own, whatever a copy has started is ended
    /// before the answer is given.
    static let answers = #"""
        import ctypes
        import gc
        import json
        import os
        import signal
        import sys
        import time

        # The package prints, also while it is imported; the answers keep standard output to themselves.
        ANSWERS = os.dup(1)
        for file in (1, 2):
            os.dup2(os.open("/dev/null", os.O_WRONLY), file)

        LONGEST_ANSWER = 64 << 20


        def answer(request, output):
            try:
                result = {"ok": True, **work(request)}
            except BaseException as error:
                result = {"ok": False, "error": f"{type(error).__name__}: {error}"}
            with os.fdopen(output, "w") as file:
                file.write(json.dumps(result) + "\n")


        def read_line(input):
            line = b""
            while not line.endswith(b"\n"):
                chunk = os.read(input, 1 << 16)
                if not chunk or len(line) > LONGEST_ANSWER:
                    return b'{"ok": false, "error": "the planner gave no answer"}\n'
                line += chunk
            return line if line.count(b"\n") == 1 else b'{"ok": false, "error": "the planner gave two answers"}\n'


        def end_others():
            while True:
                try:
                    os.kill(-1, signal.SIGKILL)
                except ProcessLookupError:
                    return
                time.sleep(0.001)


        def in_copy(request, alone):
            input, output = os.pipe()
            child = os.fork()
            if child == 0:
                try:
                    os.setsid()
                    null = os.open("/dev/null", os.O_RDWR)
                    for file in (0, 1, 2, ANSWERS, input):
                        os.dup2(null, file)
                    answer(json.loads(request), output)
                finally:
                    os._exit(0)
            os.close(output)
            line = read_line(input)
            os.close(input)
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            if alone:
                end_others()
            return line


        def main():
            # Copies have the same user: without this they could read and write this process's memory.
            ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)
            gc.freeze()
            os.write(ANSWERS, json.dumps({"ready": True}).encode() + b"\n")
            for request in iter(sys.stdin.buffer.readline, b""):
                line = in_copy(request, "alone" in sys.argv)
                while line:
                    line = line[os.write(ANSWERS, line):]

        """#

    /// Run as `python -I planner.py [alone]`. Prints `{"ready": true}`, then answers each line
    /// `{"truss_dir": …, "context_dir": …, "sign": …}` on its input with `{"ok": true}` or
    /// `{"ok": false, "error": …}`; with `sign` also `hash` and `signature` of the Truss, from which a watching
    /// client computes its patches. `reading` is what `ConfigScript.functions` makes of the config.
    ///
    /// Build commands and downloads are left out of the plan: the builder takes them from the config itself, as
    /// written there, instead of finding them again among the instructions of a Dockerfile.
    public static let source =
        answers + #"""

            import pathlib

            from truss.base.truss_spec import TrussSpec
            from truss.contexts.image_builder.serving_image_builder import ServingImageBuilderContext
            from truss.truss_handle.patch.hash import directory_content_hash
            from truss.truss_handle.patch.signature import calc_truss_signature

            TrussSpec.build_commands = property(lambda spec: [])
            TrussSpec.external_data = property(lambda spec: None)


            """# + ConfigScript.functions + #"""


            def work(request):
                truss = pathlib.Path(request["truss_dir"])
                reading = read_config(truss / "config.yaml")
                if "problems" in reading:
                    return {"reading": reading}
                builder = ServingImageBuilderContext.run(truss)
                builder.prepare_image_build_dir(pathlib.Path(request["context_dir"]))
                if not request["sign"]:
                    return {"reading": reading}
                signature = calc_truss_signature(truss).to_dict()
                return {
                    "reading": reading,
                    "hash": directory_content_hash(truss),
                    "signature": json.dumps(signature),
                }


            main()
            """#
}
