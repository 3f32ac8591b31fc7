// One step between the start of a process and its program: a mount, a directory, a group to enter.

import CSlipwayLinux
import Foundation

struct LaunchStep: Sendable, Equatable {
    var kind: slipway_step_kind
    var source: String?
    var target: String?
    var type: String?
    var options: String?
    /// User and group of a directory; nil leaves them.
    var owner: UInt32?
    var mode: UInt32 = 0o755
    var isReadOnly = false
    /// Whether the launch goes on when it fails.
    var isOptional = false

    private init(_ kind: slipway_step_kind) { self.kind = kind }

    static func write(_ text: String, to path: String) -> LaunchStep {
        var step = LaunchStep(slipway_step_write)
        (step.source, step.target) = (text, path)
        return step
    }

    /// Makes a directory with its parents.
    static func directory(_ path: String, mode: UInt32 = 0o755, owner: UInt32? = nil) -> LaunchStep {
        var step = LaunchStep(slipway_step_directory)
        (step.target, step.mode, step.owner) = (path, mode, owner)
        return step
    }

    static func file(_ path: String) -> LaunchStep {
        var step = LaunchStep(slipway_step_file)
        step.target = path
        return step
    }

    static func link(_ path: String, to target: String) -> LaunchStep {
        var step = LaunchStep(slipway_step_link)
        (step.source, step.target) = (target, path)
        return step
    }

    static func bind(_ source: String, at target: String, isReadOnly: Bool = false) -> LaunchStep {
        var step = LaunchStep(slipway_step_bind)
        (step.source, step.target, step.isReadOnly) = (source, target, isReadOnly)
        return step
    }

    static func mount(
        _ type: String, at target: String, options: String? = nil, isReadOnly: Bool = false
    ) -> LaunchStep {
        var step = LaunchStep(slipway_step_mount)
        (step.source, step.target, step.type, step.options) = ("slipway", target, type, options)
        step.isReadOnly = isReadOnly
        return step
    }

    static func root(_ path: String) -> LaunchStep {
        var step = LaunchStep(slipway_step_root)
        step.target = path
        return step
    }

    static let privateMounts = LaunchStep(slipway_step_private_mounts)
    static let hideGroups = LaunchStep(slipway_step_hide_groups).optional
    static let loopback = LaunchStep(slipway_step_loopback)

    var optional: LaunchStep {
        var step = self
        step.isOptional = true
        return step
    }

    /// For the reason of a failed start.
    var words: String {
        let place = target ?? ""
        return switch kind {
        case slipway_step_write: "writing to \(place)"
        case slipway_step_directory, slipway_step_file, slipway_step_link: "making \(place)"
        case slipway_step_mount: "mounting \(type ?? "") at \(place)"
        case slipway_step_bind: "showing \(source ?? "") at \(place)"
        case slipway_step_private_mounts: "keeping mounts private"
        case slipway_step_loopback: "turning the loopback interface on"
        case slipway_step_root: "taking \(place) as the root"
        default: "a step of the start"
        }
    }
}
