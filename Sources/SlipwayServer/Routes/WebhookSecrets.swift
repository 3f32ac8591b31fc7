// /v1/webhook_secrets: what signs the deliveries of asynchronous predictions. An extension of Slipway.

import Hummingbird
import SlipwayAPI
import SlipwayControl

enum WebhookSecretRoutes {
    static func collection(_ services: Services) -> RouteCollection<ServerContext> {
        let control = services.control
        let routes = RouteCollection(context: ServerContext.self)
        routes.operation(.get, "/v1/webhook_secrets") { _ in
            WebhookSecretsV1(
                secrets: try await control.webhookSecrets().map {
                    WebhookSecretV1(
                        id: $0.id, createdAt: WireDate($0.created_at), endsAt: $0.ends_at.map { WireDate($0) }
                    )
                })
        }
        routes.operation(.post, "/v1/webhook_secrets") { call in
            let made = try await control.createWebhookSecret(by: call.caller)
            return CreatedWebhookSecretV1(id: made.id, secret: made.text)
        }
        return routes
    }
}
