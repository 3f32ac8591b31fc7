// How hard a simulated world is on the server. Drawn from the seed: some worlds are calm, some are not.

struct Weather {
    /// On average; nil never.
    var serverCrashEvery: Duration?
    var replicaCrashEvery: Duration?
    /// Of all calls of a kind, the share that goes wrong.
    var storeFailures = 0.0
    var slowStores = 0.0
    var buildFailures = 0.0
    var startFailures = 0.0
    var adoptionFailures = 0.0
    /// Reports of the engine that are repeated, late or about nobody.
    var lies = 0.0
    /// Replicas that stop answering for a while.
    var fits = 0.0
    var webhookFailures = 0.0
    /// Of all crashes, those after which an image is missing.
    var imageLosses = 0.0
    /// On average, beside a server that runs; nil never.
    var imageLossEvery: Duration?

    static let calm = Weather()

    init() {}

    init(_ dice: Dice) {
        func share(_ values: [Double], _ name: String) -> Double { dice.pick(values, "weather/\(name)") ?? 0 }
        if dice.chance(0.7, "weather/server-crashes") {
            serverCrashEvery = dice.span(.seconds(20), .seconds(600), "weather/server-crash-every")
        }
        if dice.chance(0.7, "weather/replica-crashes") {
            replicaCrashEvery = dice.span(.seconds(20), .seconds(600), "weather/replica-crash-every")
        }
        storeFailures = share([0, 0, 0.005, 0.03], "storeFailures")
        slowStores = share([0, 0.01, 0.1], "slowStores")
        buildFailures = share([0, 0.05, 0.3], "buildFailures")
        startFailures = share([0, 0.05, 0.3], "startFailures")
        adoptionFailures = share([0, 0, 0.2], "adoptionFailures")
        lies = share([0, 0.05, 0.3], "lies")
        fits = share([0, 0.1], "fits")
        webhookFailures = share([0, 0.1, 0.5], "webhookFailures")
        imageLosses = share([0, 0, 0.2], "imageLosses")
        if imageLosses > 0 {
            imageLossEvery = dice.span(.seconds(60), .seconds(600), "weather/image-loss-every")
        }
    }
}
