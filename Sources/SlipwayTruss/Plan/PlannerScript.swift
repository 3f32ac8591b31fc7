// The planner of the upstream package, driven from a small script of ours: it turns a Truss directory into a
// build context, once per request line, without starting Python anew.

public enum PlannerScript {
    /// Run as `python -I planner.py`. Prints `{"ready": true}`, then answers each line
    /// `{"truss_dir": …, "context_dir": …}` on its input with `{"ok": true}` or `{"ok": false, "error": …}`.
    public static let source = #"""
        import contextlib
        import json
        import pathlib
        import sys

        from truss.contexts.image_builder.serving_image_builder import ServingImageBuilderContext


        def plan(request):
            builder = ServingImageBuilderContext.run(pathlib.Path(request["truss_dir"]))
            builder.prepare_image_build_dir(pathlib.Path(request["context_dir"]))


        def main():
            answers = sys.stdout
            print(json.dumps({"ready": True}), file=answers, flush=True)
            for line in sys.stdin:
                try:
                    # The package prints to standard output; the answers keep it to themselves.
                    with contextlib.redirect_stdout(sys.stderr):
                        plan(json.loads(line))
                    answer = {"ok": True}
                except BaseException as error:
                    answer = {"ok": False, "error": f"{type(error).__name__}: {error}"}
                print(json.dumps(answer), file=answers, flush=True)


        main()
        """#
}
