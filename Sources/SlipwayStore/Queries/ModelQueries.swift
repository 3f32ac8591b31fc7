// Models and deployments.

import GRDB
import SlipwayCore

extension StoreReader {
    public func models(of team: TeamID? = nil) throws -> [Model] {
        let all = ModelRecord.order(Column("created_at"), Column("id"))
        return try (team.map { all.filter(Column("team_id") == $0.text) } ?? all).fetchAll(db).map(\.model)
    }

    public func model(_ id: ModelID) throws -> Model? {
        try ModelRecord.one(db, "WHERE id = ?", [id.text])?.model
    }

    public func model(named name: String, of team: TeamID) throws -> Model? {
        try ModelRecord.filter(Column("team_id") == team.text).filter(Column("name") == name).fetchOne(db)?
            .model
    }

    public func deployments() throws -> [Deployment] {
        try DeploymentRecord.all(db).map(\.deployment)
    }

    /// Newest first.
    public func deployments(of model: ModelID) throws -> [Deployment] {
        try DeploymentRecord.filter(Column("model_id") == model.text)
            .order(Column("created_at").desc, Column("id")).fetchAll(db).map(\.deployment)
    }

    public func deployment(_ id: DeploymentID) throws -> Deployment? {
        try DeploymentRecord.one(db, "WHERE id = ?", [id.text])?.deployment
    }

    public func developmentDeployment(of model: ModelID) throws -> Deployment? {
        try DeploymentRecord.filter(Column("model_id") == model.text)
            .filter(Column("is_development") == true).fetchOne(db)?.deployment
    }

    public func deploymentIDs() throws -> Set<DeploymentID> {
        Set(try String.fetchAll(db, sql: "SELECT id FROM deployments").map { DeploymentID($0) })
    }

    /// Images that deployments start from.
    public func imageIDs() throws -> Set<ImageID> {
        let sql = "SELECT DISTINCT image_id FROM deployments WHERE image_id IS NOT NULL"
        return Set(try String.fetchAll(db, sql: sql).map { ImageID($0) })
    }

    /// Keys of the archives that deployments are built from.
    public func archiveKeys() throws -> Set<String> {
        Set(try String.fetchAll(db, sql: "SELECT DISTINCT archive_key FROM deployments"))
    }

    /// Whether any deployment still needs the uploaded archive.
    public func usesArchive(_ key: String) throws -> Bool {
        try !DeploymentRecord.filter(Column("archive_key") == key).isEmpty(db)
    }

    /// Whether any deployment still starts from the image.
    public func usesImage(_ id: ImageID) throws -> Bool {
        try !DeploymentRecord.filter(Column("image_id") == id.text).isEmpty(db)
    }
}

extension StoreWriter {
    public func insert(_ model: Model) throws { try ModelRecord(model).insert(db) }

    public func update(_ model: Model) throws { try ModelRecord(model).update(db) }

    public func insert(_ deployment: Deployment) throws { try DeploymentRecord(deployment).insert(db) }

    public func update(_ deployment: Deployment) throws { try DeploymentRecord(deployment).update(db) }

    public func deleteDeployment(_ id: DeploymentID) throws {
        _ = try DeploymentRecord.deleteOne(db, key: id.text)
    }

    /// Removes the model and all that hangs below it.
    public func deleteModel(_ id: ModelID) throws {
        _ = try EnvironmentRecord.filter(Column("model_id") == id.text).deleteAll(db)
        _ = try ModelRecord.deleteOne(db, key: id.text)
    }
}
