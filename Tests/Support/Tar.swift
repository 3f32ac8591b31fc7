// Makes the archives the tests push: an uncompressed ustar file as the official client uploads it.

import Foundation

public enum Tar {
    /// A minimal Truss whose `config.yaml` names the model.
    public static func truss(named name: String, extra: String = "") -> [UInt8] {
        archive([
            ("config.yaml", "model_name: \(name)\n\(extra)"),
            ("model/model.py", "class Model:\n    def predict(self, value):\n        return value\n"),
        ])
    }

    public static func archive(_ files: [(name: String, text: String)]) -> [UInt8] {
        var bytes: [UInt8] = []
        for (name, text) in files {
            let content = Array(text.utf8)
            var header = [UInt8](repeating: 0, count: 512)
            func put(_ text: String, at offset: Int) {
                for (index, byte) in text.utf8.enumerated() { header[offset + index] = byte }
            }
            func octal(_ value: Int, _ width: Int) -> String {
                let digits = String(value, radix: 8)
                return String(repeating: "0", count: width - digits.count) + digits
            }
            put(name, at: 0)
            put(octal(0o644, 7), at: 100)
            put(octal(0, 7), at: 108)
            put(octal(0, 7), at: 116)
            put(octal(content.count, 11), at: 124)
            put(octal(0, 11), at: 136)
            put("        ", at: 148)
            put("0", at: 156)
            put("ustar", at: 257)
            put("00", at: 263)
            put(octal(header.reduce(0) { $0 + Int($1) }, 6), at: 148)
            header[154] = 0
            bytes += header + content
            bytes += [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
        }
        return bytes + [UInt8](repeating: 0, count: 1024)
    }
}
