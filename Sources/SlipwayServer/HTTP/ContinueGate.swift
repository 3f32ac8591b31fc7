// Answers `Expect: 100-continue`: the client may send its body unless the head alone already refuses it.
// Wraps Hummingbird's HTTP/1 channel, which leaves informational answers to the application.

import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore

enum ContinueGate {
    /// An HTTP/1 server that asks `admits` before it invites a body that a client holds back.
    static func server(admits: @escaping @Sendable (Request) -> Bool) -> HTTPServerBuilder {
        HTTPServerBuilder { respond in
            HTTP1Channel(
                responder: { request, writer, channel in
                    if expectsContinue(request), admits(request) {
                        try await writer.writeInformationalHead(HTTPResponse(status: .continue))
                    }
                    try await respond(request, writer, channel)
                },
                configuration: HTTP1Channel.Configuration(
                    idleTimeout: .seconds(RequestLimits.idleSeconds)))
        }
    }

    static func expectsContinue(_ request: Request) -> Bool {
        request.headers[.expect]?.lowercased() == "100-continue"
    }
}
