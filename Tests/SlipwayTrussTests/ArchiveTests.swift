// Archives: good ones arrive whole, hostile ones leave nothing behind.

import Foundation
import Testing

@testable import SlipwayTruss

@Suite struct ArchiveTests {
    @Test(
        "what the system says of a failed write is kept as its number: a full disk is no fault of the archive"
    )
    func code() {
        let error = #expect(throws: ArchiveError.self) {
            try TrussArchive.unpack(archive: "/nothing", into: "/dev/null/below")
        }
        guard case .cannotWrite(_, _, let code)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(code == ENOTDIR)
    }

    @Test("two archives whose files differ anywhere differ, not in their first bytes alone")
    func fingerprints() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("prints-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var content = Data(repeating: 65, count: 3 << 20)
        var prints: [[String: Int]] = []
        for position in [nil, 81, 1 << 20, content.count - 1] {
            if let position { content[position] += 1 }
            let path = "\(folder)/\(prints.count).tar"
            let writer = try TarWriter(path: path)
            try writer.beginFile(
                TarEntry(name: "./w.bin", kind: .file, size: Int64(content.count), isExecutable: false))
            try writer.write(content)
            try writer.endFile(size: Int64(content.count))
            try writer.finish()
            prints.append(try TrussArchive.fingerprints(archive: path))
        }
        #expect(Set(prints.map { $0["w.bin"] }).count == 4)
        #expect(try TrussArchive.fingerprints(archive: "\(folder)/3.tar") == prints[3])
    }

    let target = FileManager.default.temporaryDirectory.appendingPathComponent("unpacked-\(UUID())").path

    func unpack(_ tar: TarBuilder, cut: Int = 0, limits: ArchiveLimits = ArchiveLimits()) throws {
        try TrussArchive.unpack(archive: tar.write(truncatedBy: cut), into: target, limits: limits)
    }

    func content(_ name: String) -> String? {
        try? String(contentsOfFile: target + "/" + name, encoding: .utf8)
    }

    @Test("files, directories, long names and links inside arrive whole")
    func good() throws {
        var tar = TarBuilder()
        tar.add(.init(name: "./model/", type: "5"))
        tar.add("./config.yaml", "model_name: x")
        tar.add(.init(name: "run.sh", mode: "0004755"), "#!/bin/sh")
        let long = String(repeating: "directory/", count: 15) + "file.py"
        tar.pax("path", long)
        tar.add("short", "long content")
        tar.add(.init(name: "././@LongLink", type: "L"), long + ".gnu\0")
        tar.add("short", "gnu content")
        tar.add(.init(name: "model/link", type: "2", link: "../config.yaml"))
        try unpack(tar)
        #expect(content("config.yaml") == "model_name: x")
        #expect(content(long) == "long content")
        #expect(content(long + ".gnu") == "gnu content")
        #expect(content("model/link") == "model_name: x")
        let mode =
            try FileManager.default.attributesOfItem(atPath: target + "/run.sh")[.posixPermissions] as? Int
        #expect(mode.map { $0 & 0o7111 } == 0o111)
    }

    static let hostile: [(String, TarBuilder.Header)] = [
        ("climbs", .init(name: "../outside")), ("climbs inside", .init(name: "a/../../outside")),
        ("absolute", .init(name: "/tmp/outside")), ("control", .init(name: "a\u{7}b")),
        ("newline", .init(name: "a\nb")), ("hard link", .init(name: "h", type: "1", link: "config.yaml")),
        ("device", .init(name: "d", type: "3")), ("block", .init(name: "d", type: "4")),
        ("pipe", .init(name: "p", type: "6")), ("unknown", .init(name: "u", type: "Z")),
        ("link out", .init(name: "l", type: "2", link: "../../etc/passwd")),
        ("absolute link", .init(name: "l", type: "2", link: "/etc/passwd")),
        ("deep link out", .init(name: "a/b/l", type: "2", link: "../../../x")),
        ("bad checksum", .init(name: "c", breaksChecksum: true)),
        // A slash and a mark on it are one character to Swift, and a slash to the kernel.
        ("marked slash", .init(name: "../\u{301}outside")),
        ("marked climb", .init(name: "a/..\u{2F}\u{301}/../../outside")),
        ("marked link", .init(name: "l", type: "2", link: "../\u{301}/../..")),
        ("control in link", .init(name: "l", type: "2", link: "a\u{1}")),
        ("signed size", .init(name: "s", rawSize: "+0000000001")),
        ("negative size", .init(name: "s", rawSize: "-0000000001")),
    ]

    @Test("hostile entries are refused and nothing remains", arguments: hostile)
    func refused(name: String, header: TarBuilder.Header) throws {
        var tar = TarBuilder()
        tar.add("config.yaml", "model_name: x")
        tar.add(header, header.type == "0" ? "x" : "")
        #expect(throws: ArchiveError.self) { try unpack(tar) }
        #expect(!FileManager.default.fileExists(atPath: target))
        #expect(!FileManager.default.fileExists(atPath: target + ".unpacking"))
        #expect(
            !FileManager.default.fileExists(
                atPath: (target as NSString).deletingLastPathComponent + "/outside"))
    }

    @Test("no file is written through a link, nor does a chain of links lead out")
    func throughLinks() throws {
        var through = TarBuilder()
        through.add(.init(name: "model", type: "2", link: "data"))
        through.add("model/model.py", "written")
        #expect(throws: ArchiveError.self) { try unpack(through) }
        var chain = TarBuilder()
        chain.add(.init(name: "a/up", type: "2", link: ".."))
        chain.add(.init(name: "out", type: "2", link: "a/up/.."))
        #expect(throws: ArchiveError.self) { try unpack(chain) }
        var nowhere = TarBuilder()
        nowhere.add(.init(name: "a/up", type: "2", link: ".."))
        nowhere.add(.init(name: "out", type: "2", link: "a/up/../not-there"))
        #expect(throws: ArchiveError.self) { try unpack(nowhere) }
        #expect(!FileManager.default.fileExists(atPath: target))
    }

    @Test("nothing is made below a link, where it could be outside")
    func belowLinks() throws {
        var tar = TarBuilder()
        // Each stays inside as far as its text says; together they lead out, and the last one would be made there.
        tar.add(.init(name: "d/x", type: "2", link: ".."))
        tar.add(.init(name: "e/y", type: "2", link: "../d/x/.."))
        let outside = "outside-\(UUID())"
        tar.add(.init(name: "e/y/\(outside)", type: "2", link: "x"))
        #expect(throws: ArchiveError.self) { try unpack(tar) }
        let parent = (target as NSString).deletingLastPathComponent
        #expect(try FileManager.default.contentsOfDirectory(atPath: parent).contains(outside) == false)
    }

    @Test(
        "sizes that are no sizes are refused by every reader, and none of them traps or turns back",
        arguments: [
            "-512", "-9223372036854775808", "9223372036854775807", "9223372036854775296", "+1", "x", "",
        ])
    func paxSizes(_ size: String) throws {
        var tar = TarBuilder()
        tar.add("first", "x")
        tar.pax("size", size)
        tar.add("file", "x")
        tar.add("config.yaml", "x")
        let archive = try tar.write()
        #expect(throws: ArchiveError.self) { try TrussArchive.readConfig(archive: archive) }
        #expect(throws: ArchiveError.self) { try TrussArchive.fingerprints(archive: archive) }
        #expect(throws: ArchiveError.self) { try TrussArchive.unpack(archive: archive, into: target) }
    }

    @Test("headers about headers are few")
    func manyMetadata() throws {
        var tar = TarBuilder()
        for number in 0..<20 { tar.pax("key\(number)", "value") }
        tar.add("config.yaml", "x")
        #expect(throws: ArchiveError.self) { try TrussArchive.readConfig(archive: tar.write()) }
    }

    @Test("a bomb is stopped by its declared size, too many entries by their count")
    func limits() throws {
        var limits = ArchiveLimits()
        limits.bytes = 10
        var bomb = TarBuilder()
        bomb.add(.init(name: "zeros", size: 1 << 30), "x")
        #expect(throws: ArchiveError.tooLarge(limit: 10)) { try unpack(bomb, limits: limits) }
        limits.entries = 2
        var many = TarBuilder()
        for number in 0..<3 { many.add("file\(number)") }
        #expect(throws: ArchiveError.tooManyEntries(limit: 2)) { try unpack(many, limits: limits) }
        #expect(!FileManager.default.fileExists(atPath: target))
    }

    @Test("truncated files and files that are no tar are told apart from good ones")
    func damage() throws {
        var tar = TarBuilder()
        tar.add("config.yaml", String(repeating: "x", count: 2000))
        #expect(throws: ArchiveError.truncated) { try unpack(tar, cut: 2048) }
        let noise = FileManager.default.temporaryDirectory.appendingPathComponent("noise-\(UUID())").path
        try Data(repeating: 65, count: 4096).write(to: URL(fileURLWithPath: noise))
        #expect(throws: ArchiveError.damagedHeader(at: 0)) {
            try TrussArchive.unpack(archive: noise, into: target)
        }
    }

    @Test("the config is read without unpacking, and only from the root")
    func config() throws {
        for name in ["config.yaml", "./config.yaml"] {
            var tar = TarBuilder()
            tar.add("model/config.yaml", "wrong")
            tar.add(name, "model_name: right")
            #expect(try TrussArchive.readConfig(archive: tar.write()) == "model_name: right")
        }
        // What is checked is what is used, however it is spelt.
        var twice = TarBuilder()
        twice.add("config.yaml", "model_name: wrong")
        twice.add(".//config.yaml", "model_name: right")
        #expect(try TrussArchive.readConfig(archive: twice.write()) == "model_name: right")
        try unpack(twice)
        #expect(content("config.yaml") == "model_name: right")
        var none = TarBuilder()
        none.add("model/config.yaml", "wrong")
        #expect(try TrussArchive.readConfig(archive: none.write()) == nil)
    }
}
