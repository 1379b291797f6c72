//! The simulated twin of the ring.
