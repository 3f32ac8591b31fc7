// `slipway instance-types`: what replicas can run on.

import ArgumentParser
import SlipwayAPI

struct InstanceTypes: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the instance types.",
        subcommands: [List.self, Get.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the instance types.")
        @OptionGroup var options: ClientOptions

        func run() async throws {
            try options.printer.list(
                await options.connect().document("GET", "/v1/instance_types"), items: "instance_types",
                columns: [
                    Column("ID", "id"), Column("NAME", "name"), Column("MILLI-CPU", "millicpu_limit"),
                    Column("MEMORY MiB", "memory_limit_mib"), Column("GPU", "gpu_type"),
                    Column("GPUS", "gpu_count"),
                ])
        }
    }

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show an instance type.")
        @Argument(help: "Name or id.") var type: String
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let all = try await options.connect().document("GET", "/v1/instance_types")
                .self["instance_types"].elements
                .map { Named($0, id: "id", name: "name") }
            try options.printer.one(Choice.pick(type, kind: "instance type", among: all).document)
        }
    }
}
