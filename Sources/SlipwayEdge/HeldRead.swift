// Event-loop-bound. A channel's wish to read, kept while the other side takes no more. A class, since reading can
// come back to the same handler before it returns.

import NIOCore

final class HeldRead {
    private var isHeld = false

    /// Reads now if `mayRead`, else once `resume` is called.
    func read(_ context: ChannelHandlerContext, if mayRead: Bool) {
        if mayRead { context.read() } else { isHeld = true }
    }

    func resume(_ context: ChannelHandlerContext?) {
        guard isHeld else { return }
        isHeld = false
        context?.read()
    }
}
