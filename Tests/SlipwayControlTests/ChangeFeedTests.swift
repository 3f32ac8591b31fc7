// Who looks at something hears that it has changed, and nothing else.

import SlipwayCore
import Testing

@testable import SlipwayControl

@Suite("Telling who looks")
struct ChangeFeedTests {
    private let one = ModelID("one")
    private let other = ModelID("other")

    @Test("a watcher is told of its topics alone, all at once")
    func topics() async throws {
        let feed = ChangeFeed()
        let watch = try #require(feed.watch([.model(one), .log(DeploymentID("d"))], for: "a"))
        feed.note(models: [other], andUnknown: false)
        feed.note(logOf: DeploymentID("elsewhere"))
        feed.note(models: [one], andUnknown: false)
        feed.note(models: [one, other], andUnknown: false)
        feed.note(logOf: DeploymentID("d"))
        var changes = watch.makeAsyncIterator()
        #expect(await changes.next() == [.model(one), .log(DeploymentID("d"))])
        feed.close()
        #expect(await changes.next() == nil)
    }

    @Test("what is of no model in particular is told to all that look at models")
    func unknown() async throws {
        let feed = ChangeFeed()
        let watch = try #require(feed.watch([.model(one), .models], for: "a"))
        feed.note(models: [], andUnknown: true)
        var changes = watch.makeAsyncIterator()
        #expect(await changes.next() == [.model(one), .models])
    }

    @Test("a closed feed ends its watches and begins none; a full one turns away until somebody goes")
    func limits() async throws {
        let feed = ChangeFeed()
        var watches = (0..<ChangeFeed.maxWatchers).compactMap { feed.watch([.models], for: "\($0 / 30)") }
        #expect(watches.count == ChangeFeed.maxWatchers)
        #expect(feed.watch([.models], for: "a") == nil)
        watches.removeAll()
        watches = (0..<ChangeFeed.maxWatchersOfOne).compactMap { _ in feed.watch([.models], for: "a") }
        #expect(watches.count == ChangeFeed.maxWatchersOfOne)
        #expect(feed.watch([.models], for: "a") == nil, "one owner leaves room for others")
        #expect(feed.watch([.models], for: "b") != nil)
        watches.removeAll()
        #expect(feed.watch([.models], for: "a") != nil)
        feed.close()
        #expect(feed.watch([.models], for: "a") == nil)
    }

    @Test("a change of a model reaches who looks at it, through the whole control plane")
    func wholeWay() async throws {
        try await World.run { world in
            let deployment = try await world.push("watched")
            try await world.reaches(.active, deployment)
            let watch = try #require(world.control.changes.watch([.model(deployment.modelID)], for: "a"))
            let told = Task {
                for await _ in watch { return true }; return false
            }
            _ = try await world.control.renameModel(deployment.modelID, to: "other", by: world.admin)
            #expect(await told.value)
        }
    }
}
