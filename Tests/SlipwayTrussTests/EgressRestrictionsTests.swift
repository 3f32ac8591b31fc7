// `runtime.egress_restrictions` is honoured or refused, never passed over.

import Testing

@testable import SlipwayTruss

@Suite struct EgressRestrictionsTests {
    private func config(_ restrictions: String) throws -> TrussConfig {
        try TrussConfig(yaml: "model_name: x\nruntime:\n  egress_restrictions: \(restrictions)\n")
    }

    @Test("without restrictions everything outside is reached, with two empty lists nothing")
    func emptyLists() throws {
        for text in ["null", "~"] {
            let open = try config(text)
            #expect(open.egress == nil && open.allowedAddresses == nil)
        }
        for text in ["{}", "{ip_allow_list: [], fqdn_allow_list: null}", "{fqdn_allow_list: []}"] {
            #expect(try config(text).egress == .closed, "\(text)")
        }
        let both = "model_metadata: {slipway: {egress: open}}\nruntime: {egress_restrictions: {}}\n"
        #expect(try TrussConfig(yaml: both).egress == .closed)
    }

    @Test("addresses and ranges are read as what they cover")
    func addresses() throws {
        let some = try config("{ip_allow_list: [1.1.1.1, 8.8.8.8/32, 192.0.2.77/24, 0.0.0.0/0]}")
        #expect(some.egress == nil)
        #expect(
            some.allowedAddresses?.map(\.description) == ["1.1.1.1", "8.8.8.8", "192.0.2.0/24", "0.0.0.0/0"])
    }

    @Test(
        "what cannot be enforced is refused by name",
        arguments: [
            ("{fqdn_allow_list: [huggingface.co]}", "fqdn_allow_list"),
            ("{ip_allow_list: [huggingface.co]}", "ip_allow_list[0]"),
            ("{ip_allow_list: ['::1']}", "ip_allow_list[0]"),
            ("{ip_allow_list: [1.1.1.1, 1.1.1.1/33]}", "ip_allow_list[1]"),
            ("{ip_allow_list: ['1.1.1.1 accept; drop']}", "ip_allow_list[0]"),
            ("{ip_allow_list: ['010.1.1.1']}", "ip_allow_list[0]"),
            ("{ip_allow_list: ['1.1.1.1\\n']}", "ip_allow_list[0]"),
            ("{ip_allow_list: [1.1]}", "ip_allow_list[0]"), ("{ip_allow_list: 1.1.1.1}", "ip_allow_list"),
            ("[1.1.1.1]", "egress_restrictions"), ("{ip_allow_lst: [1.1.1.1]}", "ip_allow_lst"),
        ])
    func refused(restrictions: String, key: String) {
        let error = #expect(throws: ConfigError.self) { try config(restrictions) }
        #expect(
            error?.problems.contains { $0.path.hasSuffix(key) && $0.line != nil } == true, "\(restrictions)")
    }
}
