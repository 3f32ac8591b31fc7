// What a confined process left is looked at before the server copies from it or changes it.

import Foundation
import SlipwayEngine
import Testing

@testable import SlipwayLocalEngine

@Suite struct FileTreeTests {
    private let place = FileManager.default.temporaryDirectory.path + "/tree-\(UUID())"
    private var root: String { place + "/root" }

    init() throws {
        for path in ["/root/a/b", "/out"] {
            try FileManager.default.createDirectory(atPath: place + path, withIntermediateDirectories: true)
        }
        try "inside".write(toFile: root + "/a/file", atomically: false, encoding: .utf8)
        try "outside".write(toFile: place + "/out/secret", atomically: false, encoding: .utf8)
    }

    private func remove() { try? FileManager.default.removeItem(atPath: place) }

    @Test("links that stay are fine; those that lead out or to nothing, pipes and second names are not")
    func problems() throws {
        defer { remove() }
        symlink("../a/file", root + "/a/link")
        symlink("a", root + "/directory")
        #expect(try FileTree.problem(in: root) == nil)
        let attacks: [(String, (String) -> Void)] = [
            ("leads out", { symlink("../out/secret", $0) }), ("leads out", { symlink("/etc/passwd", $0) }),
            ("leads out", { symlink("nothing", $0) }), ("leads out", { symlink("a/../..", $0) }),
            ("no file", { mkfifo($0, 0o600) }), ("another name", { link(place + "/out/secret", $0) }),
        ]
        for (words, attack) in attacks {
            attack(root + "/x")
            #expect(try FileTree.problem(in: root)?.contains(words) == true, "\(words)")
            unlink(root + "/x")
        }
    }

    @Test("a claimed tree has no modes that others could use, and nothing outside of it is touched")
    func claim() throws {
        defer { remove() }
        chmod(root + "/a", 0o777)
        chmod(root + "/a/file", 0o6666)
        chmod(root + "/a/b", 0o700)
        chmod(place + "/out/secret", 0o600)
        symlink("../../out/secret", root + "/a/link")
        symlink("../out", root + "/escape")
        try FileTree.claim(root, user: geteuid() == 0 ? 60000 : nil)
        func mode(_ path: String) -> mode_t {
            var status = stat()
            lstat(path, &status)
            return status.st_mode & 0o7777
        }
        #expect(mode(root + "/a") == 0o755 && mode(root + "/a/file") == 0o644 && mode(root + "/a/b") == 0o755)
        #expect(mode(place + "/out/secret") == 0o600)
        if geteuid() == 0 {
            var status = stat()
            #expect(lstat(root + "/a/file", &status) == 0 && status.st_uid == 60000)
            #expect(lstat(place + "/out/secret", &status) == 0 && status.st_uid == 0)
        }
    }

    @Test("copies are files of their own, merge directories, and never go through a link of the image")
    func copies() throws {
        defer { remove() }
        let tree = place + "/tree"
        mkdir(tree, 0o755)
        let copy = TreeCopy(root: root, tree: tree)
        try copy.place("./a", at: "/app/data")
        try copy.place("nothing", at: "/app/none")
        var status = stat()
        #expect(lstat(tree + "/app/data/file", &status) == 0 && status.st_nlink == 1)
        #expect(lstat(root + "/a/file", &status) == 0 && status.st_nlink == 1)
        #expect(!FileManager.default.fileExists(atPath: tree + "/app/none"))
        // One copy leaves a link that leads out of the tree, the next one has a directory of its name.
        try FileManager.default.createDirectory(atPath: root + "/s/data", withIntermediateDirectories: true)
        try "x".write(toFile: root + "/s/data/planted", atomically: false, encoding: .utf8)
        try FileManager.default.removeItem(atPath: tree + "/app/data")
        symlink("../../../out", tree + "/app/data")
        try copy.place("s", at: "/app")
        #expect(!FileManager.default.fileExists(atPath: place + "/out/planted"))
        #expect(FileManager.default.fileExists(atPath: tree + "/app/data/planted"))
        for (source, destination) in [
            ("../out", "/app/x"), ("a/../../out", "/app/x"), ("a", "/../x"), ("a", "/"),
        ] {
            #expect(throws: BuildFailure.self) { try copy.place(source, at: destination) }
        }
    }

    @Test("what a directory takes is counted once per file, and counting ends with the limit")
    func usage() throws {
        defer { remove() }
        try Data(count: 4 << 20).write(to: URL(fileURLWithPath: root + "/large"))
        link(root + "/large", root + "/again")
        let usage = DiskUsage.of(root)
        #expect(usage.bytes >= 4 << 20 && usage.bytes < 5 << 20)
        #expect(usage.files == 5)
        var small = DiskUsage(limit: DiskLimit(bytes: 1 << 20))
        small.add(directory: root)
        #expect(small.problem?.contains("1 MiB") == true)
        var few = DiskUsage(limit: DiskLimit(bytes: .max, files: 3))
        few.add(directory: root)
        #expect(few.problem?.contains("3 files") == true)
        var none = DiskUsage(limit: DiskLimit(bytes: 0))
        none.add(directory: root + "/nothing")
        #expect(none.problem == nil)
    }

    @Test("a file that is deleted and open counts")
    func deleted() throws {
        defer { remove() }
        let file = open(root + "/gone", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(file) }
        let bytes = [UInt8](repeating: 1, count: 2 << 20)
        #expect(write(file, bytes, bytes.count) == bytes.count)
        unlink(root + "/gone")
        fsync(file)
        var usage = DiskUsage(limit: DiskLimit(bytes: .max))
        usage.add(deletedFilesOf: [getpid()])
        #expect(usage.bytes >= 2 << 20)
    }
}
