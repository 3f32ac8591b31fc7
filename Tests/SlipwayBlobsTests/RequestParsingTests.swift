// The pure parsers of the protocol: operations, ranges, dates, part lists, keys.
import Foundation
import Testing

@testable import SlipwayBlobs

@Suite struct RequestParsingTests {
    private func parse(_ method: String, _ path: String, _ query: String = "", host: String = Fixture.host)
        throws(S3Error) -> S3Route
    {
        try S3Route.parse(method: method, host: host, path: path, query: query, bucket: "box")
    }

    @Test(arguments: [
        ("PUT", "", S3Operation.putObject), ("PUT", "x-id=PutObject", .putObject), ("GET", "", .getObject),
        ("GET", "X-Amz-Expires=1", .getObject), ("HEAD", "", .headObject),
        ("POST", "uploads", .createMultipartUpload), ("POST", "uploads=", .createMultipartUpload),
        ("PUT", "partNumber=1&uploadId=u", .uploadPart(number: 1, uploadID: "u")),
        ("PUT", "uploadId=u%2F&partNumber=10000", .uploadPart(number: 10_000, uploadID: "u/")),
        ("POST", "uploadId=u", .completeMultipartUpload(uploadID: "u")),
        ("DELETE", "uploadId=u", .abortMultipartUpload(uploadID: "u")),
    ])
    func `a supported operation is recognised in both styles`(
        _ method: String, _ query: String, _ operation: S3Operation
    ) throws {
        let expected = S3Route(operation: operation, bucket: "box", key: "a b/c")
        #expect(try parse(method, "/box/a%20b/c", query) == expected)
        #expect(try parse(method, "/a%20b/c", query, host: "box.s3.localhost:8000") == expected)
        #expect(try parse(method, "/a%20b/c", query, host: "BOX.S3.example.com") == expected)
    }

    @Test(arguments: [
        ("DELETE", "/box/k", ""), ("GET", "/", ""), ("GET", "/box", ""), ("GET", "/box/", ""),
        ("PUT", "/box", ""), ("PUT", "/box/k", "acl"), ("PUT", "/box/k", "tagging="),
        ("GET", "/box/k", "uploadId=u"),
        ("POST", "/box/k", ""), ("POST", "/box/k", "uploads&uploadId=u"), ("PUT", "/box/k", "partNumber=1"),
        ("PUT", "/box/k", "uploadId=u"), ("OPTIONS", "/box/k", ""), ("PATCH", "/box/k", ""),
        ("put", "/box/k", ""),
    ])
    func `everything else is not implemented`(_ method: String, _ path: String, _ query: String) {
        let error = #expect(throws: S3Error.self) { try parse(method, path, query) }
        #expect(error?.code == .notImplemented)
        #expect(error?.code.status == 501)
    }

    @Test(arguments: ["0", "10001", "-1", "+1", "1.0", "1e3", "", "a", "99999999999999999999"])
    func `part numbers out of range are refused`(number: String) {
        let error = #expect(throws: S3Error.self) {
            try parse("PUT", "/box/k", "partNumber=\(number)&uploadId=u")
        }
        #expect(error?.code == .invalidArgument)
    }

    @Test(arguments: [
        ("box/k", ""), ("", ""), ("/box/%", ""), ("/box/%4", ""), ("/box/%zz", ""), ("/box/%00", ""),
        ("/box/%c3", ""), ("/box/k", "uploads=%"), ("/box/k", "%ff"),
    ])
    func `targets that cannot be decoded are refused`(_ path: String, _ query: String) {
        let error = #expect(throws: S3Error.self) { try parse("POST", path, query) }
        #expect(error?.code == .invalidURI)
    }

    @Test func `a query parameter twice is refused`() {
        let error = #expect(throws: S3Error.self) { try parse("POST", "/box/k", "uploadId=a&uploadId=b") }
        #expect(error?.code == .invalidArgument)
    }

    @Test(arguments: [
        (nil, ByteRange.whole), ("bytes=0-9", .part(0..<10)), ("bytes=0-", .part(0..<10)),
        ("bytes=9-", .part(9..<10)), ("bytes=2-3", .part(2..<4)), ("bytes=5-99", .part(5..<10)),
        ("bytes=-3", .part(7..<10)), ("bytes=-99", .part(0..<10)), ("bytes=-0", .unsatisfiable),
        ("bytes=10-", .unsatisfiable), ("bytes=10-12", .unsatisfiable), ("bytes=3-2", .whole),
        ("bytes=1-2,4-5", .whole), ("bytes=", .whole), ("bytes=-", .whole), ("bytes=a-b", .whole),
        ("lines=1-2", .whole), ("bytes=1", .whole), ("bytes=--1", .whole),
        ("bytes=0-9223372036854775807", .part(0..<10)),
        ("bytes=99999999999999999999-", .whole),
    ])
    func `a range selects bytes of an object of ten`(_ header: String?, _ range: ByteRange) {
        #expect(ByteRange.select(header, size: 10) == range)
    }

    @Test func `an empty object has no satisfiable range`() {
        #expect(ByteRange.select("bytes=0-", size: 0) == .unsatisfiable)
        #expect(ByteRange.select("bytes=-1", size: 0) == .unsatisfiable)
    }

    @Test(arguments: [
        "20130524T000000Z", "20240229T235959Z", "19700101T000000Z", "99991231T235959Z",
    ])
    func `dates survive reading and writing`(text: String) throws {
        #expect(AmzDate.basic(try #require(AmzDate.parse(text))) == text)
    }

    @Test(arguments: [
        "", "20130524", "2013-05-24T00:00:00Z", "20130524T000000", "20130524t000000Z", "20131324T000000Z",
        "20130230T000000Z", "20130524T250000Z", "20130524T006000Z", "2013052 T000000Z", "+0130524T000000Z",
    ])
    func `what is not a date is refused`(text: String) {
        #expect(AmzDate.parse(text) == nil)
    }

    @Test func `the HTTP date is that of the RFC`() {
        #expect(AmzDate.http(Date(timeIntervalSince1970: 784_111_777)) == "Sun, 06 Nov 1994 08:49:37 GMT")
    }

    @Test(arguments: ["a", "a/b.c/D_0-9", String(repeating: "k", count: 512), "...", "a/..b"])
    func `ordinary keys are allowed`(key: String) {
        #expect(BlobKey(key)?.description == key)
    }

    @Test(arguments: [
        "", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/./b", "a/..", "a b", "a\\b", "a\u{0}",
        "ä", "a\n",
        "a%2f", String(repeating: "k", count: 513),
    ])
    func `keys that could name something else are refused`(key: String) {
        #expect(BlobKey(key) == nil)
    }
}

@Suite struct PartListTests {
    private static let etag = "0123456789abcdef0123456789abcdef"

    private static func part(_ number: String, _ etag: String = etag, extra: String = "") -> String {
        "<Part><PartNumber>\(number)</PartNumber><ETag>\(etag)</ETag>\(extra)</Part>"
    }

    private static func list(_ parts: String) -> String {
        "<CompleteMultipartUpload>\(parts)</CompleteMultipartUpload>"
    }

    @Test(arguments: [
        list(part("1") + part("10000")),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            + "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\n  "
            + part("1", "&quot;\(etag)&quot;") + "\r\n\t"
            + "<Part> <ETag>\"\(etag)\"</ETag> <PartNumber> 10000 </PartNumber> </Part>\n"
            + "</CompleteMultipartUpload>\n",
        list(part("1", extra: "<ChecksumCRC32>AAAAAA==</ChecksumCRC32>") + part("10000")),
    ])
    func `the lists SDKs send are read`(xml: String) throws {
        let parts = try PartList.parse(Array(xml.utf8))
        #expect(parts.map(\.number) == [1, 10_000])
        #expect(parts.allSatisfy { $0.etag == Self.etag })
    }

    @Test(arguments: [
        ("", S3Error.Code.malformedXML), ("<a/>", .malformedXML), (list(""), .malformedXML),
        ("<CompleteMultipartUpload/>", .malformedXML), (list(part("1")) + "x", .malformedXML),
        (list(part("1")) + list(part("1")), .malformedXML),
        (String(list(part("1")).dropLast()), .malformedXML),
        (list(part("0")), .malformedXML), (list(part("10001")), .malformedXML),
        (list(part("x")), .malformedXML),
        (list(part("")), .malformedXML), (list("<Part><PartNumber>1</PartNumber></Part>"), .malformedXML),
        (list("<Part><ETag>\(etag)</ETag></Part>"), .malformedXML),
        (list(part("1", extra: "<PartNumber>1</PartNumber>")), .malformedXML),
        (list(part("1", extra: "<Other>1</Other>")), .malformedXML),
        (list(part("1", extra: "<ChecksumCRC32>!</ChecksumCRC32>")), .malformedXML),
        (list("<!-- -->" + part("1")), .malformedXML), (list("<![CDATA[x]]>"), .malformedXML),
        ("<!DOCTYPE a [<!ENTITY b \"c\">]>" + list(part("1")), .malformedXML),
        (list(part("1", "&evil;")), .malformedXML), (list(part("1", "&")), .malformedXML),
        (list("<Part a=\"b\"></Part>"), .malformedXML),
        (list("<Part>" + part("1") + "</Part>"), .malformedXML),
        (list(part("2") + part("1")), .invalidPartOrder), (list(part("1") + part("1")), .invalidPartOrder),
        (list(part("1", "")), .invalidPart), (list(part("1", "../../etc/passwd")), .invalidPart),
        (list(part("1", etag + "-2")), .invalidPart), (list(part("1", "\"")), .invalidPart),
    ])
    func `anything else is refused`(_ xml: String, _ code: S3Error.Code) {
        let error = #expect(throws: S3Error.self) { try PartList.parse(Array(xml.utf8)) }
        #expect(error?.code == code)
    }

    @Test func `bytes that are not UTF-8 are refused`() {
        #expect(throws: S3Error.self) { try PartList.parse([0x3C, 0xFF, 0xFE]) }
    }
}
