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
        guard let token = Self.value(of: name, in: request) else { return nil }
        return try await control.session(token: token)
    }

    /// HTTP/2 may send cookies in several fields.
    static func value(of name: String, in request: Request) -> String? {
        for field in request.headers[values: .cookie] {
            for pair in field.split(separator: ";") {
                let halves = pair.split(separator: "=", maxSplits: 1)
                if halves.count == 2, String(halves[0]).trimmingWhitespace == name {
                    return String(halves[1])
                }
            }
        }
        return nil
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
