// The XML documents this service answers with.

enum S3XML {
    private static let declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    private static let namespace = "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\""

    static func error(_ error: S3Error, resource: String) -> String {
        declaration + "<Error>" + element("Code", error.code.rawValue) + element("Message", error.message)
            + element("Resource", resource) + "</Error>"
    }

    static func created(bucket: String, key: String, uploadID: String) -> String {
        declaration + "<InitiateMultipartUploadResult \(namespace)>" + element("Bucket", bucket)
            + element("Key", key) + element("UploadId", uploadID) + "</InitiateMultipartUploadResult>"
    }

    static func completed(bucket: String, key: String, etag: String) -> String {
        declaration + "<CompleteMultipartUploadResult \(namespace)>"
            + element("Location", "/\(bucket)/\(key)") + element("Bucket", bucket) + element("Key", key)
            + element("ETag", "\"\(etag)\"") + "</CompleteMultipartUploadResult>"
    }

    private static func element(_ name: String, _ text: String) -> String {
        "<\(name)>\(escape(text))</\(name)>"
    }

    private static func escape(_ text: String) -> String {
        var output = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": output += "&amp;"
            case "<": output += "&lt;"
            case ">": output += "&gt;"
            case "\"": output += "&quot;"
            case _ where character.value < 0x20 || (0xFFFE...0xFFFF).contains(character.value): output += "?"
            default: output.unicodeScalars.append(character)
            }
        }
        return output
    }
}
