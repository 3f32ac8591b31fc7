// Control plane views as the documents about secrets, keys, users and teams.

import SlipwayAPI
import SlipwayControl
import SlipwayCore

extension SecretV1 {
    init(_ view: SecretView) {
        self.init(
            id: view.id, createdAt: WireDate(view.createdAt), name: view.name, teamName: view.teamName)
    }
}

extension APIKeyInfoV1 {
    init(_ view: APIKeyView) {
        self.init(
            prefix: view.record.prefix, name: view.record.name,
            type: APIKeyCategoryV1(view.record.grant.category),
            modelIDs: view.record.grant.modelIDs.map { $0.map(\.text).sorted() }, teamName: view.teamName,
            createdAt: WireDate(view.record.createdAt))
    }
}

extension APIKeyCategoryV1 {
    init(_ category: APIKeyCategory) {
        self =
            switch category {
            case .personal: .personal
            case .workspaceManageAll: .workspaceManageAll
            case .workspaceExportMetrics: .workspaceExportMetrics
            case .workspaceInvoke: .workspaceInvoke
            case .workspaceManageAPIKeys: .workspaceManageAPIKeys
            }
    }

    var category: APIKeyCategory {
        switch self {
        case .personal: .personal
        case .workspaceManageAll: .workspaceManageAll
        case .workspaceExportMetrics: .workspaceExportMetrics
        case .workspaceInvoke: .workspaceInvoke
        case .workspaceManageAPIKeys: .workspaceManageAPIKeys
        }
    }
}

extension UserInfoV1 {
    init(_ user: User, workspace: String) {
        self.init(userID: user.id.text, email: user.email, name: user.name, workspaceName: workspace)
    }
}

extension TeamV1 {
    init(_ team: Team) {
        self.init(
            id: team.id.text, name: team.name, default: team.isDefault, createdAt: WireDate(team.createdAt))
    }
}
