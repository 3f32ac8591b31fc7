// What a name on the command line stands for, asked of the server.

import ArgumentParser
import SlipwayAPI

struct Resolver {
    let server: Remote

    // MARK: Models

    /// A model by id or name.
    func model(_ wanted: String) async throws -> Named {
        let byName = try await models(query(["name": wanted]))
        if let byID = try await modelByID(wanted) { return byID }
        if !byName.isEmpty { return try Choice.pick(wanted, kind: "model", among: byName) }
        // Only for the names that are like it.
        let all = try await server.all("/v1/models", items: "models")
        return try Choice.pick(wanted, kind: "model", among: all["models"].elements.map(Self.model))
    }

    private func modelByID(_ wanted: String) async throws -> Named? {
        guard Self.canBeID(wanted) else { return nil }
        do {
            let found = Self.model(try await server.document("GET", path("v1", "models", wanted)))
            return found.id == wanted ? found : nil
        } catch let failure as CommandFailure where failure.code == .notFound {
            return nil
        }
    }

    private func models(_ query: String) async throws -> [Named] {
        try await server.document("GET", "/v1/models" + query)["models"].elements.map(Self.model)
    }

    /// Ids are letters and digits; anything else would ask for another path.
    private static func canBeID(_ text: String) -> Bool {
        !text.isEmpty && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) }
    }

    private static func model(_ document: JSONValue) -> Named {
        Named(
            id: document["id"].text, name: document["name"].text,
            detail: "team \(document["team_name"].text)", document: document)
    }

    // MARK: Deployments

    /// A deployment of a model by id or name; `development` and `production` are those slots.
    func deployment(_ wanted: String, of model: Named) async throws -> Named {
        let all = try await deployments(of: model)
        if wanted == "production" { return try production(of: model, among: all) }
        return try Choice.pick(wanted, kind: "deployment", among: all)
    }

    /// The only deployment there is, where none was named.
    func onlyDeployment(of model: Named) async throws -> Named {
        let all = try await deployments(of: model)
        if let only = all.first, all.count == 1 { return only }
        let names = all.map { $0.name.printable() }.joined(separator: ", ")
        throw CommandFailure(
            all.isEmpty
                ? "\(model.name.printable()) has no deployment."
                : "\(model.name.printable()) has several deployments: \(names).",
            hint: all.isEmpty ? nil : "Name one, or an environment with --env.", code: .notFound)
    }

    func deployments(of model: Named) async throws -> [Named] {
        let answer = try await server.document("GET", path("v1", "models", model.id, "deployments"))
        return answer["deployments"].elements.map {
            Named($0, id: "id", name: "name", detail: "status")
        }
    }

    private func production(of model: Named, among all: [Named]) throws -> Named {
        let slot = all.filter { $0.document["is_production"].isTrue }
        let named = all.filter { $0.name == "production" && !$0.document["is_production"].isTrue }
        guard named.isEmpty else {
            throw CommandFailure(
                "production is the name of deployment \(named[0].id), and not that one serves production.",
                hint: "Give an id, or --env production.", code: .notFound)
        }
        guard let serving = slot.first else {
            throw CommandFailure(
                "\(model.name.printable()) has nothing in production.",
                hint: "Promote a deployment: slipway promote \(model.name.printable())", code: .notFound)
        }
        return serving
    }

    // MARK: Environments

    /// An environment of a model by its name.
    func environment(_ name: String, of model: Named) async throws -> Named {
        let answer = try await server.document("GET", path("v1", "models", model.id, "environments"))
        let all = answer["environments"].elements.map {
            Named($0, id: "name", name: "name")
        }
        return try Choice.pick(name, kind: "environment", among: all)
    }

    /// What serves an environment.
    func serving(_ environment: String, of model: Named) async throws -> Named {
        let found = try await self.environment(environment, of: model)
        guard let current = found.document[path: "current_deployment"] else {
            throw CommandFailure(
                "Nothing serves the environment \(found.name.printable()) of \(model.name.printable()).",
                hint:
                    "Promote a deployment: slipway promote \(model.name.printable()) --env \(found.name.printable())",
                code: .notFound)
        }
        return Named(id: current["id"].text, name: current["name"].text, document: current)
    }

    // MARK: People

    /// A user by id or mail address.
    func user(_ wanted: String) async throws -> Named {
        let answer = try await server.all("/v1/users", items: "items")
        let all = answer["items"].elements.map {
            Named($0, id: "user_id", name: "email")
        }
        return try Choice.pick(wanted, kind: "user", among: all)
    }
}
