// What belongs to the session itself: its end, and the colours.

import HTTPTypes
import Hummingbird
import SlipwayControl

enum SessionActions {
    static func add(to router: Router<DashboardContext>, _ desk: Desk) {
        router.post("/sign-out") { request, context in
            try await Routes.answer(request, context, desk) { visit in
                try await FormGuard.read(request, for: visit.session).require(only: [FormGuard.field])
                if let token = Cookies.value(of: desk.cookies.name, in: request) {
                    try await desk.control.signOut(token: token)
                }
                var response = Routes.redirect(to: Path("sign-in"))
                response.headers[.setCookie] = Cookies.set(desk.cookies.name, "", maxAge: 0, request)
                return response
            }
        }
        router.post("/theme") { request, context in
            try await Routes.answer(request, context, desk) { visit in
                let form = try await FormGuard.read(request, for: visit.session)
                try form.require(only: ["theme", "back", FormGuard.field])
                guard let theme = form["theme"].flatMap(Theme.init) else {
                    throw ControlError.validation("theme must be auto, light or dark.")
                }
                var response = Routes.redirect(to: form["back"].flatMap(Path.init(returningTo:)) ?? Path())
                response.headers[.setCookie] = Cookies.set(
                    Theme.cookie, theme.rawValue, maxAge: 365 * 24 * 3600, request)
                return response
            }
        }
    }
}
