// The planner of the upstream package, driven from a small script of ours: it turns a Truss directory into a
// build context, once per request line, without starting Python anew.

public enum PlannerScript {
    /// Run as `python -I planner.py`. Prints `{"ready": true}`, then answers each line
    /// `{"truss_dir": …, "context_dir": …, "sign": …}` on its input with `{"ok": true}` or
    /// `{"ok": false, "error": …}`; with `sign` also `hash` and `signature` of the Truss, from which a watching
    /// client computes its patches.
    public static let source = #"""
        import contextlib
        import json
        import pathlib
        import sys

        from truss.contexts.image_builder.serving_image_builder import ServingImageBuilderContext
        from truss.truss_handle.patch.hash import directory_content_hash
        from truss.truss_handle.patch.signature import calc_truss_signature


        def plan(request):
            builder = ServingImageBuilderContext.run(pathlib.Path(request["truss_dir"]))
            builder.prepare_image_build_dir(pathlib.Path(request["context_dir"]))
            if not request["sign"]:
                return {}
            truss = pathlib.Path(request["truss_dir"])
            signature = calc_truss_signature(truss).to_dict()
            return {"hash": directory_content_hash(truss), "signature": json.dumps(signature)}


        def main():
            answers = sys.stdout
            print(json.dumps({"ready": True}), file=answers, flush=True)
            for line in sys.stdin:
                try:
                    # The package prints to standard output; the answers keep it to themselves.
                    with contextlib.redirect_stdout(sys.stderr):
                        answer = {"ok": True, **plan(json.loads(line))}
                except BaseException as error:
                    answer = {"ok": False, "error": f"{type(error).__name__}: {error}"}
                print(json.dumps(answer), file=answers, flush=True)


        main()
        """#
}
