//! What the reactor counts: the same in the simulator as on the ring, and as much as was done.

use super::{LONG, blocks, content, on_sim, read_write};
use crate::counters::{Counters, count_copied, counters};
use crate::file::{self, Durability, File};
use crate::net::{TcpListener, TcpStream};
use crate::runtime::{self, ShardContext, ShardId};
use crate::sim::{Config, World};
use crate::{BLOCK_BYTES, Buffer, Class, spawn};
use std::path::PathBuf;
use std::time::Duration;

/// Four operations on a file, one after the other, and what they counted.
async fn four_ops(path: PathBuf) -> Counters {
    let before = counters();
    let file = File::open(&path, &read_write(false)).await.unwrap();
    file.write_at(vec![blocks(1, 1), blocks(2, 1)], 0, Durability::Durable).await.unwrap();
    let (result, buffer) = file.read_at(Buffer::with_capacity(BLOCK_BYTES), 0, BLOCK_BYTES).await;
    assert_eq!(result.unwrap(), BLOCK_BYTES);
    file.sync_data().await.unwrap();
    count_copied(10);
    drop(buffer);
    counters() - before
}

/// Of the counts that no machine changes, all are the same in both twins; the simulator's are exact.
#[test]
fn the_twins_count_the_same() {
    let simulated = on_sim(1, || four_ops("/file".into()));
    let block = BLOCK_BYTES as u64;
    let expected = Counters {
        ops: 4,
        ring_entries: 4,
        ring_enters: 4,
        completions: 4,
        reads: 1,
        writes: 1,
        durable_writes: 1,
        flushes: 1,
        bytes_read: block,
        bytes_written: 2 * block,
        bytes_copied: 10,
        buffers_taken: 3,
        buffers_returned: 3,
        buffer_bytes_taken: 3 * block,
        buffer_bytes_returned: 3 * block,
        ..Counters::default()
    };
    let clocks = |counted: Counters| Counters {
        task_runs: 0,
        long_task_runs: 0,
        buffers_allocated: 0,
        waiting_nanos: 0,
        cpu_nanos: 0,
        ..counted
    };
    assert_eq!(clocks(simulated), expected);
    assert!(simulated.waiting_nanos > 0 && simulated.task_runs >= 4, "{simulated:?}");

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    let config = runtime::Config { shards: 1, pin: false, ..runtime::Config::default() };
    let on_ring = runtime::run(&config, move |_: ShardContext<()>| four_ops(path.clone())).unwrap().remove(0);
    // How often the kernel is entered depends on how quick it is.
    assert!((1..=16).contains(&on_ring.ring_enters), "{on_ring:?}");
    assert_eq!(Counters { ring_enters: 4, ..clocks(on_ring) }, expected);
    assert!(on_ring.cpu_nanos > 0, "{on_ring:?}");
}

/// A message to a core that sleeps is one wake, several in one turn are no more, and one to a core that is awake is
/// none.
#[test]
fn messages_and_wakes() {
    let mut world = World::new(3, Config::default());
    let node = world.add_node("pair");
    let run = world.start(node, 2, |context: ShardContext<u8>| async move {
        if context.shard == ShardId(1) {
            let begun = counters();
            let mut got = Vec::new();
            while got.len() < 4 {
                got.push(context.port.recv().await.1);
            }
            let counted = counters() - begun;
            // Its end would rouse whoever might wait for room in its queue.
            crate::sleep(Duration::from_millis(100)).await;
            return counted;
        }
        // The other one sleeps by then.
        crate::sleep(Duration::from_millis(5)).await;
        let before = counters();
        for message in 0..3 {
            context.port.try_send(ShardId(1), message).unwrap();
        }
        crate::sleep(Duration::from_millis(5)).await;
        context.port.try_send(ShardId(1), 3).unwrap();
        crate::yield_now().await;
        crate::sleep(Duration::from_millis(5)).await;
        counters() - before
    });
    assert!(world.run_until(LONG, |_| run.is_finished()));
    let [sender, receiver] = run.take_results().unwrap().try_into().unwrap();
    assert_eq!((sender.messages_sent, sender.wakes_sent, sender.wakes_received), (4, 2, 0));
    assert_eq!((receiver.messages_sent, receiver.wakes_sent, receiver.wakes_received), (0, 0, 2));
}

/// Bytes of sockets are counted on both sides, and a job of the helper pool is no entry of the ring.
#[test]
fn sockets_and_helpers() {
    let (moved, helped) = on_sim(5, || async {
        let listener = TcpListener::bind(([127, 0, 0, 1], 0).into(), 16).unwrap();
        let address = listener.local_addr();
        let before = counters();
        let accepting = spawn(Class::Foreground, async move { listener.accept().await.unwrap().0 });
        let client = TcpStream::connect(address).await.unwrap();
        let server = accepting.await.unwrap();
        client.send(vec![blocks(7, 2)]).await.unwrap();
        let mut buffer = Buffer::with_capacity(2 * BLOCK_BYTES);
        while buffer.len() < 2 * BLOCK_BYTES {
            let (result, back) = server.recv(buffer).await;
            assert!(result.unwrap() > 0);
            buffer = back;
        }
        let moved = counters() - before;
        let before = counters();
        file::space("/").await.unwrap();
        (moved, counters() - before)
    });
    let bytes = 2 * BLOCK_BYTES as u64;
    assert_eq!((moved.bytes_sent, moved.bytes_received, moved.bytes_copied), (bytes, bytes, 0));
    assert!(moved.sends >= 1 && moved.receives >= 1);
    assert_eq!((helped.helper_jobs, helped.ring_entries, helped.ops), (1, 0, 1));
}

/// Reading a whole file leaves no buffer behind.
#[test]
fn buffers_in_use_end_at_none() {
    let counted = on_sim(7, || async {
        let before = counters();
        let file = File::open("/file", &read_write(true)).await.unwrap();
        file.write_at(vec![blocks(1, 3)], 0, Durability::Durable).await.unwrap();
        assert_eq!(content(&file).await.len(), 3 * BLOCK_BYTES);
        counters() - before
    });
    assert_eq!(counted.buffer_bytes_taken, counted.buffer_bytes_returned);
    assert_eq!(counted.buffers_taken, counted.buffers_returned);
    assert!(counted.buffers_taken >= 2);
}
