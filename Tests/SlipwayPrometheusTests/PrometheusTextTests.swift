import Testing

@testable import SlipwayPrometheus

@Suite struct PrometheusTextTests {
    @Test func familiesAreWrittenInTheTextFormat() {
        var counter = MetricFamily("requests_total", .counter, help: "All of them.\nReally \\ all.")
        counter.add(3, [.init("model", "a \"b\" \\ c\nd"), .init("status", "200")])
        counter.add(0.5, [])
        let empty = MetricFamily("nothing", .gauge, help: "None.")
        #expect(
            PrometheusText.write([counter, empty]) == #"""
                # HELP requests_total All of them.\nReally \\ all.
                # TYPE requests_total counter
                requests_total{model="a \"b\" \\ c\nd",status="200"} 3
                requests_total 0.5
                # HELP nothing None.
                # TYPE nothing gauge

                """#)
    }

    @Test func aHistogramHasCumulativeBucketsUpToInfinity() {
        var family = MetricFamily("seconds", .histogram, help: "Time.")
        family.add(buckets: [(0.001, 1), (2, 4)], sum: 9.25, count: 5, [.init("id", "x")])
        #expect(
            PrometheusText.write([family]).split(separator: "\n").dropFirst(2) == [
                #"seconds_bucket{id="x",le="0.001"} 1"#, #"seconds_bucket{id="x",le="2"} 4"#,
                #"seconds_bucket{id="x",le="+Inf"} 5"#, #"seconds_sum{id="x"} 9.25"#,
                #"seconds_count{id="x"} 5"#,
            ])
    }

    @Test(arguments: [(1.0, "1"), (-0.25, "-0.25"), (.nan, "NaN"), (-.infinity, "-Inf"), (1e300, "1e+300")])
    func numbersAreOnesPrometheusReads(_ value: Double, _ text: String) {
        #expect(PrometheusText.number(value) == text)
    }
}
