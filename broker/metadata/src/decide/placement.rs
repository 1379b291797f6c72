//! Which brokers hold a new partition: striped over racks and brokers from a random start, as Kafka's
//! StripedReplicaPlacer does it.
//!
//! Racks take turns, then the brokers within a rack; a fenced broker gets replicas only when the active ones do not
//! suffice, and never the first place, so each partition has a leader from the start.

use super::Error;
use crate::id::Seed;
use crate::image::Image;
use std::collections::{BTreeMap, BTreeSet};

/// The replicas of `count` partitions, the preferred leader first in each.
/// # Errors
/// Kafka's reason in words, when `factor` cannot be had.
pub fn place(image: &Image, count: usize, factor: i16, seed: &mut Seed) -> Result<Vec<Vec<i32>>, String> {
    if count == 0 {
        return Err("Invalid number of partitions: it must be positive.".into());
    }
    let wanted = match usize::try_from(factor) {
        Ok(wanted) if wanted > 0 => wanted,
        _ => {
            return Err(format!(
                "Invalid replication factor {factor}: the replication factor must be positive."
            ));
        }
    };
    let total = image.brokers().count();
    if image.brokers().all(|b| b.fenced) {
        return Err("All brokers are currently fenced.".into());
    }
    if wanted > total {
        return Err(format!(
            "The target replication factor of {factor} cannot be reached because only {total} broker(s) are \
             registered or some brokers have all their log directories cordoned."
        ));
    }
    let mut stripes = Stripes::new(image, seed);
    Ok((0..count).map(|_| stripes.next(wanted)).collect())
}

/// What a client's assignment of one partition must hold. `factor` is that of the partitions before it.
pub fn validate_manual(image: &Image, brokers: &[i32], factor: Option<usize>) -> Result<(), Error> {
    let refuse = |text: String| Err(Error::InvalidReplicaAssignment(text));
    if brokers.is_empty() {
        return refuse("The manual partition assignment includes an empty replica list.".into());
    }
    let mut seen = BTreeSet::new();
    let mut sorted = brokers.to_vec();
    sorted.sort_unstable();
    for id in sorted {
        if !seen.insert(id) {
            return refuse(format!(
                "The manual partition assignment includes the broker {id} more than once."
            ));
        }
        if image.broker(id).is_none() {
            return refuse(format!(
                "The manual partition assignment includes broker {id}, but no such broker is registered."
            ));
        }
    }
    match factor {
        Some(factor) if factor != brokers.len() => refuse(format!(
            "The manual partition assignment includes a partition with {} replica(s), but this is not consistent with \
             previous partitions, which have {factor} replica(s).",
            brokers.len()
        )),
        _ => Ok(()),
    }
}

/// The brokers of one rack, each kind in a ring that starts one further for each partition.
struct Rack {
    active: Vec<i32>,
    fenced: Vec<i32>,
    start: usize,
}

impl Rack {
    /// The `turn`th replica that this rack gives to the current partition, from its active or its fenced brokers.
    fn pick(brokers: &[i32], start: usize, turn: usize) -> Option<i32> {
        if turn >= brokers.len() { None } else { brokers.get((start + turn) % brokers.len()).copied() }
    }
}

struct Stripes {
    racks: Vec<Rack>,
    first_rack: usize,
}

impl Stripes {
    fn new(image: &Image, seed: &mut Seed) -> Stripes {
        let mut racks: BTreeMap<Option<&str>, Rack> = BTreeMap::new();
        for broker in image.brokers() {
            let rack = racks.entry(broker.rack.as_deref()).or_insert_with(|| Rack {
                active: Vec::new(),
                fenced: Vec::new(),
                start: 0,
            });
            if broker.fenced { rack.fenced.push(broker.id) } else { rack.active.push(broker.id) }
        }
        let mut racks: Vec<Rack> = racks.into_values().collect();
        for rack in &mut racks {
            rack.start = seed.below(rack.active.len().max(rack.fenced.len()));
        }
        let first_rack = seed.below(racks.len());
        Stripes { racks, first_rack }
    }

    fn next(&mut self, wanted: usize) -> Vec<i32> {
        let mut replicas = Vec::with_capacity(wanted);
        for fenced in [false, true] {
            let longest =
                self.racks.iter().map(|r| if fenced { r.fenced.len() } else { r.active.len() }).max();
            for turn in 0..longest.unwrap_or_default() {
                for step in 0..self.racks.len() {
                    let rack = self.racks.get((self.first_rack + step) % self.racks.len());
                    let Some(rack) = rack else { continue };
                    let brokers = if fenced { &rack.fenced } else { &rack.active };
                    if replicas.len() < wanted
                        && let Some(id) = Rack::pick(brokers, rack.start, turn)
                    {
                        replicas.push(id);
                    }
                }
            }
        }
        self.first_rack += 1;
        for rack in &mut self.racks {
            rack.start += 1;
        }
        replicas
    }
}
