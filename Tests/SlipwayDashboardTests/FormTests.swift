import HTTPTypes
import Hummingbird
import NIOCore
import SlipwayControl
import SlipwayCore
import Testing

@testable import SlipwayDashboard

@Suite("Forms and where they come from")
struct FormTests {
    private func request(_ headers: [(HTTPField.Name, String)]) -> Request {
        var fields = HTTPFields()
        for (name, value) in headers { fields.append(HTTPField(name: name, value: value)) }
        return Request(
            head: HTTPRequest(
                method: .post, scheme: "http", authority: "localhost:8000", path: "/", headerFields: fields),
            body: RequestBody(buffer: ByteBuffer()))
    }

    @Test("a request that a browser says is another site's is refused, whatever else it has")
    func origins() {
        #expect(FormGuard.isFromHere(request([(.secFetchSite, "same-origin")])))
        #expect(FormGuard.isFromHere(request([(.origin, "http://localhost:8000")])))
        #expect(FormGuard.isFromHere(request([(.origin, "null")])))
        #expect(FormGuard.isFromHere(request([])))
        for site in ["cross-site", "same-site", "none", "", "same-origin, cross-site"] {
            #expect(
                !FormGuard.isFromHere(request([(.secFetchSite, site), (.origin, "http://localhost:8000")])),
                "\(site)")
        }
        for origin in [
            "https://elsewhere.example", "http://localhost:8001", "http://localhost", "localhost:8000",
        ] {
            #expect(!FormGuard.isFromHere(request([(.origin, origin)])), "\(origin)")
        }
    }

    @Test("tokens are the same or not")
    func tokens() {
        #expect(FormGuard.isSame("abc", "abc"))
        for other in ["abd", "ab", "abcd", ""] { #expect(!FormGuard.isSame("abc", other)) }
    }

    @Test("cookies are found among others, in one field or several")
    func cookies() {
        let request = request([(.cookie, "a=1; slipway_session=xyz; b=2"), (.cookie, "c=3=4")])
        #expect(Cookies.value(of: "slipway_session", in: request) == "xyz")
        #expect(Cookies.value(of: "c", in: request) == "3=4")
        #expect(Cookies.value(of: "session", in: request) == nil)
    }

    @Test("a cookie is for TLS alone when the browser came by TLS")
    func secure() {
        #expect(
            Cookies.set("a", "b", maxAge: nil, request([(.forwardedProto, "https")])).hasSuffix("; Secure"))
        let plain = Cookies.set("a", "b", maxAge: 60, request([(.forwardedProto, "http")]))
        #expect(plain == "a=b; Path=/; HttpOnly; SameSite=Strict; Max-Age=60")
    }

    @Test("forms are decoded, and what cannot be decoded is refused")
    func decoding() throws {
        let form = try FormFields("user=1+2%26&b=%C3%A9&user=last&empty=&flag".utf8)
        #expect(form["user"] == "last" && form.all("user") == ["1 2&", "last"] && form["b"] == "é")
        #expect(form["empty"] == "" && form["flag"] == "" && form["missing"] == nil)
        for broken in ["a=%", "a=%4", "a=%zz", "a=%ff", "%=1"] {
            #expect(throws: ControlError.self, "\(broken)") { try FormFields(broken.utf8) }
        }
        #expect(throws: ControlError.self) { try form.require(only: ["user", "b", "empty"]) }
        try form.require(only: ["user", "b", "empty", "flag"])
    }

    @Test("a form has a bounded number of fields, each once, and none that it was not asked for")
    func bounds() throws {
        let many = String(repeating: "a&", count: 500_000)
        #expect(throws: ControlError.self) { try FormFields(many.utf8) }
        #expect(throws: ControlError.self) { try FormFields("q=%00".utf8) }
        #expect(throws: ControlError.self) { try FormFields("a=1&a=2".utf8).require(only: ["a"]) }
        #expect(throws: ControlError.self) { try FormFields("a=1&b=2".utf8).require(only: ["a"]) }
        try FormFields("user=1&user=2&a=1".utf8).require(only: ["a", "user"])
    }

    @Test("numbers are whole, and a field that is empty has none")
    func numbers() throws {
        let form = try FormFields("a=12&b=+7+&c=&d=1.5&e=99999999999999999999&f=-3".utf8)
        for (name, number) in [("a", 12), ("b", 7), ("c", nil), ("f", -3)] {
            let read = try form.number(name)
            #expect(read == number)
        }
        for name in ["d", "e"] { #expect(throws: ControlError.self) { try form.number(name) } }
    }

    @Test("a problem belongs to the field it begins with, not to one with a longer name")
    func problems() {
        let refused = RefusedForm(
            path: "/", fields: FormFields(), message: "min_replica (3) must not be above max_replica (1).")
        #expect(refused.problem(with: "min_replica") != nil)
        #expect(refused.problem(with: "min") == nil && refused.problem(with: "max_replica") == nil)
    }

    @Test("the autoscaling form gives back the settings it was made of")
    func expectations() throws {
        let settings = AutoscalingSettings(
            minReplica: 2, maxReplica: 9, autoscalingWindow: 33, scaleDownDelay: 44, maxScaleDownRate: 5,
            concurrencyTarget: 6, targetUtilizationPercentage: 77, targetInFlightTokens: 88)
        let pairs = AutoscalingForm.entries.map { entry in
            "\(AutoscalingForm.was(entry.name))=\(entry.read(settings) ?? 0)&\(entry.name)=\(entry.read(settings) ?? 0)"
        }
        let form = try FormFields(pairs.joined(separator: "&").utf8)
        #expect(try AutoscalingForm.expected(form) == settings)
        #expect(try settings.applying(AutoscalingForm.change(form)) == settings)
    }
}

@Suite("Charts and snippets")
struct ChartTests {
    private func chart(_ values: [Double?]) -> Chart {
        let times = values.indices.map { Timestamp(microseconds: Int64($0) * 60_000_000) }
        return Chart(
            title: "t", unit: "", times: times,
            end: Timestamp(microseconds: Int64(max(1, values.count)) * 60_000_000),
            series: [Chart.Series(name: "s", values: values)])
    }

    @Test("a line is broken where nothing was measured, and stays within the drawing")
    func lines() {
        let chart = chart([nil, 1, 2, nil, .infinity, 5])
        let lines = chart.lines(of: chart.series[0])
        #expect(lines.count == 2)
        #expect(lines[1] == "500,2 500,2")
        #expect(chart.top == 5)
        let empty = self.chart([])
        #expect(empty.lines(of: empty.series[0]).isEmpty)
        for huge in [1e300, .greatestFiniteMagnitude, 1e-300, -1e300, .nan] {
            _ = self.chart([huge]).lines(of: self.chart([huge]).series[0])
            _ = Chart.short(huge)
        }
    }

    @Test("what a person typed stays one argument of the shell and one string of Python")
    func snippets() {
        let snippets = Snippets(url: "http://localhost:8000/x", body: "{\"a\": \"it's\n\\u0041\"}")
        #expect(snippets.curl.contains(#"--data '{"a": "it'\''s"#))
        #expect(snippets.python.contains(#"json.loads("{\"a\": \"it's\n\\u0041\"}")"#))
    }

    @Test("a target of the playground is a name or a deployment, never a path")
    func targets() {
        #expect(PlaygroundPage.Target(text: "production")?.route == "/production/predict")
        #expect(PlaygroundPage.Target(text: "staging")?.route == "/environments/staging/predict")
        #expect(PlaygroundPage.Target(text: "deployment/abc1234")?.route == "/deployment/abc1234/predict")
        for text in [
            "", "/", "..", "a/b", "deployment/", "deployment/a/b", "a?b", "deployment/..", "A", "a b",
        ] {
            #expect(PlaygroundPage.Target(text: text) == nil, "\(text)")
        }
    }
}
