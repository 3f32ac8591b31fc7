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

    static let calm = Weather()

    init() {}

    init(_ dice: Dice) {
        func share(_ values: [Double]) -> Double { dice.pick(values) ?? 0 }
        if dice.chance(0.7) { serverCrashEvery = dice.span(.seconds(20), .seconds(600)) }
        if dice.chance(0.7) { replicaCrashEvery = dice.span(.seconds(20), .seconds(600)) }
        storeFailures = share([0, 0, 0.005, 0.03])
        slowStores = share([0, 0.01, 0.1])
        buildFailures = share([0, 0.05, 0.3])
        startFailures = share([0, 0.05, 0.3])
        adoptionFailures = share([0, 0, 0.2])
        lies = share([0, 0.05, 0.3])
        fits = share([0, 0.1])
        webhookFailures = share([0, 0.1, 0.5])
        imageLosses = share([0, 0, 0.2])
    }
}
