// POST /graphql on the app host: one request of the official client. Errors of its operations are answered
// with status 200; only a body that is no GraphQL request at all is a 400.

import Hummingbird
import SlipwayControl
import SlipwayCore
import SlipwayGraphQL

enum GraphQLRoute {
    static func add(to router: Router<ServerContext>, _ services: Services) {
        let rule = AccessTable.demand("POST", "/graphql")
        router.post("/graphql") { request, context -> Response in
            let caller = try context.authenticated()
            try caller.require(rule)
            try request.requireNoQuery()
            if let key = caller.idempotencyKey, let problem = IdempotencyKey.problem(in: key) {
                throw Refusal.validation(problem)
            }
            let body = try await request.jsonBody()
            let query: GraphQLRequest
            do throws(GraphQLFailure) {
                query = try GraphQLRequest(json: body)
            } catch {
                throw Refusal.validation(error.message)
            }
            let resolvers = TrussResolvers(services: services, caller: caller, logger: context.logger)
            let answer = await TrussSchema.schema.execute(query, context: resolvers)
            return Answer.json(encoded: ByteBuffer(bytes: answer.json))
        }
    }
}
