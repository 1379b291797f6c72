//! Appends and their acks.
//!
//! An append is made at once, or waits in line while the log has no room. Its future then waits in the line of its
//! acks, which is in the order of offsets: what became durable is popped from the front, so one write that carried
//! many batches answers them all in one go, without a task or an allocation for each.
//!
//! ```text
//! append ─► queued (no room) ─► in the log, waiting for its ack ─► answered
//!     └────────────────────────────────┘
//! ```

use super::{Partition, error_code};
use crate::produce::{Checked, Refusal};
use crate::producers::{Marker, ProducerFault, Verdict};
use ottla_io::Instant;
use ottla_log::{AppendError, AppendInfo, Offset};
use ottla_protocol::ErrorCode;
use slab::Slab;
use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// When an append is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acks {
    /// As soon as it is in the log: nobody hears the answer.
    None,
    /// When this node has it on stable storage, or as the topic's flush settings say.
    Leader,
    /// When every in-sync replica has.
    All,
}

/// Who appends, and so what is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendOrigin {
    /// A client. The batches of a transaction that has not begun here need to be verified, unless the settings say
    /// otherwise, and there is no coordinator that could be asked.
    Client,
    /// A client whose transaction the coordinator has verified for this partition.
    ClientInTransaction,
    /// A coordinator's marker: it ends a transaction, by the rules of this version of them.
    Marker { transaction_version: i8 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppendResult {
    pub base_offset: Offset,
    /// -1 unless the topic's time is LogAppendTime. For a duplicate, the timestamp of the batch that is there.
    pub log_append_time: i64,
    pub log_start_offset: Offset,
    /// When the write began that made it durable, and when its acks were met.
    pub write_began: Instant,
    pub acked: Instant,
}

/// The answer to an append. Dropping it undoes nothing.
pub struct AppendFuture(Answer);

enum Answer {
    Now(Option<Result<AppendResult, Refusal>>),
    Later(Rc<Partition>, usize),
}

/// An append that is not answered yet.
enum Slot {
    /// Nobody asks any more.
    Abandoned,
    Waiting {
        waker: Option<Waker>,
        base_offset: Offset,
        log_append_time: i64,
    },
    Answered(Result<AppendResult, Refusal>),
}

impl Slot {
    fn waiting() -> Slot {
        Slot::Waiting { waker: None, base_offset: -1, log_append_time: -1 }
    }
}

struct Queued {
    checked: Checked,
    acks: Acks,
    origin: AppendOrigin,
    slot: usize,
}

/// Who waits, by what for.
#[derive(Default)]
pub(super) struct Appends {
    slots: Slab<Slot>,
    /// For room, in the order of calls.
    queue: VecDeque<Queued>,
    /// For this node's durable end to reach the offset; ascending.
    leader: VecDeque<(Offset, usize)>,
    /// For the high watermark to reach the offset; ascending.
    all: VecDeque<(Offset, usize)>,
    /// Kept for its capacity.
    wakers: Vec<Waker>,
}

impl Appends {
    /// Puts `slot` into the line of `acks`. Almost always last; a duplicate waits among those of its offset.
    fn wait(&mut self, acks: Acks, end: Offset, slot: usize) {
        let line = if acks == Acks::All { &mut self.all } else { &mut self.leader };
        if line.back().is_none_or(|(last, _)| *last <= end) {
            line.push_back((end, slot));
        } else {
            let place = line.partition_point(|(other, _)| *other <= end);
            line.insert(place, (end, slot));
        }
    }

    fn answer(&mut self, slot: usize, answer: impl FnOnce(Offset, i64) -> Result<AppendResult, Refusal>) {
        let Some(place) = self.slots.get_mut(slot) else { return };
        match std::mem::replace(place, Slot::Abandoned) {
            Slot::Waiting { waker, base_offset, log_append_time } => {
                *place = Slot::Answered(answer(base_offset, log_append_time));
                self.wakers.extend(waker);
            }
            Slot::Abandoned | Slot::Answered(_) => {
                self.slots.remove(slot);
            }
        }
    }
}

/// What an append did.
enum Outcome {
    /// In the log; the ack needs `end`.
    Appended {
        base_offset: Offset,
        end: Offset,
        log_append_time: i64,
    },
    Refused(Refusal),
    Full(Checked),
}

impl Partition {
    /// Appends a checked batch.
    ///
    /// The append is made before this returns, in the order of calls; when the log has no room, or others wait for
    /// some already, it waits in line. The future ends when `acks` are met. Dropping it undoes nothing.
    ///
    /// Refusals: NOT_LEADER_OR_FOLLOWER, KAFKA_STORAGE_ERROR, NOT_ENOUGH_REPLICAS (and …_AFTER_APPEND; also for a transaction
    /// that cannot be verified, as clients of every version then try again),
    /// OUT_OF_ORDER_SEQUENCE_NUMBER, INVALID_PRODUCER_EPOCH, INVALID_TXN_STATE, TRANSACTION_COORDINATOR_FENCED.
    pub fn append(self: &Rc<Self>, checked: Checked, acks: Acks, origin: AppendOrigin) -> AppendFuture {
        if let Err(code) = self.check_here() {
            return AppendFuture(Answer::Now(Some(Err(Refusal::code(code)))));
        }
        if !self.appends.borrow().queue.is_empty() {
            return self.enqueue(checked, acks, origin);
        }
        match self.append_now(checked, acks, origin) {
            Outcome::Full(checked) => self.enqueue(checked, acks, origin),
            Outcome::Refused(refusal) => AppendFuture(Answer::Now(Some(Err(refusal)))),
            Outcome::Appended { base_offset, end, log_append_time } => {
                let reached = match acks {
                    Acks::None => true,
                    Acks::Leader => end <= self.log.durable_end(),
                    Acks::All => end <= self.high_watermark(),
                };
                if reached {
                    // Nobody hears of acks=0; otherwise it is a duplicate of what is durable already.
                    let result = self.result_now(base_offset, log_append_time);
                    return AppendFuture(Answer::Now(Some(Ok(result))));
                }
                let mut appends = self.appends.borrow_mut();
                let slot = appends.slots.insert(Slot::Waiting { waker: None, base_offset, log_append_time });
                appends.wait(acks, end, slot);
                AppendFuture(Answer::Later(self.clone(), slot))
            }
        }
    }

    fn enqueue(self: &Rc<Self>, checked: Checked, acks: Acks, origin: AppendOrigin) -> AppendFuture {
        let mut appends = self.appends.borrow_mut();
        let slot = appends.slots.insert(Slot::waiting());
        appends.queue.push_back(Queued { checked, acks, origin, slot });
        AppendFuture(Answer::Later(self.clone(), slot))
    }

    fn append_now(&self, checked: Checked, acks: Acks, origin: AppendOrigin) -> Outcome {
        let refused = |code| Outcome::Refused(Refusal::code(code));
        // As in Kafka, what is no fault of the log tells where the log starts.
        let refused_here = |code| {
            let log_start_offset = self.log.log_start_offset();
            Outcome::Refused(Refusal { log_start_offset, ..Refusal::code(code) })
        };
        if acks == Acks::All && self.check_in_sync().is_err() {
            return refused_here(ErrorCode::NOT_ENOUGH_REPLICAS);
        }
        let header = checked.header;
        let marker = Marker::of(&header, &checked.batch);
        if header.producer_id >= 0 {
            let verdict = match (origin, marker) {
                (AppendOrigin::Marker { transaction_version }, Some(marker)) => {
                    let checked = self.producers.borrow().check_marker(&header, marker, transaction_version);
                    checked.map(|()| Verdict::Append)
                }
                (AppendOrigin::Marker { .. }, None) => return refused(ErrorCode::INVALID_RECORD),
                (AppendOrigin::Client, _) => {
                    let is_verified = !self.settings.borrow().verify_transactions;
                    self.producers.borrow().check(&header, is_verified)
                }
                (AppendOrigin::ClientInTransaction, _) => self.producers.borrow().check(&header, true),
            };
            match verdict {
                Ok(Verdict::Append) => {}
                Ok(Verdict::Duplicate { base_offset, last_offset, timestamp }) => {
                    let end = last_offset + 1;
                    return Outcome::Appended { base_offset, end, log_append_time: timestamp };
                }
                Err(ProducerFault::Unverified { .. }) => return Outcome::Refused(Refusal::unverified()),
                Err(fault) => {
                    tracing::debug!(topic = %self.topic, partition = self.index, %fault, "a batch is refused");
                    return refused_here(fault_code(&fault));
                }
            }
        }
        let info = AppendInfo {
            leader_epoch: self.leader_epoch(),
            log_append_time: checked.log_append_time,
            base_offset: None,
        };
        let appended = match self.log.append(&checked.batch, &info) {
            Ok(appended) => appended,
            Err(AppendError::Full) => return Outcome::Full(checked),
            Err(AppendError::Invalid(reason)) => {
                // Only a change of `segment.bytes` since the check gets here.
                tracing::warn!(topic = %self.topic, partition = self.index, reason, "the log refuses a batch");
                return refused(ErrorCode::RECORD_LIST_TOO_LARGE);
            }
            Err(AppendError::Log(error)) => return refused(error_code(&error)),
        };
        if appended.rolled {
            let snapshot = self.producers.borrow().to_snapshot();
            self.log.store_producer_snapshot(appended.base_offset, snapshot);
        }
        if header.producer_id >= 0 {
            let mut stored = header;
            stored.base_offset = appended.base_offset;
            stored.max_timestamp = checked.log_append_time.unwrap_or(header.max_timestamp);
            let ended = self.producers.borrow_mut().record(&stored, marker);
            if let Some(aborted) = ended.and_then(|ended| ended.aborted()) {
                self.log.append_aborted(aborted);
            }
        }
        if !self.watchers.is_empty() {
            self.watchers.appended(header.bytes);
        }
        Outcome::Appended {
            base_offset: appended.base_offset,
            end: appended.last_offset + 1,
            log_append_time: checked.log_append_time.unwrap_or(-1),
        }
    }

    fn check_in_sync(&self) -> Result<(), ottla_replica::AppendRefusal> {
        let minimum = usize::try_from(self.settings.borrow().min_insync_replicas).unwrap_or(0);
        self.leader.borrow().check_in_sync(minimum)
    }

    /// For an append that waits for nothing.
    fn result_now(&self, base_offset: Offset, log_append_time: i64) -> AppendResult {
        let (log_start_offset, now) = (self.log.log_start_offset(), ottla_io::recently());
        AppendResult { base_offset, log_append_time, log_start_offset, write_began: now, acked: now }
    }

    /// Answers whoever waits for no more than is durable now.
    pub(super) fn answer_appends(&self) {
        let (durable_end, high_watermark) = (self.log.durable_end(), self.high_watermark());
        let log_start_offset = self.log.log_start_offset();
        let enough = self.check_in_sync().is_ok();
        let mut appends = self.appends.borrow_mut();
        let (write_began, acked) = (self.log.last_write_began(), ottla_io::recently());
        let answer = |base_offset, log_append_time| {
            Ok(AppendResult { base_offset, log_append_time, log_start_offset, write_began, acked })
        };
        while let Some((_, slot)) = appends.leader.pop_front_if(|(end, _)| *end <= durable_end) {
            appends.answer(slot, answer);
        }
        while let Some((_, slot)) = appends.all.pop_front_if(|(end, _)| *end <= high_watermark) {
            if enough {
                appends.answer(slot, answer);
            } else {
                let refusal = Refusal::code(ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND);
                appends.answer(slot, |_, _| Err(refusal));
            }
        }
        drop(appends);
        self.wake_answered();
    }

    /// Appends what waits for room, as far as there is some.
    pub(super) fn append_queued(&self) {
        if self.appends.borrow().queue.is_empty() {
            return;
        }
        loop {
            let Some(queued) = self.appends.borrow_mut().queue.pop_front() else { break };
            let Queued { checked, acks, origin, slot } = queued;
            match self.append_now(checked, acks, origin) {
                Outcome::Full(checked) => {
                    self.appends.borrow_mut().queue.push_front(Queued { checked, acks, origin, slot });
                    break;
                }
                Outcome::Refused(refusal) => {
                    self.appends.borrow_mut().answer(slot, |_, _| Err(refusal));
                }
                Outcome::Appended { base_offset, end, log_append_time } => {
                    let mut appends = self.appends.borrow_mut();
                    if let Some(Slot::Waiting { base_offset: base, log_append_time: time, .. }) =
                        appends.slots.get_mut(slot)
                    {
                        (*base, *time) = (base_offset, log_append_time);
                    }
                    if acks == Acks::None {
                        let result = self.result_now(base_offset, log_append_time);
                        appends.answer(slot, |_, _| Ok(result));
                    } else {
                        appends.wait(acks, end, slot);
                    }
                }
            }
        }
        // A duplicate of what is durable already waits for nothing.
        self.answer_appends();
    }

    /// Whoever waits for anything gets `code`.
    pub(super) fn fail_appends(&self, code: ErrorCode) {
        let mut appends = self.appends.borrow_mut();
        let queued = std::mem::take(&mut appends.queue);
        let lines = [std::mem::take(&mut appends.leader), std::mem::take(&mut appends.all)];
        let slots = lines.into_iter().flatten().map(|(_, slot)| slot);
        for slot in slots.chain(queued.into_iter().map(|queued| queued.slot)) {
            appends.answer(slot, |_, _| Err(Refusal::code(code)));
        }
        drop(appends);
        self.wake_answered();
    }

    /// Whoever waits for room, and so is not in the log, may try elsewhere.
    pub(super) fn refuse_queued(&self) {
        let mut appends = self.appends.borrow_mut();
        for queued in std::mem::take(&mut appends.queue) {
            appends.answer(queued.slot, |_, _| Err(Refusal::code(ErrorCode::NOT_LEADER_OR_FOLLOWER)));
        }
        drop(appends);
        self.wake_answered();
    }

    fn wake_answered(&self) {
        let mut wakers = std::mem::take(&mut self.appends.borrow_mut().wakers);
        if wakers.is_empty() {
            return;
        }
        wakers.drain(..).for_each(Waker::wake);
        self.appends.borrow_mut().wakers = wakers;
    }

    #[cfg(test)]
    pub(super) fn unanswered(&self) -> usize {
        self.appends.borrow().slots.len()
    }
}

fn fault_code(fault: &ProducerFault) -> ErrorCode {
    match fault {
        ProducerFault::InvalidEpoch { .. } => ErrorCode::INVALID_PRODUCER_EPOCH,
        ProducerFault::OutOfOrderSequence { .. } => ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER,
        ProducerFault::OutsideTransaction { .. } => ErrorCode::INVALID_TXN_STATE,
        ProducerFault::Unverified { .. } => ErrorCode::NOT_ENOUGH_REPLICAS,
        ProducerFault::CoordinatorFenced { .. } => ErrorCode::TRANSACTION_COORDINATOR_FENCED,
        ProducerFault::TransactionVersion(_) => ErrorCode::UNKNOWN_SERVER_ERROR,
    }
}

impl Future for AppendFuture {
    type Output = Result<AppendResult, Refusal>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let result = match &mut self.0 {
            Answer::Now(result) => match result.take() {
                Some(result) => return Poll::Ready(result),
                None => panic!("an append was polled after its answer"),
            },
            Answer::Later(partition, slot) => {
                let mut appends = partition.appends.borrow_mut();
                match appends.slots.get_mut(*slot) {
                    Some(Slot::Waiting { waker, .. }) => {
                        match waker {
                            Some(waker) => waker.clone_from(context.waker()),
                            None => *waker = Some(context.waker().clone()),
                        }
                        return Poll::Pending;
                    }
                    Some(Slot::Answered(_)) => match appends.slots.remove(*slot) {
                        Slot::Answered(result) => result,
                        Slot::Abandoned | Slot::Waiting { .. } => unreachable!("it was just looked at"),
                    },
                    Some(Slot::Abandoned) | None => panic!("an append was polled after its answer"),
                }
            }
        };
        self.0 = Answer::Now(None);
        Poll::Ready(result)
    }
}

impl Drop for AppendFuture {
    fn drop(&mut self) {
        if let Answer::Later(partition, slot) = &self.0 {
            let mut appends = partition.appends.borrow_mut();
            match appends.slots.get_mut(*slot) {
                Some(place @ Slot::Waiting { .. }) => *place = Slot::Abandoned,
                Some(Slot::Answered(_)) => {
                    appends.slots.remove(*slot);
                }
                Some(Slot::Abandoned) | None => {}
            }
        }
    }
}
