//! A request that names a thing twice is answered twice, as by Kafka, but not without end: five bytes may ask for all the
//! settings of a broker, so that a frame of a few MB would be answered with gigabytes.

use std::collections::BTreeSet;

/// Repeats of one request that are answered. Clients send none.
const REPEATS_MAX: usize = 16;

/// What a request has named so far.
pub(super) struct Repeats<K> {
    seen: BTreeSet<K>,
    repeated: usize,
}

impl<K: Ord> Repeats<K> {
    pub(super) fn new() -> Repeats<K> {
        Repeats { seen: BTreeSet::new(), repeated: 0 }
    }

    /// False for a repeat too many.
    pub(super) fn allow(&mut self, key: K) -> bool {
        if self.seen.insert(key) {
            return true;
        }
        self.repeated += 1;
        self.repeated <= REPEATS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_new_is_always_allowed_and_repeats_are_counted() {
        let mut repeats = Repeats::new();
        assert!((0..1000).all(|key| repeats.allow(key)));
        assert_eq!((0..1000).filter(|key| repeats.allow(*key)).count(), REPEATS_MAX);
        assert!(repeats.allow(1000));
    }
}
