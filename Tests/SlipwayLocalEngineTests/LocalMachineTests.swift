import SlipwayCore
import Testing

@testable import SlipwayLocalEngine

@Suite struct LocalMachineTests {
    @Test(
        "lines of nvidia-smi",
        arguments: [
            ("0, NVIDIA L4, 23034", GPU(index: 0, type: "L4", memoryMiB: 23034)),
            ("1, Tesla T4, 15360", GPU(index: 1, type: "T4", memoryMiB: 15360)),
            ("2, NVIDIA A100-SXM4-80GB, 81920", GPU(index: 2, type: "A100", memoryMiB: 81920)),
            ("3, NVIDIA A100-PCIE-40GB, 40960", GPU(index: 3, type: "A100_40GB", memoryMiB: 40960)),
            ("4, NVIDIA H100 80GB HBM3, 81559", GPU(index: 4, type: "H100", memoryMiB: 81559)),
            ("5, NVIDIA GeForce RTX 4090, 24564", GPU(index: 5, type: "RTX_4090", memoryMiB: 24564)),
            ("No devices were found", nil), ("x, NVIDIA L4, 1", nil), ("", nil),
        ] as [(String, GPU?)])
    func lines(_ line: String, _ expected: GPU?) {
        #expect(LocalMachine.gpu(fromLine: line) == expected)
    }
}
