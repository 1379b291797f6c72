//! The simulator against what it promises, and against the ring.

mod counts;
mod crashes;
mod faults;
mod files;
mod net;
mod time;
mod twin;
mod watch;

use super::{Config, NodeId, World};
use crate::buffer::{AppendBuffer, BLOCK_BYTES, Buffer};
use crate::file::{File, OpenOptions};
use crate::runtime::ShardContext;
use bytes::Bytes;
use std::future::Future;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(7200);

/// Runs `main` on one shard of `node` until it returns.
fn run_on<T, F, Fut>(world: &mut World, node: NodeId, main: F) -> T
where
    T: 'static,
    F: Fn() -> Fut,
    Fut: Future<Output = T> + 'static,
{
    let run = world.start(node, 1, |_: ShardContext<()>| main());
    assert!(world.run_until(LONG, |_| run.is_finished()), "it does not end");
    run.take_results().expect("it has ended").pop().expect("one shard")
}

/// Runs `main` on a fresh node.
fn on_sim<T, F, Fut>(seed: u64, main: F) -> T
where
    T: 'static,
    F: Fn() -> Fut,
    Fut: Future<Output = T> + 'static,
{
    let mut world = World::new(seed, Config::default());
    let node = world.add_node("alone");
    run_on(&mut world, node, main)
}

fn read_write(direct: bool) -> OpenOptions {
    OpenOptions { read: true, write: true, create: true, direct, ..OpenOptions::default() }
}

/// Whole blocks of one byte, aligned.
fn blocks(fill: u8, count: usize) -> Bytes {
    let mut region = AppendBuffer::with_capacity(count * BLOCK_BYTES);
    region.append_with(count * BLOCK_BYTES, |bytes| bytes.fill(fill));
    region.slice(0..count * BLOCK_BYTES)
}

async fn content(file: &File) -> Vec<u8> {
    let len = file.len().await.unwrap() as usize;
    let capacity = len.next_multiple_of(BLOCK_BYTES).max(BLOCK_BYTES);
    let (result, buffer) = file.read_at(Buffer::with_capacity(capacity), 0, capacity).await;
    assert_eq!(result.unwrap(), len);
    buffer.to_vec()
}
