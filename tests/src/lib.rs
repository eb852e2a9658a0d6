//! Drives the real binaries, real engines and real registries.
