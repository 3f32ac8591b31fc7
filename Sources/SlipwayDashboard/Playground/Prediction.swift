// One prediction through the gateway of this process.

import AsyncHTTPClient
import NIOCore
import SlipwayAPI
import SlipwayControl
import SlipwayCore

struct Prediction: Sendable {
    var status: Int
    var text: String
    var bytes: Int
    var seconds: Double
    /// More came than is shown.
    var isCut: Bool

    /// The most of an answer that a page shows.
    private static let maxShown = 256 << 10
    private static let timeout: TimeAmount = .seconds(120)

    /// Its own: what answers is code of whoever pushed the model. A redirect would be followed with the person's key, and
    /// one model's slow answers must leave connections for others.
    private static let client = {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1000
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    /// - Throws: `ControlError.validation` for a body that is no JSON, `.unavailable` when the gateway does not answer.
    static func make(base: String, path: String, body: String, key: String) async throws -> Prediction {
        do {
            _ = try WireJSON.decode(JSONValue.self, from: Array(body.utf8))
        } catch {
            throw ControlError.validation("body: this is not JSON.")
        }
        var request = HTTPClientRequest(url: base + path)
        request.method = .POST
        request.headers.add(name: "Authorization", value: "Api-Key \(key)")
        request.headers.add(name: "Content-Type", value: "application/json")
        // The app host, whatever the address is: only its path names the model.
        request.headers.replaceOrAdd(name: "Host", value: "localhost")
        request.body = .bytes(ByteBuffer(string: body))
        let start = ContinuousClock.now
        do {
            let answer = try await client.execute(request, timeout: timeout)
            var (shown, count) = ([UInt8](), 0)
            for try await piece in answer.body {
                count += piece.readableBytes
                shown += piece.readableBytesView.prefix(max(0, maxShown - shown.count))
                // A stream may have no end.
                if count > maxShown { break }
            }
            return Prediction(
                status: Int(answer.status.code), text: String(decoding: shown, as: UTF8.self), bytes: count,
                seconds: (ContinuousClock.now - start) / .seconds(1), isCut: count > maxShown)
        } catch let error as HTTPClientError {
            throw ControlError.unavailable("The prediction did not end: \(error.shortDescription).")
        }
    }
}

/// The same call for other programs, with the key left to them.
struct Snippets: Sendable {
    var url: String
    var body: String

    var curl: String {
        // In single quotes a shell reads everything but the quote itself as it is.
        let quoted = body.replacing("'", with: #"'\''"#)
        return """
            curl '\(url)' \\
              --header "Authorization: Api-Key $SLIPWAY_API_KEY" \\
              --data '\(quoted)'
            """
    }

    var python: String {
        """
        import json, os, requests

        answer = requests.post(
            "\(url)",
            headers={"Authorization": f"Api-Key {os.environ['SLIPWAY_API_KEY']}"},
            json=json.loads(\(Self.pythonLiteral(body))),
        )
        print(answer.status_code, answer.text)
        """
    }

    /// A string literal with everything that ends or escapes one escaped.
    private static func pythonLiteral(_ text: String) -> String {
        var literal = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": literal += "\\\""
            case "\\": literal += "\\\\"
            case "\n": literal += "\\n"
            case "\r": literal += "\\r"
            default:
                literal +=
                    scalar.value < 0x20
                    ? "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
                    : String(scalar)
            }
        }
        return literal + "\""
    }
}
