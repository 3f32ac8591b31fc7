// Which hosts the operator's settings name for builds, and where they are.

import Foundation
import SlipwaySockets
import Testing

@testable import SlipwayLocalEngine

@Suite("Hosts that the operator names for builds")
struct OperatorHostsTests {
    typealias Host = OperatorHosts.Host

    @Test(
        "A URL names a host and a port, whatever is around it",
        arguments: [
            ("http://127.0.0.1:3141/simple", Host(name: "127.0.0.1", port: 3141)),
            ("https://reader:pass@word@index.corp/simple?x=http", Host(name: "index.corp", port: 443)),
            ("http://[::1]:8080/", Host(name: "::1", port: 8080)),
            ("corp=HTTPS://index.corp:8443", Host(name: "index.corp", port: 8443)),
            ("http://[::1]", Host(name: "::1", port: 80)),
        ])
    func url(_ text: String, _ host: Host) {
        #expect(OperatorHosts(environment: ["UV_INDEX": text], files: []).hosts == [host])
    }

    @Test(
        "What names no host by http names none",
        arguments: [
            "", "://", "http://", "http://:80", "http://[::1", "http://host:0", "http://host:65536",
            "http://host:x",
            "http://host:99999999999999999999", "file:///etc/passwd", "ftp://host/", "/simple",
            "git+ssh://git@host/x",
        ])
    func none(_ text: String) {
        #expect(OperatorHosts(environment: ["PIP_INDEX_URL": text], files: []).hosts == [])
    }

    @Test(
        "Several indexes, proxies with and without a scheme, and settings files are all read; other variables are not"
    )
    func sources() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("uv-\(UUID()).toml").path
        defer { try? FileManager.default.removeItem(atPath: file) }
        try "[[index]]\nurl = \"http://127.0.0.1:9000/simple\", default = true\n# 'http://127.0.0.1:9001'\n"
            .write(
                toFile: file, atomically: true, encoding: .utf8)
        let named = OperatorHosts(
            environment: [
                "UV_EXTRA_INDEX_URL": "http://a:1/simple http://b:2/simple", "HTTPS_PROXY": "127.0.0.1:3128",
                "http_proxy": "http://c:3", "HOME": "http://d:4",
            ], files: [file, "/no/such/file"])
        #expect(
            named.hosts == [
                Host(name: "a", port: 1), Host(name: "b", port: 2), Host(name: "c", port: 3),
                Host(name: "127.0.0.1", port: 3128), Host(name: "127.0.0.1", port: 9000),
                Host(name: "127.0.0.1", port: 9001),
            ])
    }

    @Test("On this machine is what listens here; elsewhere only numbers need a rule")
    func services() throws {
        let listener = try BoundSocket(.internet(address: "127.0.0.1", port: 0))
        defer { listener.close() }
        let port = try #require(listener.endpoint.port)
        let named = OperatorHosts(
            environment: [
                "UV_INDEX_URL":
                    "http://localhost:\(port) http://127.0.0.1:\(port) http://127.0.0.2:1 http://198.18.0.7 http://no-such-host.invalid"
            ], files: [])
        let services = OperatorServices(named, own: [])
        #expect(services.local == [NamedAddress(address: "127.0.0.1", port: port)])
        #expect(services.remote == [NamedAddress(address: "198.18.0.7", port: 80)])
    }

    @Test("Name servers of this machine are told from those outside")
    func nameServers() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("resolv-\(UUID()).conf").path
        defer { try? FileManager.default.removeItem(atPath: file) }
        try
            "# none\nnameserver 127.0.0.11\nnameserver 192.0.2.7\nnameserver 192.0.2.8\nnameserver ::1\nnameserver\n"
            .write(toFile: file, atomically: true, encoding: .utf8)
        #expect(NameServers.onMachine(["192.0.2.7"], file: file) == ["127.0.0.11", "192.0.2.7"])
        #expect(NameServers.outside(of: ["192.0.2.7"], files: [file]) == ["192.0.2.8"])
        #expect(
            NameServers.configuration(["127.0.0.11"], byTCP: true)
                == "nameserver 127.0.0.11\noptions use-vc\n")
    }

    @Test("A named address is accepted by its port before the refused ones are looked at")
    func rules() throws {
        let rules = EgressRules(
            allowed: nil, nameServers: [], own: [], named: [NamedAddress(address: "198.18.0.7", port: 443)])
        let lines = rules.text.split(separator: "\n").map(String.init)
        let accepted = try #require(lines.firstIndex(of: "ip daddr 198.18.0.7 tcp dport 443 accept"))
        let refused = try #require(lines.firstIndex { $0.hasPrefix("ip daddr 198.18.0.0/15 reject") })
        #expect(accepted < refused)
    }
}
