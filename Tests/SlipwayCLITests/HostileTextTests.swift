import Foundation
import SlipwayAPI
import Testing
import Yams

@testable import SlipwayCLI

@Suite("Text of others")
struct HostileTextTests {
    private static let hostile = "a\u{1B}]0;x\u{7}\u{7F}\u{9B}31m\u{202E}b\u{E0001}\n\"日"

    private func holdsControl(_ text: String) -> Bool { text.printable(lines: true) != text }

    @Test("a document on a terminal holds nothing that controls it, and stays the same document")
    func documents() throws {
        let document: JSONValue = ["k\u{202E}": .string(Self.hostile), "list": [.string(Self.hostile)]]
        let terminal = Terminal(outputIsTerminal: true)
        let json = DocumentText.shown(try Printer.text(document, .json), .json, on: terminal)
        #expect(!holdsControl(json) && json.contains("\\u202e") && json.contains("\\u009b"))
        #expect(WireJSON.value(from: Array(json.utf8)) == document)
        let yaml = DocumentText.shown(try Printer.text(document, .yaml), .yaml, on: terminal)
        #expect(!holdsControl(yaml) && yaml.contains("\\u202e") && yaml.lowercased().contains("\\u000e0001"))
        let read = try #require(try Yams.load(yaml: yaml) as? [String: Any])
        #expect(read["k\u{202E}"] as? String == Self.hostile)
    }

    @Test("a document that goes elsewhere is left as it is")
    func pipes() throws {
        let text = try Printer.text(["k": "\u{202E}"], .json)
        #expect(DocumentText.shown(text, .json, on: Terminal(outputIsTerminal: false)) == text)
        #expect(text.contains("\u{202E}"))
    }

    @Test("a stream that cannot be written says why and does not end the process")
    func streams() throws {
        let full = open("/dev/full", O_WRONLY)
        defer { close(full) }
        #expect(StandardStream.write([1], to: full) == ENOSPC)
        #expect(StandardStream.write([1], to: -1) == EBADF)
    }

    @Test("all bytes arrive, also where the stream does not block")
    func nonBlocking() async throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        try #require(fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0)
        let (reader, writer) = (ends[0], ends[1])
        let sent = [UInt8](repeating: 7, count: 1 << 20)
        let thread = Thread {
            #expect(StandardStream.write(sent, to: writer) == 0)
            close(writer)
        }
        thread.start()
        let received = FileHandle(fileDescriptor: reader, closeOnDealloc: true).readDataToEndOfFile()
        #expect(received == Data(sent))
    }

    @Test("a secret that is no UTF-8 is refused, not changed")
    func secrets() throws {
        #expect(try InputText.decode(Array("é".utf8), "x") == "é")
        let failure = try #require(throws: CommandFailure.self) { try InputText.decode([0x61, 0xFF], "x") }
        #expect(failure.message == "x is not UTF-8 text. Nothing was changed.")
    }

    @Test("of a refusal no more than a sentence is shown")
    func refusals() {
        #expect(Remote.refusal(in: .init(string: #"{"message": "no"}"#)) == "no")
        #expect(Remote.refusal(in: .init(string: #"{"error": "no"}"#)) == "no")
        #expect(!Remote.refusal(in: .init(string: "\n<!DOCTYPE html><html>")).contains("html"))
        #expect(Remote.refusal(in: .init(string: String(repeating: "x", count: 5000))).count == 1000)
        #expect(Remote.refusal(in: .init()) == "nothing else.")
    }

    @Test("errors of the file system are sentences")
    func files() throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        let error = try #require(throws: (any Error).self) {
            try FileManager.default.contentsOfDirectory(atPath: directory)
        }
        let failure = try #require(CommandFailure(file: error))
        #expect(failure.message.hasPrefix(directory) && !failure.message.contains("Domain"))
        #expect(CommandFailure(file: CommandFailure("other")) == nil)
    }
}
