//! openraft's log and vote, in memory and in one file.
//!
//! Every change takes effect in memory at once and goes into one queue; one task writes what has queued since its last
//! write ended, with one durable write (group commit), and only then reports it done. So writes reach the disk in the
//! order they were asked for, and a vote is never overtaken. After a failed write nothing is written or reported as
//! done any more: what the disk holds is not known, and the controller stops.

use super::frozen::{self, Event, Id};
use super::log_file::{LogFile, OpenError};
use super::types::{Entry, LogId, Types, Vote};
use openraft::entry::RaftEntry;
use openraft::storage::{IOFlushed, LogState, RaftLogReader, RaftLogStorage};
use ottla_io::local::{Event as Signal, oneshot};
use ottla_io::{Class, spawn};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::io;
use std::ops::RangeBounds;
use std::path::Path;
use std::rc::Rc;

/// A purge below this much of file only notes what is gone; above it the file is written anew.
const REWRITE_BYTES_MIN: u64 = 256 * 1024;

/// Clones share one log.
#[derive(Clone)]
pub(super) struct LogStore {
    shared: Rc<Shared>,
}

struct Shared {
    memory: RefCell<Memory>,
    queue: RefCell<Vec<Pending>>,
    /// Rung when the queue gets its first item, or at the end.
    queued: Signal,
    file_len: Cell<u64>,
    failed: RefCell<Option<String>>,
    failure: Signal,
    closed: Cell<bool>,
}

#[derive(Default, Debug, PartialEq)]
struct Memory {
    vote: Option<Vote>,
    committed: Option<LogId>,
    /// The committed id of the newest frame, so that it is not written again.
    committed_written: Option<LogId>,
    purged: Option<LogId>,
    entries: BTreeMap<u64, Entry>,
}

enum Pending {
    Write { events: Vec<Event>, done: Done },
    Rewrite,
}

enum Done {
    Nobody,
    Waiting(oneshot::Sender<io::Result<()>>),
    Appended(IOFlushed<Types>),
}

impl LogStore {
    /// Opens the log in `dir` and starts its writer.
    pub(super) async fn open(dir: &Path, cluster_id: &str, node_id: u64) -> Result<LogStore, OpenError> {
        let (file, events) = LogFile::open(dir, cluster_id, node_id).await?;
        let mut memory = Memory::default();
        for event in events {
            memory.replay(event).map_err(|source| OpenError::Damaged {
                path: dir.join(super::log_file::FILE_NAME),
                source: super::frames::Damage::Unreadable { position: 0, why: source },
            })?;
        }
        memory.committed_written = memory.committed;
        let shared = Rc::new(Shared {
            memory: RefCell::new(memory),
            queue: RefCell::default(),
            queued: Signal::new(),
            file_len: Cell::new(file.len()),
            failed: RefCell::default(),
            failure: Signal::new(),
            closed: Cell::new(false),
        });
        spawn(Class::Control, write(file, shared.clone()));
        Ok(LogStore { shared })
    }

    /// With a single voter every durable entry is committed, so all of them are applied before the first request.
    pub(super) fn commit_all_durable(&self) {
        let mut memory = self.shared.memory.borrow_mut();
        memory.committed = memory.last();
    }

    /// The set of voters that the newest entry about it names; `None` when no entry here does.
    pub(super) fn last_membership(&self) -> Option<super::types::Membership> {
        let memory = self.shared.memory.borrow();
        memory.entries.values().rev().find_map(|entry| match &entry.payload {
            openraft::EntryPayload::Membership(membership) => Some(membership.clone()),
            _ => None,
        })
    }

    pub(super) fn file_len(&self) -> u64 {
        self.shared.file_len.get()
    }

    /// Why the log can no longer be written, once that is so.
    pub(super) fn failed(&self) -> Option<String> {
        self.shared.failed.borrow().clone()
    }

    /// Completes when a write has failed.
    pub(super) async fn failure(&self) -> String {
        loop {
            let signal = self.shared.failure.wait();
            if let Some(why) = self.failed() {
                return why;
            }
            signal.await;
        }
    }

    /// Ends the writer once it has written what is queued.
    pub(super) fn close(&self) {
        self.shared.closed.set(true);
        self.shared.queued.notify_all();
    }

    fn push(&self, pending: Pending) {
        let mut queue = self.shared.queue.borrow_mut();
        queue.push(pending);
        if queue.len() == 1 {
            self.shared.queued.notify_all();
        }
    }

    async fn durable(&self, event: Event) -> io::Result<()> {
        let (sender, receiver) = oneshot::channel();
        self.push(Pending::Write { events: vec![event], done: Done::Waiting(sender) });
        receiver.await.unwrap_or_else(|| Err(io::Error::other("the metadata log's writer has ended")))
    }
}

/// The one task that writes.
async fn write(mut file: LogFile, shared: Rc<Shared>) {
    loop {
        let signal = shared.queued.wait();
        let batch = std::mem::take(&mut *shared.queue.borrow_mut());
        if batch.is_empty() {
            if shared.closed.get() {
                return;
            }
            signal.await;
            continue;
        }
        let result = write_batch(&mut file, &shared, &batch).await;
        shared.file_len.set(file.len());
        if let Err(error) = &result {
            tracing::error!(%error, "the metadata log cannot be written: the controller stops");
            *shared.failed.borrow_mut() = Some(error.to_string());
        }
        finish(batch, result.as_ref().err());
        if let Err(error) = result {
            shared.failure.notify_all();
            refuse_rest(&shared, &error).await;
            return;
        }
    }
}

async fn write_batch(file: &mut LogFile, shared: &Shared, batch: &[Pending]) -> io::Result<()> {
    // A rewrite holds all that memory holds, the rest of this batch included: that is written again behind it, which
    // replays to the same.
    if batch.iter().any(|p| matches!(p, Pending::Rewrite)) {
        let events = shared.memory.borrow_mut().events();
        file.rewrite(&events).await?;
    }
    let mut events: Vec<Event> = Vec::new();
    for pending in batch {
        if let Pending::Write { events: more, .. } = pending {
            events.extend(more.iter().cloned());
        }
    }
    if events.is_empty() {
        return Ok(());
    }
    // What is committed needs no write of its own: it goes along with the next.
    {
        let mut memory = shared.memory.borrow_mut();
        if memory.committed != memory.committed_written {
            memory.committed_written = memory.committed;
            events.push(Event::Committed(memory.committed.as_ref().map(Id::from)));
        }
    }
    file.append(&events).await
}

fn finish(batch: Vec<Pending>, error: Option<&io::Error>) {
    let result = || match error {
        None => Ok(()),
        Some(error) => Err(io::Error::new(error.kind(), error.to_string())),
    };
    for pending in batch {
        match pending {
            Pending::Write { done: Done::Waiting(sender), .. } => drop(sender.send(result())),
            Pending::Write { done: Done::Appended(callback), .. } => callback.io_completed(result()),
            Pending::Write { done: Done::Nobody, .. } | Pending::Rewrite => {}
        }
    }
}

/// After a failure everything is refused with its reason, until the log is closed.
async fn refuse_rest(shared: &Shared, error: &io::Error) {
    loop {
        let signal = shared.queued.wait();
        let batch = std::mem::take(&mut *shared.queue.borrow_mut());
        if batch.is_empty() {
            if shared.closed.get() {
                return;
            }
            signal.await;
        } else {
            finish(batch, Some(error));
        }
    }
}

impl Memory {
    fn last(&self) -> Option<LogId> {
        self.entries.values().next_back().map(|entry| entry.log_id()).or(self.purged)
    }

    fn append(&mut self, entry: Entry) {
        let index = entry.log_id.index;
        // A frame may be replayed behind a rewrite that had it already: what followed it follows again.
        if self.entries.last_key_value().is_some_and(|(last, _)| *last >= index) {
            self.entries.split_off(&index);
        }
        self.entries.insert(index, entry);
    }

    fn truncate_after(&mut self, last: Option<&LogId>) {
        self.entries.split_off(&last.map_or(0, |id| id.index + 1));
    }

    fn purge(&mut self, upto: LogId) {
        self.entries = self.entries.split_off(&(upto.index + 1));
        self.purged = self.purged.max(Some(upto));
    }

    fn replay(&mut self, event: Event) -> Result<(), ottla_metadata::envelope::Error> {
        match event {
            Event::Head { .. } => {
                let text = "a second head";
                return Err(ottla_metadata::envelope::Error::Payload(text.into()));
            }
            Event::Vote { term, node_id, committed } => {
                self.vote = Some(frozen::vote(term, node_id, committed));
            }
            Event::Entry { id, payload } => self.append(frozen::entry(id, payload)?),
            Event::TruncateAfter(last) => self.truncate_after(last.map(LogId::from).as_ref()),
            Event::Purge(upto) => self.purge(upto.into()),
            Event::Committed(id) => self.committed = id.map(LogId::from),
        }
        Ok(())
    }

    /// The events that make this memory of an empty one.
    fn events(&mut self) -> Vec<Event> {
        self.committed_written = self.committed;
        let mut events = Vec::with_capacity(self.entries.len() + 3);
        events.extend(self.vote.as_ref().map(Event::from));
        events.extend(self.purged.as_ref().map(|id| Event::Purge(id.into())));
        events.extend(self.entries.values().map(Event::from));
        events.push(Event::Committed(self.committed.as_ref().map(Id::from)));
        events
    }
}

impl RaftLogReader<Types> for LogStore {
    async fn try_get_log_entries<RB: RangeBounds<u64> + Clone + Debug>(
        &mut self,
        range: RB,
    ) -> io::Result<Vec<Entry>> {
        Ok(self.shared.memory.borrow().entries.range(range).map(|(_, entry)| entry.clone()).collect())
    }

    async fn read_vote(&mut self) -> io::Result<Option<Vote>> {
        Ok(self.shared.memory.borrow().vote)
    }
}

impl RaftLogStorage<Types> for LogStore {
    type LogReader = LogStore;

    async fn get_log_state(&mut self) -> io::Result<LogState<Types>> {
        let memory = self.shared.memory.borrow();
        Ok(LogState { last_purged_log_id: memory.purged, last_log_id: memory.last() })
    }

    async fn get_log_reader(&mut self) -> LogStore {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote) -> io::Result<()> {
        self.shared.memory.borrow_mut().vote = Some(*vote);
        self.durable(Event::from(vote)).await
    }

    async fn save_committed(&mut self, committed: Option<LogId>) -> io::Result<()> {
        self.shared.memory.borrow_mut().committed = committed;
        Ok(())
    }

    async fn read_committed(&mut self) -> io::Result<Option<LogId>> {
        Ok(self.shared.memory.borrow().committed)
    }

    async fn append<I>(&mut self, entries: I, callback: IOFlushed<Types>) -> io::Result<()>
    where
        I: IntoIterator<Item = Entry>,
    {
        let mut events = Vec::new();
        {
            let mut memory = self.shared.memory.borrow_mut();
            for entry in entries {
                events.push(Event::from(&entry));
                memory.append(entry);
            }
        }
        self.push(Pending::Write { events, done: Done::Appended(callback) });
        Ok(())
    }

    async fn truncate_after(&mut self, last: Option<LogId>) -> io::Result<()> {
        self.shared.memory.borrow_mut().truncate_after(last.as_ref());
        self.durable(Event::TruncateAfter(last.as_ref().map(Id::from))).await
    }

    async fn purge(&mut self, upto: LogId) -> io::Result<()> {
        self.shared.memory.borrow_mut().purge(upto);
        // Nobody waits: what is purged twice after a crash is purged all the same.
        if self.shared.file_len.get() >= REWRITE_BYTES_MIN {
            self.push(Pending::Rewrite);
        } else {
            self.push(Pending::Write { events: vec![Event::Purge(Id::from(&upto))], done: Done::Nobody });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::frozen::Payload;
    use super::*;

    fn entry(term: u64, index: u64) -> Entry {
        frozen::entry(Id { term, index }, Payload::Blank).unwrap()
    }

    /// Replaying what a rewrite wrote, and then the frames that were queued behind it once more, gives the same log.
    #[test]
    fn frames_behind_a_rewrite_replay_to_the_same() {
        let mut memory = Memory::default();
        let mut queued = Vec::new();
        for index in 1..=4 {
            queued.push(Event::from(&entry(1, index)));
            memory.append(entry(1, index));
        }
        queued.push(Event::TruncateAfter(Some(Id { term: 1, index: 2 })));
        memory.truncate_after(Some(&Id { term: 1, index: 2 }.into()));
        queued.push(Event::from(&entry(2, 3)));
        memory.append(entry(2, 3));
        memory.vote = Some(frozen::vote(2, 1, true));
        let mut again = Memory::default();
        for event in memory.events() {
            again.replay(event).unwrap();
        }
        for event in queued {
            again.replay(event).unwrap();
        }
        again.committed_written = again.committed;
        assert_eq!(again, memory);
    }
}
