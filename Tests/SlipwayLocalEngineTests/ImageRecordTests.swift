// An image that cannot be read is not one that is gone.

import Foundation
import SlipwayCore
import Testing

@testable import SlipwayLocalEngine

@Suite struct ImageRecordTests {
    @Test("only a record that is not there is said to be missing")
    func missing() throws {
        let root = FileManager.default.temporaryDirectory.path + "/image-\(UUID())"
        defer { try? FileManager.default.removeItem(atPath: root) }
        let image = ImageDirectory(root: root, id: ImageID("abc"))
        #expect(try image.record() == nil)
        // A directory in its place: it can be opened and not be read.
        try FileManager.default.createDirectory(atPath: image.recordPath, withIntermediateDirectories: true)
        #expect(throws: UnreadableImage.self) { try image.record() }
        // A link to itself: it cannot be opened.
        try FileManager.default.removeItem(atPath: image.recordPath)
        try FileManager.default.createSymbolicLink(
            atPath: image.recordPath, withDestinationPath: image.recordPath)
        #expect(throws: UnreadableImage.self) { try image.record() }
    }
}
