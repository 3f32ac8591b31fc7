// The answer to GET and HEAD of a stored object, with at most one range.

enum ObjectAnswer {
    static func make(_ object: BlobDirectory.Object, range header: String?, head: S3RequestHead) -> S3Response
    {
        let isHead = head.method == "HEAD"
        let common: [(name: String, value: String)] = [
            ("Accept-Ranges", "bytes"), ("ETag", "\"\(object.etag)\""),
            ("Last-Modified", AmzDate.http(object.modified)),
            ("Content-Type", "application/octet-stream"),
        ]
        let whole = 0..<object.size
        func answer(_ status: Int, _ range: Range<Int64>, _ extra: [(name: String, value: String)])
            -> S3Response
        {
            S3Response(
                status: status, headers: common + extra + [("Content-Length", String(range.count))],
                body: isHead || range.isEmpty ? .none : .file(path: object.path, range: range), error: nil)
        }
        switch isHead ? .whole : ByteRange.select(header, size: object.size) {
        case .whole: return answer(200, whole, [])
        case .part(let range):
            let value = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(object.size)"
            return answer(206, range, [("Content-Range", value)])
        case .unsatisfiable:
            return .failure(
                S3Error(.invalidRange, "The range is beyond the end of the object."), for: head,
                extra: [("Content-Range", "bytes */\(object.size)")])
        }
    }
}
