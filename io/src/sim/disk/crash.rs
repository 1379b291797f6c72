//! What a crash leaves: of everything pending, each by seed.
//!
//! A write is lost, kept, or torn: some of its 512-byte sectors are there, others not. A lost write behind the old end
//! may still have made the file longer, with zeros. A directory's change happened or did not, whole; in the order of a
//! journal or in none.

use super::{Change, Disk, FileChange, FileNode, Inode, Pending};
use crate::sim::config::chance;
use rand::RngExt;
use rand::rngs::SmallRng;
use std::collections::BTreeSet;

const SECTOR_BYTES: u64 = 512;

impl Disk {
    /// Forgets what programs saw and leaves what is on the platter.
    pub(in crate::sim) fn crash(&mut self, rng: &mut SmallRng, ordered: Option<bool>) {
        let ordered = ordered.unwrap_or_else(|| rng.random_bool(0.5));
        let changes = std::mem::take(&mut self.changes);
        let survivors = rng.random_range(0..=changes.len());
        let mut lost = BTreeSet::new();
        for (index, change) in changes.into_iter().enumerate() {
            let happened = if ordered { index < survivors } else { rng.random_bool(0.5) };
            // A change of a name whose last change was lost stands on nothing.
            let stands = |change: &Change| {
                !change.effects.iter().any(|effect| lost.contains(&(effect.dir, effect.name.clone())))
            };
            if happened && stands(&change) {
                self.make_durable(change);
            } else {
                lost.extend(change.effects.into_iter().map(|effect| (effect.dir, effect.name)));
            }
        }
        let mut parents = Vec::new();
        for (id, inode) in &mut self.inodes {
            match inode {
                Inode::Dir(dir) => {
                    dir.entries = dir.durable.clone();
                    parents.extend(dir.entries.values().map(|child| (*child, *id)));
                }
                Inode::File(file) => file.crash(rng),
            }
        }
        for (child, parent) in parents {
            if let Some(Inode::Dir(dir)) = self.inodes.get_mut(&child) {
                dir.parent = parent;
            }
        }
        self.open.clear();
        self.locked.clear();
        self.garbage = true;
        self.collect_garbage();
    }

    /// A failed sync: what is pending of the file was written or was not, and nobody will say so.
    pub(in crate::sim) fn fail_sync(&mut self, inode: super::InodeId, rng: &mut SmallRng) {
        if let Ok(file) = self.file_mut(inode) {
            let pending = std::mem::take(&mut file.pending);
            pending.into_iter().for_each(|pending| file.decide(pending, rng));
        }
    }

    /// The process ends, the machine stays: nothing is lost, but all handles and locks are gone.
    pub(in crate::sim) fn close_all(&mut self) {
        self.open.clear();
        self.locked.clear();
    }
}

impl FileNode {
    fn crash(&mut self, rng: &mut SmallRng) {
        let pending = std::mem::take(&mut self.pending);
        pending.into_iter().for_each(|pending| self.decide(pending, rng));
        self.content = self.durable.clone();
    }

    fn decide(&mut self, pending: Pending, rng: &mut SmallRng) {
        let fate = if pending.kept { 0 } else { rng.random_range(0..4) };
        match pending.change {
            FileChange::SetLen(len) if fate < 2 => self.durable.set_len(len),
            FileChange::SetLen(_) => {}
            FileChange::Write { offset, parts } => {
                let len: u64 = parts.iter().map(|part| part.len() as u64).sum();
                // Kept, lost, or torn two times of four.
                let mut at = offset;
                for part in parts {
                    let mut done = 0;
                    while done < part.len() {
                        let count =
                            (SECTOR_BYTES - at % SECTOR_BYTES).min((part.len() - done) as u64) as usize;
                        let is_there = match fate {
                            0 => true,
                            1 => false,
                            _ => rng.random_bool(0.5),
                        };
                        if is_there {
                            self.durable.write(at, &part[done..done + count]);
                        }
                        done += count;
                        at += count as u64;
                    }
                }
                if fate == 1 && offset + len > self.durable.len() && chance(rng, 0.25) {
                    self.durable.set_len(offset + len);
                }
            }
        }
    }
}
