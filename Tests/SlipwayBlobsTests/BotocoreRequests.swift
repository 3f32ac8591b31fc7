// Requests as botocore 1.44.5 made them (method, URL, headers, body), at 2026-11-23 12:00:00 UTC, with
// credentials derived from `Fixture.masterKey` by an independent implementation. Used by `BotocoreTests`.

enum BotocoreRequests {
    struct Recorded: Sendable {
        let name: String
        let method: String
        let host: String
        let path: String
        let query: String
        let headers: [(name: String, value: String)]
        let body: String
    }

    static let accessKeyID = "ASIAEXAMPLEEXAMPLE22"
    static let secretAccessKey =
        "2049b995624bc0b2af410affaa464ef1b1e12e7404a7d72042696bd246f48b58"
    static let key = "archives/00112233445566778899aabbccddeeff/model.tar"
    static let uploadID = "0123456789abcdef0123456789abcdef"
    static let sessionToken =
        "eyJhIjoiQVNJQUVYQU1QTEVFWEFNUExFMjIiLCJlIjoxNzk1NDM4ODAwLCJrIjoiYXJjaGl2ZXMvMDAx"
        + "MTIyMzM0NDU1NjY3Nzg4OTlhYWJiY2NkZGVlZmYvbW9kZWwudGFyIiwibSI6NTM2ODcwOTEyMCwicCI6"
        + "InJ3In0.9EGrFpW-bwe2pCUKfSuWh2i5o3hB2Y50NXaOwfktX7E"
    static let presignedPath = "/slipway-archives/archives/00112233445566778899aabbccddeeff/model.tar"
    static let presignedQuery =
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=ASIAEXAMPLEEXAMPLE22%2F2026112"
        + "3%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20261123T120000Z&X-Amz-Expires=600&"
        + "X-Amz-SignedHeaders=host&X-Amz-Security-Token=eyJhIjoiQVNJQUVYQU1QTEVFWEFNUExFMj"
        + "IiLCJlIjoxNzk1NDM4ODAwLCJrIjoiYXJjaGl2ZXMvMDAxMTIyMzM0NDU1NjY3Nzg4OTlhYWJiY2NkZG"
        + "VlZmYvbW9kZWwudGFyIiwibSI6NTM2ODcwOTEyMCwicCI6InJ3In0.9EGrFpW-bwe2pCUKfSuWh2i5o3"
        + "hB2Y50NXaOwfktX7E&X-Amz-Signature=1e61008200becd1c68315a7a49e82bfd1b7b1b3b4571d6"
        + "b8f7cb3dcd471af3fd"

    static let putPlain = Recorded(
        name: "putPlain", method: "PUT", host: "s3.localhost:8000",
        path: "/slipway-archives/archives/00112233445566778899aabbccddeeff/model.tar",
        query: "",
        headers: [
            ("Expect", "100-continue"),
            ("x-amz-checksum-crc32", "SFwaaQ=="),
            ("x-amz-sdk-checksum-algorithm", "CRC32"),
            ("X-Amz-Date", "20261123T120000Z"),
            ("X-Amz-Security-Token", sessionToken),
            ("X-Amz-Content-SHA256", "f8976760708ac1d60ab4b2dd1fa3c02d3bbf9693846f1db27aa77b46f0bb4276"),
            (
                "Authorization",
                "AWS4-HMAC-SHA256 Credential=ASIAEXAMPLEEXAMPLE22/20261123/us-east-1/s3/aws4_request, "
                    + "SignedHeaders=host;x-amz-checksum-crc32;x-amz-content-sha256;x-amz-date;x-amz-sd"
                    + "k-checksum-algorithm;x-amz-security-token, "
                    + "Signature=b234b4a928a31c545c74ab216e8bc2978e4eac6504850c26b1728a0b39c55088"
            ),
            ("Content-Length", "13"),
        ],
        body:
            "hello archive")

    static let putHostStyle = Recorded(
        name: "putHostStyle", method: "PUT", host: "slipway-archives.s3.localhost:8000",
        path: "/archives/00112233445566778899aabbccddeeff/model.tar",
        query: "",
        headers: [
            ("Expect", "100-continue"),
            ("x-amz-checksum-crc32", "SFwaaQ=="),
            ("x-amz-sdk-checksum-algorithm", "CRC32"),
            ("X-Amz-Date", "20261123T120000Z"),
            ("X-Amz-Security-Token", sessionToken),
            ("X-Amz-Content-SHA256", "f8976760708ac1d60ab4b2dd1fa3c02d3bbf9693846f1db27aa77b46f0bb4276"),
            (
                "Authorization",
                "AWS4-HMAC-SHA256 Credential=ASIAEXAMPLEEXAMPLE22/20261123/us-east-1/s3/aws4_request, "
                    + "SignedHeaders=host;x-amz-checksum-crc32;x-amz-content-sha256;x-amz-date;x-amz-sd"
                    + "k-checksum-algorithm;x-amz-security-token, "
                    + "Signature=d6dbcc98baf83f4a2b63851a599b0fef683ba381ed918d77e0c0131538a394f6"
            ),
            ("Content-Length", "13"),
        ],
        body:
            "hello archive")

    static let putChunkedTrailer = Recorded(
        name: "putChunkedTrailer", method: "PUT", host: "s3.example.com",
        path: "/slipway-archives/archives/00112233445566778899aabbccddeeff/model.tar",
        query: "",
        headers: [
            ("Expect", "100-continue"),
            ("Transfer-Encoding", "chunked"),
            ("Content-Encoding", "aws-chunked"),
            ("X-Amz-Trailer", "x-amz-checksum-crc32"),
            ("X-Amz-Decoded-Content-Length", "13"),
            ("x-amz-sdk-checksum-algorithm", "CRC32"),
            ("X-Amz-Date", "20261123T120000Z"),
            ("X-Amz-Security-Token", sessionToken),
            ("X-Amz-Content-SHA256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
            (
                "Authorization",
                "AWS4-HMAC-SHA256 Credential=ASIAEXAMPLEEXAMPLE22/20261123/us-east-1/s3/aws4_request, "
                    + "SignedHeaders=content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decode"
                    + "d-content-length;x-amz-sdk-checksum-algorithm;x-amz-security-token;x-amz-trailer"
                    + ", "
                    + "Signature=958f6c8ff840e75e1d65177d07d275960c1d0d6c6f9d3779d5d91354406973bc"
            ),
        ],
        body:
            "d\r\nhello archive\r\n0\r\nx-amz-checksum-crc32:SFwaaQ==\r\n\r\n")

    static let putSHA256 = Recorded(
        name: "putSHA256", method: "PUT", host: "s3.localhost:8000",
        path: "/slipway-archives/archives/00112233445566778899aabbccddeeff/model.tar",
        query: "",
        headers: [
            ("x-amz-sdk-checksum-algorithm", "SHA256"),
            ("Expect", "100-continue"),
            ("x-amz-checksum-sha256", "+JdnYHCKwdYKtLLdH6PALTu/lpOEbx2yeqd7RvC7QnY="),
            ("X-Amz-Date", "20261123T120000Z"),
            ("X-Amz-Security-Token", sessionToken),
            ("X-Amz-Content-SHA256", "f8976760708ac1d60ab4b2dd1fa3c02d3bbf9693846f1db27aa77b46f0bb4276"),
            (
                "Authorization",
                "AWS4-HMAC-SHA256 Credential=ASIAEXAMPLEEXAMPLE22/20261123/us-east-1/s3/aws4_request, "
                    + "SignedHeaders=host;x-amz-checksum-sha256;x-amz-content-sha256;x-amz-date;x-amz-s"
                    + "dk-checksum-algorithm;x-amz-security-token, "
                    + "Signature=587bb354e50f09421b0c50c3d08fc4b5f5d2c102d6d9dd8f6612d77aebe98caa"
            ),
            ("Content-Length", "13"),
        ],
        body:
            "hello archive")

    static let create = Recorded(
        name: "create", method: "POST", host: "s3.localhost:8000",
        path: "/slipway-archives/archives/00112233445566778899aabbccddeeff/model.tar",
        query: "uploads",
        headers: [
            ("x-amz-checksum-algorithm", "CRC32"),
            ("X-Amz-Date", "20261123T120000Z"),
            ("X-Amz-Security-Token", sessionToken),
            ("X-Amz-Content-SHA256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            (
                "Authorization",
                "AWS4-HMAC-SHA256 Credential=ASIAEXAMPLEEXAMPLE22/20261123/us-east-1/s3/aws4_request, "
                    + "SignedHeaders=host;x-amz-checksum-algorithm;x-amz-content-sha256;x-amz-date;x-am"
                    + "z-security-token, "
                    + "Signature=de17d1cce2a63e7d94edf0525788e097c07b5bdf46a014d992ab8fdefad0dcb8"
            ),
            ("Content-Length", "0"),
        ],
        body:
            "")

    static let part1 = Recorded(
        name: "part1", method: "PUT", host: "s3.localhost:8000",
        path: "/slipway-archives/archives/00112233445566778899aabbccddeeff/model.tar",
        query: "uploadId=0123456789abcdef0123456789abcdef&partNumber=1",
        headers: [
            ("x-amz-sdk-checksum-algorithm", "CRC32"),
            ("Expect", "100-continue"),
            ("x-amz-checksum-crc32", "Bxzdqg=="),
            ("X-Amz-Date", "20261123T120000Z"),
            ("X-Amz-Security-Token", sessionToken),
            ("X-Amz-Content-SHA256", "d1776b09b2a476a5477b91e82127b1a3a1f56cf9593456f5098a8912e9d40b25"),
            (
                "Authorization",
                "AWS4-HMAC-SHA256 Credential=ASIAEXAMPLEEXAMPLE22/20261123/us-east-1/s3/aws4_request, "
                    + "SignedHeaders=host;x-amz-checksum-crc32;x-amz-content-sha256;x-amz-date;x-amz-sd"
                    + "k-checksum-algorithm;x-amz-security-token, "
                    + "Signature=eb046b10d4699d456027ee010f1c37cb44d3c266d78ed4424af77f37a1b30ec5"
            ),
            ("Content-Length", "33"),
        ],
        body:
            "first part first part first part ")

    static let part2 = Recorded(
        name: "part2", method: "PUT", host: "s3.example.com",
        path: "/slipway-archives/archives/00112233445566778899aabbccddeeff/model.tar",
        query: "uploadId=0123456789abcdef0123456789abcdef&partNumber=2",
        headers: [
            ("x-amz-sdk-checksum-algorithm", "CRC32"),
            ("Expect", "100-continue"),
            ("Transfer-Encoding", "chunked"),
            ("Content-Encoding", "aws-chunked"),
            ("X-Amz-Trailer", "x-amz-checksum-crc32"),
            ("X-Amz-Decoded-Content-Length", "11"),
            ("X-Amz-Date", "20261123T120000Z"),
            ("X-Amz-Security-Token", sessionToken),
            ("X-Amz-Content-SHA256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
            (
                "Authorization",
                "AWS4-HMAC-SHA256 Credential=ASIAEXAMPLEEXAMPLE22/20261123/us-east-1/s3/aws4_request, "
                    + "SignedHeaders=content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decode"
                    + "d-content-length;x-amz-sdk-checksum-algorithm;x-amz-security-token;x-amz-trailer"
                    + ", "
                    + "Signature=8f75d57aa9ec75cba8216eee28dbf9aa3ee5dfed041f2cd6e9b7fa559e15898b"
            ),
        ],
        body:
            "b\r\nsecond part\r\n0\r\nx-amz-checksum-crc32:tsq/dg==\r\n\r\n")

    static let complete = Recorded(
        name: "complete", method: "POST", host: "s3.localhost:8000",
        path: "/slipway-archives/archives/00112233445566778899aabbccddeeff/model.tar",
        query: "uploadId=0123456789abcdef0123456789abcdef",
        headers: [
            ("X-Amz-Date", "20261123T120000Z"),
            ("X-Amz-Security-Token", sessionToken),
            ("X-Amz-Content-SHA256", "b6dcedf05a4f3c804c8c7e7b3824b7b913d633b5217b6386e49138bb3743a83a"),
            (
                "Authorization",
                "AWS4-HMAC-SHA256 Credential=ASIAEXAMPLEEXAMPLE22/20261123/us-east-1/s3/aws4_request, "
                    + "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token, "
                    + "Signature=7d0c8293cacc34613192a9bfcedbcf465759f45f46a3d400941bc67c7010d410"
            ),
            ("Content-Length", "349"),
        ],
        body:
            "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Part><"
            + "PartNumber>1</PartNumber><ETag>\"390da005243cb3835149bcc3d4b95cc3\"</ETag><Checksu"
            + "mCRC32>Bxzdqg==</ChecksumCRC32></Part><Part><PartNumber>2</PartNumber><ETag>\"920"
            + "b914bca0a70780b40881b8f376135\"</ETag><ChecksumCRC32>tsq/dg==</ChecksumCRC32></Pa"
            + "rt></CompleteMultipartUpload>")

    static let abort = Recorded(
        name: "abort", method: "DELETE", host: "s3.localhost:8000",
        path: "/slipway-archives/archives/00112233445566778899aabbccddeeff/model.tar",
        query: "uploadId=0123456789abcdef0123456789abcdef",
        headers: [
            ("X-Amz-Date", "20261123T120000Z"),
            ("X-Amz-Security-Token", sessionToken),
            ("X-Amz-Content-SHA256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            (
                "Authorization",
                "AWS4-HMAC-SHA256 Credential=ASIAEXAMPLEEXAMPLE22/20261123/us-east-1/s3/aws4_request, "
                    + "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token, "
                    + "Signature=26f2d751767e26c4f0941a0b01248bb7a8f4d9c0296e52c5f6ca64607f31e5e7"
            ),
            ("Content-Length", "0"),
        ],
        body:
            "")

    static let get = Recorded(
        name: "get", method: "GET", host: "s3.localhost:8000",
        path: "/slipway-archives/archives/00112233445566778899aabbccddeeff/model.tar",
        query: "",
        headers: [
            ("Range", "bytes=6-"),
            ("x-amz-checksum-mode", "ENABLED"),
            ("X-Amz-Date", "20261123T120000Z"),
            ("X-Amz-Security-Token", sessionToken),
            ("X-Amz-Content-SHA256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            (
                "Authorization",
                "AWS4-HMAC-SHA256 Credential=ASIAEXAMPLEEXAMPLE22/20261123/us-east-1/s3/aws4_request, "
                    + "SignedHeaders=host;range;x-amz-checksum-mode;x-amz-content-sha256;x-amz-date;x-a"
                    + "mz-security-token, "
                    + "Signature=c1348e095cb681147143ead072dcdcb6720b2ec6336575959497591f2b7bb8d6"
            ),
        ],
        body:
            "")

    static let head = Recorded(
        name: "head", method: "HEAD", host: "s3.localhost:8000",
        path: "/slipway-archives/archives/00112233445566778899aabbccddeeff/model.tar",
        query: "",
        headers: [
            ("X-Amz-Date", "20261123T120000Z"),
            ("X-Amz-Security-Token", sessionToken),
            ("X-Amz-Content-SHA256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            (
                "Authorization",
                "AWS4-HMAC-SHA256 Credential=ASIAEXAMPLEEXAMPLE22/20261123/us-east-1/s3/aws4_request, "
                    + "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token, "
                    + "Signature=5e6b0ac9ad6fd9eb9b6d0be32b4f0bc70bf8c66ac5ac4c4145f2901cdd84f6ad"
            ),
        ],
        body:
            "")

    static let delete = Recorded(
        name: "delete", method: "DELETE", host: "s3.localhost:8000",
        path: "/slipway-archives/archives/00112233445566778899aabbccddeeff/model.tar",
        query: "",
        headers: [
            ("X-Amz-Date", "20261123T120000Z"),
            ("X-Amz-Security-Token", sessionToken),
            ("X-Amz-Content-SHA256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            (
                "Authorization",
                "AWS4-HMAC-SHA256 Credential=ASIAEXAMPLEEXAMPLE22/20261123/us-east-1/s3/aws4_request, "
                    + "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token, "
                    + "Signature=18f8050acd6494d068e02b341b7407a334255f348b74048cd254f10138377f79"
            ),
            ("Content-Length", "0"),
        ],
        body:
            "")

    static let list = Recorded(
        name: "list", method: "GET", host: "s3.localhost:8000",
        path: "/slipway-archives",
        query: "list-type=2&encoding-type=url",
        headers: [
            ("X-Amz-Date", "20261123T120000Z"),
            ("X-Amz-Security-Token", sessionToken),
            ("X-Amz-Content-SHA256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            (
                "Authorization",
                "AWS4-HMAC-SHA256 Credential=ASIAEXAMPLEEXAMPLE22/20261123/us-east-1/s3/aws4_request, "
                    + "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token, "
                    + "Signature=6b241c3dc17cc9300659b7c228e74dd7193b911941d03978377427b2d9c845e1"
            ),
        ],
        body:
            "")

    static let copy = Recorded(
        name: "copy", method: "PUT", host: "s3.localhost:8000",
        path: "/slipway-archives/archives/00112233445566778899aabbccddeeff/model.tar",
        query: "",
        headers: [
            ("x-amz-copy-source", "slipway-archives/other"),
            ("X-Amz-Date", "20261123T120000Z"),
            ("X-Amz-Security-Token", sessionToken),
            ("X-Amz-Content-SHA256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            (
                "Authorization",
                "AWS4-HMAC-SHA256 Credential=ASIAEXAMPLEEXAMPLE22/20261123/us-east-1/s3/aws4_request, "
                    + "SignedHeaders=host;x-amz-content-sha256;x-amz-copy-source;x-amz-date;x-amz-secur"
                    + "ity-token, "
                    + "Signature=8872c639b33b0c389eeaf6c866f9d1a9b8a654077a7d1f1fea1068554be5732d"
            ),
            ("Content-Length", "0"),
        ],
        body:
            "")
}
