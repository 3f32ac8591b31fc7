// The cookies of the dashboard. Cookies of one host are shared by its ports, so their names carry the port.

import HTTPTypes
import Hummingbird
import SlipwayControl

struct Cookies: Sendable {
    /// Of the session.
    let name: String
    /// Of the sign-in form.
    let signInName: String

    init(port: Int?) {
        let suffix = port.map { "_\($0)" } ?? ""
        name = "slipway_session" + suffix
        signInName = "slipway_sign_in" + suffix
    }

    /// - Returns: nil without one that holds.
    func session(of request: Request, _ control: ControlPlane) async throws -> Session? {
        try await found(in: request, control)?.session
    }

    /// The first cookie that holds, with its session: a page of a neighbouring host may have put others beside it.
    func found(
        in request: Request, _ control: ControlPlane
    ) async throws -> (token: String, session: Session)? {
        for token in Self.values(of: name, in: request).prefix(5) {
            if let session = try await control.session(token: token) { return (token, session) }
        }
        return nil
    }

    static func value(of name: String, in request: Request) -> String? {
        values(of: name, in: request).first
    }

    /// HTTP/2 may send cookies in several fields.
    private static func values(of name: String, in request: Request) -> [String] {
        request.headers[values: .cookie].flatMap { field in
            field.split(separator: ";").compactMap { pair in
                let halves = pair.split(separator: "=", maxSplits: 1)
                guard halves.count == 2, String(halves[0]).trimmingWhitespace == name else { return nil }
                return String(halves[1])
            }
        }
    }

    /// The value of a `Set-Cookie` field that no script can read and no other site's page sends.
    /// - Parameter maxAge: seconds; 0 removes it, nil keeps it until the browser ends.
    static func set(_ name: String, _ value: String, maxAge: Int?, _ request: Request) -> String {
        var text = "\(name)=\(value); Path=/; HttpOnly; SameSite=Strict"
        if let maxAge { text += "; Max-Age=\(maxAge)" }
        if request.headers[.forwardedProto] == "https" { text += "; Secure" }
        return text
    }
}
