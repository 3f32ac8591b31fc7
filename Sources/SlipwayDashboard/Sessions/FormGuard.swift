// Whether a form was sent by one of our own pages. Three independent answers: the cookie is SameSite=Strict, browsers name
// the site a request comes from, and every form carries a token that only its session's pages have.

import HTTPTypes
import Hummingbird
import NIOCore
import SlipwayControl

enum FormGuard {
    /// The hidden field with the token.
    static let field = "csrf"

    static let refusal = ControlError.forbidden(
        "This form was not sent by a page of this session. Open the page again and send it from there.")

    /// Reads a form of the session.
    /// - Throws: `ControlError.forbidden` for one that no page of the session has sent.
    static func read(_ request: Request, for session: Session) async throws -> FormFields {
        let form = try await read(request)
        guard let token = form[field], isSame(token, session.formToken) else { throw refusal }
        return form
    }

    /// Reads a form without a session, as far as the browser says where it comes from.
    static func read(_ request: Request, upTo limit: Int = Routes.maxFormBytes) async throws -> FormFields {
        guard isFromHere(request) else { throw refusal }
        let type = request.headers[.contentType]?.prefix { $0 != ";" }.lowercased()
        guard type == "application/x-www-form-urlencoded" else {
            throw ControlError.validation("Forms are sent as application/x-www-form-urlencoded.")
        }
        let body: ByteBuffer
        do {
            body = try await request.body.collect(upTo: limit)
        } catch let error as any HTTPResponseError {
            throw error
        } catch {
            // A client that left, which is nobody's fault here.
            throw ControlError.validation("The form did not arrive as a whole.")
        }
        return try FormFields(body.readableBytesView)
    }

    /// False when the browser says that another site made the request. Over plain HTTP from another machine it says nothing;
    /// with our referrer policy `Origin` is then `null`.
    static func isFromHere(_ request: Request) -> Bool {
        if let site = request.headers[.secFetchSite] { return site == "same-origin" }
        guard let origin = request.headers[.origin], origin != "null" else { return true }
        guard let host = request.head.authority else { return false }
        return origin == "http://\(host)" || origin == "https://\(host)"
    }

    /// Compares in a time that does not depend on where they differ.
    static func isSame(_ one: String, _ other: String) -> Bool {
        let (one, other) = (Array(one.utf8), Array(other.utf8))
        guard one.count == other.count else { return false }
        return zip(one, other).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
