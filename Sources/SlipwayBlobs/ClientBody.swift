// A request's body whose own failures can be told from those of the disk. Used by `S3Service`.

/// The client's connection failed while its body was read.
struct ClientBodyError: Error {}

/// The same bytes; every error of the base becomes `ClientBodyError`.
struct ClientBody<Base: AsyncSequence>: AsyncSequence where Base.Element == [UInt8] {
    private let base: Base

    init(_ base: Base) { self.base = base }

    struct AsyncIterator: AsyncIteratorProtocol {
        var base: Base.AsyncIterator

        mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(ClientBodyError) -> [UInt8]? {
            do {
                return try await base.next(isolation: actor)
            } catch {
                throw ClientBodyError()
            }
        }

        mutating func next() async throws(ClientBodyError) -> [UInt8]? { try await next(isolation: nil) }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(base: base.makeAsyncIterator()) }
}
