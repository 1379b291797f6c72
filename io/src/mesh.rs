//! Messages between cores: one bounded queue per ordered pair of shards, emptied in batches, one wake per batch.

use crate::runtime::ShardId;

/// This shard's end of the mesh. Messages of one pair arrive in the order they were sent.
pub struct Port<M>(std::marker::PhantomData<M>);

impl<M: Send + 'static> Port<M> {
    pub fn shard(&self) -> ShardId {
        todo!()
    }
    pub fn shard_count(&self) -> usize {
        todo!()
    }
    /// `Err` gives the message back when the queue is full. The wake is sent once, at the end of this core's turn.
    pub fn try_send(&self, to: ShardId, message: M) -> Result<(), M> {
        let _ = (to, message);
        todo!()
    }
    /// Waits for room, in order with other waiting sends to `to`.
    pub async fn send(&self, to: ShardId, message: M) {
        let _ = (to, message);
        todo!()
    }
    /// The next message from any shard, fairly over the senders.
    pub async fn recv(&self) -> (ShardId, M) {
        todo!()
    }
    /// Without waiting.
    pub fn try_recv(&self) -> Option<(ShardId, M)> {
        todo!()
    }
}
