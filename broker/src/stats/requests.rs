//! Requests by API, and errors by API and code.

use ottla_io::counters::add;
use ottla_protocol::{ApiKey, ErrorCode};
use std::cell::{Cell, RefCell};

/// Pairs of an API and a code that a core keeps apart; what comes beyond is counted as UNKNOWN_SERVER_ERROR of its API,
/// so that no client decides how much is kept.
const ERRORS_MAX: usize = 256;
/// Kafka's numbers of APIs are below this.
const KEYS: usize = 128;

/// One core's.
pub(crate) struct Requests {
    by_api: [Cell<u64>; KEYS],
    errors: RefCell<Vec<(ApiKey, ErrorCode, u64)>>,
}

impl Default for Requests {
    fn default() -> Requests {
        Requests { by_api: [const { Cell::new(0) }; KEYS], errors: RefCell::default() }
    }
}

impl Requests {
    pub(crate) fn count(&self, key: ApiKey) {
        let place = usize::try_from(key as i16).ok().and_then(|key| self.by_api.get(key));
        if let Some(count) = place {
            add(count, 1);
        }
    }

    /// A code of a response; NONE is no error.
    pub(crate) fn error(&self, key: ApiKey, code: i16) {
        if code != ErrorCode::NONE.0 {
            self.count_error(key, ErrorCode(code));
        }
    }

    #[cold]
    fn count_error(&self, key: ApiKey, code: ErrorCode) {
        let mut errors = self.errors.borrow_mut();
        let known = errors.iter().position(|(other, kept, _)| *other == key && *kept == code);
        if let Some((_, _, count)) = known.and_then(|place| errors.get_mut(place)) {
            *count += 1;
        } else if errors.len() < ERRORS_MAX || code == ErrorCode::UNKNOWN_SERVER_ERROR {
            errors.push((key, code, 1));
        } else {
            drop(errors);
            self.count_error(key, ErrorCode::UNKNOWN_SERVER_ERROR);
        }
    }

    /// Requests of each API that had some, by number.
    pub(crate) fn by_api(&self) -> Vec<(ApiKey, u64)> {
        let counted = ApiKey::ALL.iter().filter_map(|key| {
            let count = self.by_api.get(usize::try_from(*key as i16).ok()?)?.get();
            (count > 0).then_some((*key, count))
        });
        counted.collect()
    }

    pub(crate) fn errors(&self) -> Vec<(ApiKey, ErrorCode, u64)> {
        self.errors.borrow().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts go to their API and code, no error is counted, and there is a bound on the pairs.
    #[test]
    fn counts_and_their_bound() {
        let requests = Requests::default();
        for _ in 0..3 {
            requests.count(ApiKey::Produce);
        }
        requests.count(ApiKey::DescribeTopicPartitions);
        assert_eq!(
            requests.by_api(),
            [(ApiKey::Produce, 3), (ApiKey::DescribeTopicPartitions, 1)],
            "the highest number that is served has a place"
        );
        requests.error(ApiKey::Fetch, 0);
        assert!(requests.errors().is_empty());
        for code in 1..=400 {
            requests.error(ApiKey::Fetch, code);
            requests.error(ApiKey::Fetch, code);
        }
        let errors = requests.errors();
        assert_eq!(errors.len(), ERRORS_MAX + 1);
        assert_eq!(errors[0], (ApiKey::Fetch, ErrorCode(1), 2));
        assert_eq!(errors[ERRORS_MAX], (ApiKey::Fetch, ErrorCode::UNKNOWN_SERVER_ERROR, 2 * (400 - 256)));
    }

    /// Every API that Kafka has is counted.
    #[test]
    fn every_api_has_a_place() {
        assert!(ApiKey::ALL.iter().all(|key| (0..KEYS as i16).contains(&(*key as i16))));
    }
}
