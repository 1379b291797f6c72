//! Tests that need more than one crate: simulator, crashes, wire, real clients.
