//! The Docker authorization plugin: owns what is enforced on this machine.
