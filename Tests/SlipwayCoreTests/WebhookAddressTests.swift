// Which webhooks are refused when they are given, and which at each call.

import Testing

@testable import SlipwayCore

@Suite struct WebhookAddressTests {
    @Test(
        "https anywhere but where clouds keep credentials, http here only",
        arguments: [
            ("https://example.com/hook?x=1", true), ("http://localhost:1234/", true),
            ("http://127.0.0.1/", true), ("http://[::1]:80/", true), ("http://a.localhost/", true),
            ("HTTPS://EXAMPLE.COM", true), ("https://example.com.:443", true), ("https://10.0.0.1", true),
            ("https://[2001:db8::1]/", true), ("https://h_o-st", true), ("https://1.example", true),
            ("http://example.com", false), ("http://localhost.evil.com", false),
            ("http://127.evil.com", false), ("http://127.0.0.1.evil.com", false), ("http://10.0.0.1", false),
            ("file:///etc/passwd", false), ("gopher://localhost", false), ("http+unix://%2Ftmp%2Fx", false),
            ("", false), ("https://", false), ("https:example.com", false), ("//example.com", false),
            ("https://exa mple.com", false), ("https://exa\nmple.com", false),
            ("https://example.com\0", false),
            ("https://bücher.example", false), ("https://exa%6Dple.com", false), ("https://a..b", false),
            ("https://user@169.254.169.254", false), ("https://a:b@example.com", false),
            ("https://example.com\\@169.254.169.254/", false), ("https://example.com:x", false),
            ("https://example.com:99999", false), ("https://[::1]x", false), ("https://[example.com]", false),
            // Link-local and metadata, in every spelling that some reader takes for them.
            ("https://169.254.169.254/latest", false), ("https://2852039166", false),
            ("https://0xa9fea9fe", false), ("https://0xa9.0xfe.0xa9.0xfe", false),
            ("https://0251.0376.0251.0376", false), ("https://169.254.43518", false),
            ("https://169.16689662", false), ("https://169.254.169.254.", false),
            ("https://[fe80::1]", false), ("https://[fe80::1%25eth0]/", false), ("https://[FEBF::1]", false),
            ("https://[::ffff:169.254.1.1]/", false), ("https://[::ffff:a9fe:a9fe]", false),
            ("https://[0:0:0:0:0:ffff:169.254.169.254]", false), ("https://[::169.254.169.254]", false),
            ("https://[64:ff9b::a9fe:a9fe]", false), ("https://[2002:a9fe:a9fe::1]", false),
            ("https://[fd00:ec2::254]", false), ("https://[FD00:0EC2:0:0::254]", false),
            ("https://100.100.100.200", false), ("https://168.63.129.16", false),
            ("https://0.0.0.0", false), ("https://0", false), ("https://0.1.2.3", false),
            ("https://[::]", false),
            ("https://[::ffff:0.0.0.0]", false), ("https://255.255.255.255", false),
            ("https://224.0.0.1", false), ("https://[ff02::1]", false),
            ("https://2130706433", false), ("http://0x7f.1", false), ("http://127.1", false),
            ("http://0177.0.0.1", false),
        ])
    func submission(url: String, good: Bool) {
        let submission = try? AsyncSubmission(
            input: [], webhook: url, priority: nil, maxTimeInQueue: nil, maxAttempts: nil, initialDelay: nil,
            maxDelay: nil)
        #expect((submission != nil) == good, "\(url)")
        let gate = PromotionGate(url: url)
        #expect(((try? gate.check()) != nil) == good, "\(url)")
    }

    @Test("addresses are read in one way only")
    func addresses() {
        for text in [
            "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.", "1.2.3.4 ", "+1.2.3.4", "", ":", ":::",
            "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::8:9", "::12345", "::g", "::+1",
            "::1.2.3", "1.2.3.4::", "::1%lo", "1:2:3:4:5:6:7:1.2.3.4",
        ] { #expect(NetworkAddress(text) == nil, "\(text)") }
        #expect(NetworkAddress("1:2:3:4:5:6:7:8") != nil && NetworkAddress("1:2:3:4:5:6:1.2.3.4") != nil)
        #expect(NetworkAddress("::1") == NetworkAddress("0:0:0:0:0:0:0:1"))
        #expect(NetworkAddress("::") == NetworkAddress("0::0"))
    }

    @Test(
        "at the call the address decides: not into this machine by another's name, not out of it in the clear"
    )
    func calls() throws {
        func refusal(_ address: String, _ host: String, _ allowsLoopback: Bool = true) throws -> String? {
            WebhookAddress.refusal(
                of: try #require(NetworkAddress(address)), host: host, allowsLoopback: allowsLoopback)
        }
        #expect(try refusal("93.184.216.34", "example.com") == nil)
        #expect(try refusal("192.168.1.1", "example.com") == nil)
        #expect(try refusal("127.0.0.1", "localhost") == nil)
        #expect(try refusal("::1", "a.localhost") == nil)
        #expect(try refusal("127.0.0.1", "127.0.0.1") == nil)
        for address in [
            "127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
        ] {
            #expect(try refusal(address, "example.com") != nil, "\(address)")
        }
        for address in [
            "169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "fd00:ec2::254", "0.0.0.0", "::",
            "ff02::1",
        ] { #expect(try refusal(address, "example.com") != nil, "\(address)") }
        #expect(try refusal("93.184.216.34", "evil.localhost") != nil)
        #expect(try refusal("127.0.0.1", "localhost", false) != nil)
        #expect(try refusal("93.184.216.34", "example.com", false) == nil)
    }
}
