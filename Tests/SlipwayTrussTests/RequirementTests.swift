// Lines of requirements: what they may ask the installer for, and that a refusal tells the option and nothing else.

import Testing

@testable import SlipwayTruss

@Suite struct RequirementTests {
    @Test(
        "packages, indexes and addresses are taken",
        arguments: [
            "", "# note", "six", "six==1.16.0", "torch==2.0.1+cu118",
            "foo[bar,baz] >=1,<2.0 ; python_version<'3.9'",
            "foo (>=1)", "foo===1.0", "foo~=1.2", "foo  # -r is a comment", "Foo.bar-baz_2", "foo==1.*",
            "-i https://pypi.org/simple", "--index-url=https://u:p@index.example/simple",
            "--extra-index-url https://a.example --extra-index-url http://b.example",
            "--find-links https://a.example/wheels", "-fhttps://a.example", "--trusted-host a.example",
            "--no-binary :all:", "--only-binary=six", "--pre", "--prefer-binary", "--no-index",
            "--require-hashes",
            "six==1.16.0 --hash=sha256:aa --hash sha256:bb", "foo @ https://a.example/foo-1.0.tar.gz",
            "git+https://github.com/a/b@main#egg=b", "b @ git+https://github.com/a/b.git@v1#subdirectory=x",
            "https://a.example/foo-1.0-py3-none-any.whl", "foo@https://a.example/foo.zip",
        ])
    func taken(line: String) {
        #expect(RequirementLine.problem(in: line) == nil)
    }

    @Test(
        "options that read files or change where things go are refused by name",
        arguments: [
            ("-r /etc/passwd", "-r"), ("-r/etc/passwd", "-r"), ("--requirement=x", "--requirement"),
            ("-c x", "-c"), ("--constraint x", "--constraint"), ("-e .", "-e"),
            ("--editable=/x", "--editable"),
            ("--target /x", "--target"), ("--prefix=/x", "--prefix"), ("--root /x", "--root"),
            ("--python /x", "--python"), ("--cache-dir /x", "--cache-dir"), ("--proxy http://x", "--proxy"),
            ("--cert /x", "--cert"), ("--log /x", "--log"), ("--config-settings a=b", "--config-settings"),
            ("six --global-option=x", "--global-option"), ("six -r x", "-r"), ("six --target /x", "--target"),
            ("--pre -r x", "-r"), ("--find-links /x", "--find-links"),
            ("--find-links=file:///x", "--find-links"),
            ("-i ./x", "-i"), ("--extra-index-url ${HOME}", "--extra-index-url"),
            ("--index-url", "--index-url"),
            ("--index-url \"https://x\"", "--index-url"),
        ])
    func refused(line: String, option: String) {
        #expect(RequirementLine.problem(in: line)?.contains("the option \(option) ") == true)
    }

    @Test(
        "paths, files by address and lines that are several are refused, and not told",
        arguments: [
            "/etc/passwd", "./x", "../x", "~/x", "x/y", "foo.whl/", "foo @ /secret", "foo @ ./secret",
            "file:///secret", "foo @ file:///secret", "foo @ FILE:secret", "git+file:///secret",
            "six\n-r /secret", "six\r-r /secret", "six\u{85}-r /secret", "six\u{2028}-r secret", "six \\",
            "six\0",
            "git+git@github.com:a/secret", "$(secret)", "`secret`", "foo; x\n-r secret", "--pre secret",
            "ftp://secret/x", "https:secret",
        ])
    func refusedOtherwise(line: String) throws {
        let problem = try #require(RequirementLine.problem(in: line))
        #expect(!problem.contains("secret") && !problem.contains("passwd"), "\(problem)")
    }

    @Test("a long line takes no long time")
    func long() {
        for line in [
            String(repeating: " ", count: 1 << 20) + "x", "x" + String(repeating: " x", count: 1 << 19),
            "x[" + String(repeating: " ", count: 1 << 20), "x=" + String(repeating: " =", count: 1 << 19),
        ] {
            _ = RequirementLine.problem(in: line)
        }
    }

    @Test("a file is read as the installer reads it: continued lines are one, and problems have a line")
    func file() {
        let text =
            "six==1.16.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\r\n# -r x \\\nidna\n-r \\\n  x\n"
        let file = RequirementsFile(text)
        #expect(file.problems.map(\.line) == [6])
        #expect(RequirementsFile("six\nidna>=2\n# https://x\n\n").namesPackagesOnly == false)
        #expect(RequirementsFile("six\nidna>=2\n# x\n\n").namesPackagesOnly)
        #expect(!RequirementsFile("six\n--pre\n").namesPackagesOnly)
        #expect(RequirementsFile("-r x").problems.count == 1)
        #expect(RequirementsFile.isOne("a/requirements.txt") && !RequirementsFile.isOne("a/uv.lock"))
    }
}
