// Asks before something that cannot be undone.

import ArgumentParser
import Foundation

struct ConfirmationOptions: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false

    /// Asks on a terminal; without one only `--yes` lets a command go on.
    func confirm(_ question: String) throws {
        if yes { return }
        guard Terminal.current.inputIsTerminal else {
            throw ValidationError("\(question.printable()) There is no terminal to ask on; say --yes.")
        }
        guard Question.ask(question) else { throw CommandFailure("Nothing was changed.") }
    }
}

enum Question {
    /// Anything but `y` or `yes` means no.
    static func ask(_ question: String) -> Bool {
        StandardStream.error.write(Array("\(question.printable()) [y/N] ".utf8))
        let answer = readLine()?.trimmingCharacters(in: .whitespaces).lowercased()
        return answer == "y" || answer == "yes"
    }
}
