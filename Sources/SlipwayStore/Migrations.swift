// The schema, as migrations that are only ever appended. They encode no type of the program: what a column held when a
// migration was written stands here as text, and stays when the type changes.

import GRDB

enum Migrations {
    static var all: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("v1 organization, models, deployments") { db in
            try db.create(table: "organization") { t in
                t.primaryKey("id", .text)
                t.column("name", .text).notNull()
                t.column("created_at", .integer).notNull()
            }
            try db.create(table: "users") { t in
                t.primaryKey("id", .text)
                t.column("name", .text).notNull()
                t.column("email", .text).notNull()
                t.column("created_at", .integer).notNull()
            }
            try db.create(table: "teams") { t in
                t.primaryKey("id", .text)
                t.column("name", .text).notNull().unique()
                t.column("is_default", .boolean).notNull()
                t.column("created_at", .integer).notNull()
            }
            try db.create(table: "api_keys") { t in
                t.primaryKey("prefix", .text)
                t.column("digest", .text).notNull().unique()
                t.column("name", .text)
                t.column("category", .text).notNull()
                t.column("model_ids", .text)
                t.column("owner_id", .text).notNull().references("users")
                t.column("team_id", .text).references("teams")
                t.column("created_at", .integer).notNull()
            }
            try db.create(table: "models") { t in
                t.primaryKey("id", .text)
                t.column("name", .text).notNull()
                t.column("team_id", .text).notNull().references("teams")
                t.column("created_at", .integer).notNull()
                t.uniqueKey(["team_id", "name"])
            }
            try db.create(table: "deployments") { t in
                t.primaryKey("id", .text)
                t.column("model_id", .text).notNull().indexed().references("models", onDelete: .cascade)
                t.column("name", .text).notNull()
                t.column("created_at", .integer).notNull()
                t.column("is_development", .boolean).notNull()
                t.column("archive_key", .text).notNull()
                t.column("raw_config", .text)
                t.column("config_json", .text).notNull()
                t.column("instance_type_id", .text).notNull()
                t.column("status", .text).notNull()
                t.column("status_reason", .text)
                t.column("status_since", .integer).notNull()
                t.column("desired", .text).notNull()
                t.column("image_id", .text)
                t.column("autoscaling", .text).notNull()
                t.column("has_been_active", .boolean).notNull()
                t.column("labels_json", .text)
                t.column("deploy_timeout_seconds", .integer).notNull()
                t.column("deploy_started_at", .integer)
                t.column("source_deployment_id", .text)
                t.column("truss_hash", .text)
                t.column("truss_signature", .text)
                t.column("allows_download", .boolean).notNull()
                t.uniqueKey(["model_id", "name"])
            }
            try db.create(
                index: "one_development_deployment", on: "deployments", columns: ["model_id"],
                options: .unique, condition: Column("is_development") == true)
            try db.create(table: "environments") { t in
                t.column("model_id", .text).notNull().references("models", onDelete: .cascade)
                t.column("name", .text).notNull()
                t.column("created_at", .integer).notNull()
                t.column("current_deployment_id", .text).references("deployments")
                t.column("autoscaling", .text).notNull()
                t.column("redeploy_on_promotion", .boolean).notNull()
                t.primaryKey(["model_id", "name"])
            }
            try db.create(table: "promotions") { t in
                t.primaryKey("id", .text)
                t.column("model_id", .text).notNull().references("models", onDelete: .cascade)
                t.column("environment", .text).notNull()
                t.column("candidate_id", .text).notNull()
                t.column("previous_id", .text)
                t.column("status", .text).notNull()
                t.column("error_message", .text)
                t.column("scale_down_previous", .boolean).notNull()
                t.column("candidate_is_copy", .boolean).notNull()
                t.column("created_at", .integer).notNull()
                t.column("ended_at", .integer)
            }
            try db.create(
                index: "promotions_by_environment", on: "promotions",
                columns: ["model_id", "environment", "created_at"])
            try db.create(
                index: "one_running_promotion", on: "promotions", columns: ["model_id", "environment"],
                options: .unique, condition: Column("ended_at") == nil)
            try db.create(table: "secrets") { t in
                t.primaryKey("id", .text)
                t.column("team_id", .text).notNull().references("teams", onDelete: .cascade)
                t.column("name", .text).notNull()
                t.column("sealed", .blob).notNull()
                t.column("created_at", .integer).notNull()
                t.uniqueKey(["team_id", "name"])
            }
            try db.create(table: "audit_events") { t in
                t.autoIncrementedPrimaryKey("id")
                t.column("at", .integer).notNull()
                t.column("actor", .text)
                t.column("kind", .text).notNull()
                t.column("model_id", .text)
                t.column("deployment_id", .text)
                t.column("details", .text)
            }
        }
        migrator.registerMigration("v2 promotion settings, rollouts, scaling decisions") { db in
            let rolling =
                #"{"maxSurgePercent":10,"maxUnavailablePercent":0,"stabilizationSeconds":0,"replicaOverheadPercent":0}"#
            let settings =
                #"{"redeployOnPromotion":false,"rollingDeploy":false,"cleanup":"SCALE_TO_ZERO","rolling":"#
                + rolling
                + #","rampUp":false,"rampUpSeconds":600}"#
            let rollout =
                #"{"mode":"swap","config":"# + rolling
                + #","rampUpSeconds":600,"percent":0,"readyAtProgress":0,"forcesForward":false}"#
            try db.alter(table: "environments") { t in
                t.add(column: "promotion_settings", .text).notNull().defaults(to: settings)
                t.drop(column: "redeploy_on_promotion")
            }
            try db.alter(table: "promotions") { t in
                t.add(column: "rollout", .text).notNull().defaults(to: rollout)
            }
            try db.create(table: "scaling_decisions") { t in
                t.column("deployment_id", .text).notNull().references("deployments", onDelete: .cascade)
                t.column("at", .integer).notNull()
                t.column("from_replicas", .integer).notNull()
                t.column("to_replicas", .integer).notNull()
                t.column("reason", .text).notNull()
            }
            try db.create(
                index: "scaling_decisions_by_deployment", on: "scaling_decisions",
                columns: ["deployment_id", "at"])
        }
        migrator.registerMigration("v3 asynchronous requests") { db in
            try db.create(table: "async_requests") { t in
                t.primaryKey("id", .text)
                t.column("model_id", .text).notNull().references("models", onDelete: .cascade)
                // No reference: a request outlives its deployment when another one takes it over.
                t.column("deployment_id", .text).notNull()
                t.column("environment", .text)
                t.column("priority", .integer).notNull()
                t.column("created_at", .integer).notNull()
                t.column("expires_at", .integer).notNull()
                t.column("retry", .text).notNull()
                t.column("webhook", .text)
                t.column("status", .text).notNull()
                t.column("webhook_status", .text).notNull()
                t.column("status_at", .integer).notNull()
                t.column("attempts", .integer).notNull()
                t.column("webhook_tries", .integer).notNull()
                t.column("due_at", .integer)
                t.column("errors", .text).notNull()
                t.column("input", .blob)
                t.column("output", .blob)
                t.column("output_type", .text)
            }
            try db.create(
                index: "async_requests_due", on: "async_requests",
                columns: ["due_at", "priority", "created_at"], condition: Column("due_at") != nil)
            try db.create(
                index: "async_requests_by_deployment", on: "async_requests",
                columns: ["deployment_id", "status"])
            try db.create(
                index: "async_requests_by_end", on: "async_requests", columns: ["status", "status_at"])
            try db.create(table: "webhook_secrets") { t in
                t.primaryKey("id", .text)
                t.column("sealed", .blob).notNull()
                t.column("created_at", .integer).notNull()
                t.column("ends_at", .integer)
            }
        }
        migrator.registerMigration("v4 live patches") { db in
            try db.create(table: "patches") { t in
                t.autoIncrementedPrimaryKey("position")
                t.column("deployment_id", .text).notNull().indexed()
                    .references("deployments", onDelete: .cascade)
                t.column("next_hash", .text).notNull()
                t.column("next_signature", .text).notNull()
                t.column("body", .blob).notNull()
                t.column("created_at", .integer).notNull()
            }
        }
        migrator.registerMigration("v5 metrics") { db in
            try db.create(table: "metric_samples", options: .withoutRowID) { t in
                t.column("deployment_id", .text).notNull().references("deployments", onDelete: .cascade)
                t.column("minute", .integer).notNull()
                t.column("sample", .blob).notNull()
                t.primaryKey(["deployment_id", "minute"])
            }
        }
        migrator.registerMigration("v6 audit log") { db in
            // The earlier table told too little to be carried over.
            try db.drop(table: "audit_events")
            try db.create(table: "audit_log") { t in
                t.autoIncrementedPrimaryKey("id")
                t.column("at", .integer).notNull()
                t.column("type", .text).notNull()
                t.column("data", .text).notNull()
                t.column("key_prefix", .text)
                t.column("key_name", .text)
                t.column("key_category", .text)
                t.column("user_id", .text)
                t.column("user_email", .text)
                t.column("client_name", .text)
                t.column("client_version", .text)
                // No references: entries outlive what they tell of.
                t.column("model_id", .text).indexed()
                t.column("deployment_id", .text)
                t.column("environment", .text)
            }
        }
        migrator.registerMigration("v7 idempotent calls") { db in
            try db.create(table: "idempotent_calls", options: .withoutRowID) { t in
                t.column("key_prefix", .text).notNull()
                t.column("key", .text).notNull()
                t.column("operation", .text).notNull()
                t.column("subject", .text).notNull()
                t.column("created_at", .integer).notNull()
                t.primaryKey(["key_prefix", "key"])
            }
        }
        migrator.registerMigration("v8 watched promotions") { db in
            try db.alter(table: "promotions") { t in t.add(column: "watch_until", .integer) }
            try db.create(
                index: "watched_promotions", on: "promotions", columns: ["watch_until"],
                condition: Column("watch_until") != nil)
        }
        migrator.registerMigration("v9 autoscaling schedules") { db in
            try db.alter(table: "environments") { t in
                t.add(column: "schedules", .text).notNull().defaults(to: #"{"schedules":[]}"#)
            }
        }
        migrator.registerMigration("v10 roles, environment groups") { db in
            try db.alter(table: "users") { t in
                t.add(column: "role", .text).notNull().defaults(to: "ADMIN")
            }
            try db.create(index: "users_by_email", on: "users", columns: ["email"], options: .unique)
            try db.create(table: "environment_groups") { t in
                t.column("team_id", .text).notNull().references("teams", onDelete: .cascade)
                t.column("name", .text).notNull()
                t.column("is_restricted", .boolean).notNull()
                t.column("user_ids", .text).notNull()
                t.primaryKey(["team_id", "name"])
            }
        }
        migrator.registerMigration("v11 old metrics are found without reading all") { db in
            try db.create(index: "metric_samples_by_minute", on: "metric_samples", columns: ["minute"])
        }
        migrator.registerMigration("v12 what becomes of requests when all replicas are busy") { db in
            for table in ["environments", "deployments"] {
                try db.alter(table: table) { t in t.add(column: "backpressure", .text) }
            }
        }
        migrator.registerMigration("v13 digests of pushed archives") { db in
            try db.create(table: "archives") { t in
                t.primaryKey("key", .text)
                t.column("sha256", .text).notNull()
            }
        }
        migrator.registerMigration("v14 replicas ended by a call") { db in
            try db.create(table: "terminated_replicas") { t in
                t.primaryKey("replica_id", .text)
                t.column("deployment_id", .text).notNull().references("deployments", onDelete: .cascade)
                t.column("at", .integer).notNull()
            }
        }
        migrator.registerMigration("v15 models page by page") { db in
            try db.create(index: "models_by_age", on: "models", columns: ["created_at", "id"])
        }
        migrator.registerMigration("v16 sessions of the dashboard") { db in
            try db.create(table: "sessions") { t in
                t.primaryKey("digest", .text)
                t.column("sealed_key", .blob).notNull()
                t.column("created_at", .integer).notNull()
                t.column("seen_at", .integer).notNull()
            }
        }
        return migrator
    }
}
