// `runtime.egress_restrictions`: what replicas may reach outside of this machine.

enum EgressRestrictions {
    static let path = "runtime.egress_restrictions"
    /// More addresses than anyone lists by hand; each is a rule that packets pass.
    static let maxAddresses = 1000

    /// The addresses that may be reached: none of them when both lists are empty. nil without restrictions.
    static func allowed(_ value: ConfigValue?, _ reader: inout ConfigReader) -> [AddressRange]? {
        switch value?.content {
        case nil, .null: return nil
        default: break
        }
        guard !reader.mapping(value, path).isEmpty else { return [] }
        if let names = value?["fqdn_allow_list"], !reader.strings(names, "\(path).fqdn_allow_list").isEmpty {
            reader.fail(
                "\(path).fqdn_allow_list", names,
                "names cannot be enforced by this server; list their addresses in ip_allow_list")
        }
        let list = value?["ip_allow_list"]
        let texts = reader.strings(list, "\(path).ip_allow_list")
        guard texts.count <= maxAddresses else {
            reader.fail("\(path).ip_allow_list", list, "must have at most \(maxAddresses) entries")
            return []
        }
        return texts.enumerated().compactMap { index, text in
            let range = AddressRange(text)
            if range == nil {
                reader.fail(
                    "\(path).ip_allow_list[\(index)]", list,
                    "expected an IPv4 address or range such as 192.0.2.0/24, found \"\(text.prefix(60))\"")
            }
            return range
        }
    }
}
