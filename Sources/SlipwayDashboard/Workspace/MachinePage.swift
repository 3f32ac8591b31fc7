// The machine: the sizes on offer, what replicas get here, and what is missing.

import SlipwayControl
import SlipwayCore

enum MachinePage {
    static func add(to routes: Routes) {
        routes.page("/machine", is: "GET /v1/instance_types", make)
    }

    private static func make(_ visit: Visit) async throws -> Page {
        let types = visit.control.instanceTypes
        let machine = await visit.control.machine()
        let problem = await visit.control.storageProblem()
        return Page(title: "Machine", area: .machine) { markup in
            markup.heading("Machine")
            if let problem { markup.el(.p, problem, .class("notice bad"), .role("alert")) }
            markup.section("Instance types", id: "h-types") { markup.types(types) }
            markup.section("What replicas get here", id: "h-facts") {
                markup.el(.ul, .class("checks")) {
                    for gap in machine.missing {
                        markup.el(.li) {
                            markup.badge("Missing", .bad)
                            markup.text(" \(gap)")
                        }
                    }
                    for fact in machine.facts {
                        markup.el(.li) {
                            markup.badge("OK", .ok)
                            markup.text(" \(fact)")
                        }
                    }
                }
            }
        }
    }
}

extension Markup {
    fileprivate func types(_ types: [InstanceType]) {
        table("Instance types", ["Id", "Name", "vCPU", "Memory", "GPU", "Price per minute"]) {
            for type in types {
                el(.tr) {
                    el(.th, .scope("row")) { el(.code, type.id) }
                    el(.td, type.name)
                    el(.td, Chart.short(Double(type.millicpu) / 1000), .class("number"))
                    el(.td, "\(Chart.short(Double(type.memoryMiB) / 1024)) GiB", .class("number"))
                    el(.td, type.gpuCount == 0 ? "–" : "\(type.gpuCount) × \(type.gpuType ?? "?")")
                    el(
                        .td, type.pricePerMinute == 0 ? "–" : Chart.short(type.pricePerMinute),
                        .class("number"))
                }
            }
        }
    }
}
