//! Decisions in line: each round takes what has queued while the last was being committed, decides one after the
//! other on the image that the ones before leave, and commits all their records as one entry.
//!
//! So a decision sees every decision before it, replies come only after the commit, and a burst of decisions costs
//! one durable write.

use super::log_store::LogStore;
use super::state_machine::StateMachine;
use super::types::Proposal;
use super::{Committed, Error, Raft};
use openraft::errors::{ClientWriteError, RaftError};
use ottla_io::local::{oneshot, queue};
use ottla_io::{Class, spawn, task};
use ottla_metadata::decide::Decision;
use ottla_metadata::id::Seed;
use ottla_metadata::{Delta, Image, Record};
use std::cell::RefCell;
use std::sync::Arc;

/// Decisions that may wait; beyond, submitters wait.
const QUEUE_LEN: usize = 1024;
/// A round takes no further decision once it has this many records: Kafka's bound on one operation.
const RECORDS_PER_ROUND: usize = 10_000;
/// The log is worth a snapshot when it is this long and longer than the snapshot it would replace, so that the bytes
/// written stay within twice those of the records.
const SNAPSHOT_LOG_BYTES: u64 = 1024 * 1024;

type Finish = Box<dyn FnOnce(Result<Arc<Image>, Error>)>;
type Job = Box<dyn FnOnce(&Arc<Image>, &mut Seed) -> (Vec<Record>, Finish)>;

pub(super) struct Proposals {
    jobs: RefCell<Option<queue::Sender<Job>>>,
}

pub(super) fn start(raft: Raft, log: LogStore, state_machine: StateMachine) -> Proposals {
    let (sender, receiver) = queue::bounded(QUEUE_LEN);
    spawn(Class::Control, run(raft, log, state_machine, receiver));
    Proposals { jobs: RefCell::new(Some(sender)) }
}

impl Proposals {
    pub(super) async fn submit<R: 'static>(
        &self,
        decision: impl FnOnce(&Arc<Image>, &mut Seed) -> Decision<R> + 'static,
    ) -> Result<Committed<R>, Error> {
        let stopped = || Error::Stopped("it was asked to".into());
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move |image, seed| {
            let Decision { records, reply } = decision(image, seed);
            let finish: Finish = Box::new(move |result| {
                drop(sender.send(result.map(|image| Committed { reply, image })));
            });
            (records, finish)
        });
        {
            let jobs = self.jobs.borrow().clone().ok_or_else(stopped)?;
            jobs.send(job).await.map_err(|_| stopped())?;
        }
        receiver.await.unwrap_or_else(|| Err(stopped()))
    }

    /// No further decision is taken; those in line are carried out.
    pub(super) fn close(&self) {
        self.jobs.borrow_mut().take();
    }
}

async fn run(raft: Raft, log: LogStore, state_machine: StateMachine, mut jobs: queue::Receiver<Job>) {
    let mut snapshot_at = 0;
    while let Some(first) = jobs.recv().await {
        let mut image = state_machine.image();
        let mut records = Vec::new();
        let mut finishes = Vec::new();
        let mut next = Some(first);
        while let Some(job) = next.take() {
            let mut seed = Seed::new(task::random_u64());
            let (more, finish) = job(&image, &mut seed);
            match replay(&image, &more) {
                Ok(after) => {
                    image = after;
                    records.extend(more);
                    finishes.push(finish);
                }
                Err(error) => finish(Err(error)),
            }
            if records.len() < RECORDS_PER_ROUND {
                next = jobs.try_recv();
            }
        }
        let result = commit(&raft, records).await.map(|()| state_machine.image());
        for finish in finishes {
            finish(result.clone());
        }
        let len = log.file_len();
        if len < snapshot_at {
            snapshot_at = 0; // written anew since
        }
        if len > snapshot_at + SNAPSHOT_LOG_BYTES.max(state_machine.snapshot_len()) {
            snapshot_at = len;
            if let Err(error) = raft.trigger().snapshot().await {
                tracing::warn!(%error, "no snapshot of the metadata was made");
            }
        }
    }
}

fn replay(image: &Arc<Image>, records: &[Record]) -> Result<Arc<Image>, Error> {
    if records.is_empty() {
        return Ok(image.clone());
    }
    let mut delta = Delta::new(image.clone());
    for record in records {
        delta.replay(record).map_err(|e| {
            tracing::error!(error = %e, "a decision contradicts the metadata: refused");
            Error::Contradiction(e.to_string())
        })?;
    }
    Ok(delta.finish(image.offset()).0)
}

async fn commit(raft: &Raft, records: Vec<Record>) -> Result<(), Error> {
    if records.is_empty() {
        return Ok(());
    }
    match raft.client_write(Proposal { records: records.into() }).await {
        Ok(_) => Ok(()),
        Err(RaftError::APIError(ClientWriteError::ForwardToLeader(_))) => Err(Error::NotController),
        Err(error) => Err(Error::Stopped(error.to_string())),
    }
}
