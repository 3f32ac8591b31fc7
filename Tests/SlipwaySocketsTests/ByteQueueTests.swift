import SlipwaySockets
import Testing

struct ByteQueueTests {
    private func text(_ queue: borrowing ByteQueue) -> String { String(decoding: queue.bytes, as: UTF8.self) }

    @Test("bytes come out in the order they went in, however they are taken")
    func order() {
        var queue = ByteQueue()
        var expected = ""
        for number in 0..<2000 {
            queue.append("\(number),")
            expected += "\(number),"
            guard number % 3 == 0 else { continue }
            let count = min(5, queue.count)
            queue.removeFirst(count)
            expected.removeFirst(count)
        }
        let (rest, count) = (text(queue), queue.count)
        #expect(rest == expected)
        #expect(count == expected.utf8.count)
        queue.removeAll(keeping: 1_000_000)
        queue.append("again")
        let again = text(queue)
        #expect(again == "again")
    }

    @Test("numbers are written in digits", arguments: [0, 7, 10, 255, 4096, 1_234_567_890])
    func numbers(_ number: Int) {
        var queue = ByteQueue()
        queue.append(decimal: number)
        queue.append(" ")
        queue.append(hexadecimal: number)
        let written = text(queue)
        #expect(written == "\(number) \(String(number, radix: 16))")
    }
}
