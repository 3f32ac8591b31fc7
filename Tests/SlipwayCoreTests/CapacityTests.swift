import SlipwayCore
import Testing

@Suite struct CapacityTests {
    private let machine = Machine(
        millicpu: 8000, memoryMiB: 32768,
        gpus: [
            GPU(index: 0, type: "L4", memoryMiB: 23034), GPU(index: 1, type: "L4", memoryMiB: 23034),
            GPU(index: 2, type: "T4", memoryMiB: 15360),
        ])

    private func type(_ millicpu: Int, _ memory: Int, gpus: Int = 0, _ kind: String? = nil) -> InstanceType {
        InstanceType(
            id: "x", name: "x", millicpu: millicpu, memoryMiB: memory, gpuCount: gpus, gpuType: kind)
    }

    @Test func gpusAreGivenByIndexAndNeverTwice() {
        let capacity = Capacity(machine: machine)
        let one = type(1000, 1024, gpus: 1, "L4")
        #expect(
            capacity.place(one, beside: [])
                == .fits(Reservation(millicpu: 1000, memoryMiB: 1024, gpus: [0])))
        #expect(
            capacity.place(one, beside: [Reservation(gpus: [0])])
                == .fits(Reservation(millicpu: 1000, memoryMiB: 1024, gpus: [1])))
        #expect(
            capacity.place(one, beside: [Reservation(gpus: [0]), Reservation(gpus: [1])])
                == .waits(reason: "1 × L4, 0 free"))
        #expect(
            capacity.place(type(1000, 1024, gpus: 2, "L4"), beside: [Reservation(gpus: [1])])
                == .waits(reason: "2 × L4, 1 free"))
        #expect(
            capacity.place(type(1000, 1024, gpus: 1, "H100"), beside: [])
                == .waits(reason: "1 × H100, 0 free"))
    }

    @Test func cpuAndMemoryCountOnlyWhenAskedTo() {
        let large = type(8000, 32768)
        let held = [Reservation(millicpu: 1000, memoryMiB: 2048)]
        #expect(Capacity(machine: machine).place(large, beside: held) != .waits(reason: ""))
        let strict = Capacity(machine: machine, policy: .all)
        #expect(strict.place(large, beside: held) == .waits(reason: "32768 MiB of memory, 30720 MiB free"))
        #expect(
            strict.place(type(8000, 1024), beside: held) == .waits(reason: "8000 millicpu, 7000 free"))
        #expect(
            strict.place(large, beside: []) == .fits(Reservation(millicpu: 8000, memoryMiB: 32768)))
    }

    @Test func everyKindOfGPUGetsTypesWithItsShareOfTheMachine() {
        let catalogue = InstanceCatalogue.standard(for: machine)
        let gpus = catalogue.types.filter { $0.gpuCount > 0 }.map(\.id)
        #expect(gpus == ["L4x2x10", "L4:2x5x21", "T4x2x10"])
        #expect(
            catalogue.smallest(fitting: ResourceRequest(gpuCount: 2, gpuType: "L4"))?.id == "L4:2x5x21")
        #expect(catalogue.smallest(fitting: ResourceRequest())?.id == "1x2")
        #expect(catalogue.smallest(fitting: ResourceRequest(gpuCount: 1, gpuType: "H100")) == nil)
    }
}
