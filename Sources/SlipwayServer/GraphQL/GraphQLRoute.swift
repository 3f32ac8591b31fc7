// TEMPORARY
import Hummingbird
import SlipwayAPI
import SlipwayControl
import SlipwayGraphQL
enum GraphQLRoute {
    static func add(to router: Router<ServerContext>, _ services: Services) {
        router.post("/graphql") { request, context -> Response in
            let caller = try context.authenticated(); try caller.require(.manage)
            let body = try WireJSON.decode(JSONValue.self, from: try await request.jsonBody())
            guard case .object(let m) = body, case .string(let q)? = m["query"] else { throw Refusal.validation("query") }
            var vars: [String: JSONValue] = [:]
            if case .object(let v)? = m["variables"] { vars = v }
            let r = TrussResolvers(services: services, caller: caller)
            do {
                var out: [String: JSONValue] = [:]
                for f in try MiniGQL.parse(q, vars).1 {
                    let a = TrussArguments(values: f.args)
                    let v: JSONValue
                    switch f.name {
                    case "models": v = .array(try await r.models(a).map { .object($0) })
                    case "model": v = .object(try await r.model(a))
                    case "model_version": v = .object(try await r.modelVersion(a))
                    case "teams": v = .array(try await r.teams().map { .object($0) })
                    case "organization": v = .object(try await r.organization())
                    case "user": v = .object(r.user())
                    case "listed_instances": v = .array(r.listedInstances().map { .object($0) })
                    case "truss_watch_state": v = .object(try await r.watchState(a))
                    case "truss_validation": v = .object(try r.validation(a))
                    case "model_s3_upload_credentials": v = .object(try r.uploadCredentials())
                    case "create_model_from_truss": v = .object(try await r.createModel(a))
                    case "create_model_version_from_truss": v = .object(try await r.createVersion(a))
                    case "deploy_draft_truss": v = .object(try await r.deployDraft(a))
                    case "sync_draft_truss", "stage_patch_for_draft_truss": v = .object(try r.patch())
                    default: throw GQLError(message: "unknown field \(f.name)")
                    }
                    out[f.alias] = try MiniGQL.project(v, f.sel, keep: f.name == "model_s3_upload_credentials" ? ["endpoint_url", "region_name"] : [])
                }
                return try Answer.json(["data": JSONValue.object(out)])
            } catch let e as ControlError {
                let x = Refusal(e)
                return try Answer.json(["errors": JSONValue.array([["message": .string(x.message), "extensions": ["code": .string(x.code == "NOT_FOUND" ? "RESOURCE_NOT_FOUND" : x.code)]]])])
            } catch let e as GQLError {
                return try Answer.json(["errors": JSONValue.array([["message": .string(e.message)]])])
            }
        }
    }
}
