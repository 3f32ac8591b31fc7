"""What clients were told: for each fact the values it may have."""

import collections

MISSING = None


class Violation(AssertionError):
    """A promise was broken."""


class Ledger:
    """Facts by name. One value after an answer; the old and the new one when there was none."""

    def __init__(self, name):
        self.name = name
        self.facts = {}
        self.fresh = set()
        self.verified = collections.Counter()

    def promise(self, fact, value):
        """An answer said so."""
        self.facts[fact] = [value]
        self.fresh.add(fact)

    def doubt(self, fact, value):
        """A call that would make it so got no answer."""
        allowed = self.facts.setdefault(fact, [MISSING])
        if value not in allowed:
            allowed.append(value)

    def note(self, fact, outcome, value):
        """Enters the outcome of a call: acknowledged, refused or unknown."""
        if outcome == "acknowledged":
            self.promise(fact, value)
        elif outcome == "unknown":
            self.doubt(fact, value)

    def forget(self, *facts):
        for fact in facts:
            self.facts.pop(fact, None)
            self.fresh.discard(fact)

    def forget_all(self):
        self.facts.clear()
        self.fresh.clear()

    def of(self, kind):
        return [fact for fact in self.facts if fact[0] == kind]

    def value(self, fact):
        """The value when it is sure, else None."""
        allowed = self.facts.get(fact, [MISSING])
        return allowed[0] if len(allowed) == 1 else None

    def check(self, fact, observed):
        """Compares with what is there now, which is sure from then on."""
        allowed = self.facts[fact]
        if observed not in allowed:
            raise Violation(f"{self.name}: {fact} is {observed!r}, and clients were told {allowed!r}")
        if fact in self.fresh:
            self.fresh.discard(fact)
            self.verified[fact[0]] += 1
        self.facts[fact] = [observed]
