// What a config asks of the machine: looked at when it is pushed, and again when it is built.

import SlipwayCore

extension TrussConfig {
    public var machineNeeds: MachineNeeds {
        MachineNeeds(
            packages: systemPackages, user: dockerServer?.runAsUser, mountsSecrets: !buildSecrets.isEmpty,
            limitsEgress: allowedAddresses != nil)
    }
}
