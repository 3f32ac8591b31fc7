// The client's side of an exchange, as the exchange sees it; ClientConnection is the one that listens.

import NIOCore
import NIOHTTP1

/// What an exchange can do to the client's connection. All calls on its event loop.
protocol ExchangeClient: AnyObject {
    var isWritable: Bool { get }
    /// While false, no more of the request is read.
    func setReading(_ on: Bool)
    /// An interim answer such as 103.
    func sendInformational(_ head: HTTPResponseHead)
    /// The answer's head with end-to-end headers; the client's connection adds framing.
    func sendHead(status: HTTPResponseStatus, headers: HTTPHeaders)
    func sendBody(_ chunk: ByteBuffer)
    func flush()
    /// Ends the answer and with it the exchange.
    func sendEnd(trailers: HTTPHeaders?)
    /// A whole answer of the gateway's own; ends the exchange.
    func answer(_ answer: Answer)
    /// Closes at once, as the answer that has begun cannot be completed.
    func abort()
}
