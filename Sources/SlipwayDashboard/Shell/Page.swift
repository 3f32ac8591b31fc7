// What a page says, apart from the frame around it.

import Hummingbird
import SlipwayControl

/// A page for a signed-in person.
struct Page: Sendable {
    /// The parts of the navigation.
    enum Area: CaseIterable {
        case models, secrets, keys, members, environments, audit, machine
    }

    var title: String
    var area: Area
    /// The pages above this one, outermost first.
    var crumbs: [Crumb] = []
    /// What it shows changes with these.
    var topics: Set<ChangeFeed.Topic> = []
    var status: HTTPResponse.Status = .ok
    var content: @Sendable (Markup) -> Void

    struct Crumb: Sendable {
        var name: String
        var path: Path
    }
}

extension Page.Area {
    var name: String {
        switch self {
        case .models: "Models"
        case .secrets: "Secrets"
        case .keys: "API keys"
        case .members: "Members"
        case .environments: "Environments"
        case .audit: "Audit log"
        case .machine: "Machine"
        }
    }

    var path: Path {
        switch self {
        case .models: Path()
        case .secrets: Path("secrets")
        case .keys: Path("api-keys")
        case .members: Path("members")
        case .environments: Path("environments")
        case .audit: Path("audit")
        case .machine: Path("machine")
        }
    }
}
