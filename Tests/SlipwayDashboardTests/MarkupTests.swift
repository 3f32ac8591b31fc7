import SlipwayCore
import Testing

@testable import SlipwayDashboard

@Suite("Markup")
struct MarkupTests {
    private func text(_ build: (Markup) -> Void) -> String {
        let markup = Markup()
        build(markup)
        return String(decoding: markup.bytes, as: UTF8.self)
    }

    static let hostile = [
        "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "' onmouseover='alert(1)",
        "</textarea><script>", "&lt;b&gt;", "a\u{0}b", "</title>", "{{7*7}}",
    ]

    @Test("text and attributes never become markup", arguments: hostile)
    func escaping(name: String) {
        let content = text { $0.el(.p, name) }
        let inside = content.dropFirst(3).dropLast(4)
        #expect(!inside.contains("<") && !inside.contains(">") && !inside.contains("\0"))
        let attribute = text { markup in markup.void(.input, .value(name)) }
        #expect(attribute.filter { $0 == "\"" }.count == 2)
        #expect(attribute.dropFirst().dropLast().allSatisfy { $0 != "<" && $0 != ">" })
    }

    @Test("what is escaped reads as it was")
    func readable() {
        #expect(
            text { $0.el(.td, "a & <b> \"c\" 'd'") } == "<td>a &amp; &lt;b&gt; &quot;c&quot; &#39;d&#39;</td>"
        )
        #expect(text { $0.void(.input, .type("text"), .required) } == "<input type=\"text\" required>")
    }

    @Test("a path has its parts encoded, so that none leads elsewhere")
    func paths() {
        #expect(Path().text == "/")
        #expect(Path("models", "a/../b?c#d").text == "/models/a%2F..%2Fb%3Fc%23d")
        #expect(
            Path("models").query("q", "a&b=c é").query("page", nil).text == "/models?q=a%26b%3Dc%20%C3%A9")
    }

    @Test(
        "only addresses of this server are returned to",
        arguments: [
            "https://elsewhere.example", "//elsewhere.example", "/\\elsewhere.example", "javascript:alert(1)",
            "", "models", "/a b", "/\r\nSet-Cookie: a=b", "/\u{e9}",
        ])
    func foreignReturns(target: String) { #expect(Path(returningTo: target) == nil) }

    @Test("addresses of this server are returned to")
    func ownReturns() { #expect(Path(returningTo: "/models/a?b=c")?.text == "/models/a?b=c") }

    @Test(
        "times are written in UTC",
        arguments: [
            (Int64(0), "1970-01-01T00:00:00Z"), (951_782_400_000_000, "2000-02-29T00:00:00Z"),
            (1_795_943_572_999_999, "2026-11-29T09:12:52Z"), (-1, "1969-12-31T23:59:59Z"),
            (4_107_542_399_000_000, "2100-02-28T23:59:59Z"), (4_107_542_400_000_000, "2100-03-01T00:00:00Z"),
        ])
    func times(microseconds: Int64, text: String) {
        #expect(Timestamp(microseconds: microseconds).iso8601 == text)
    }
}
