use super::{LONG, on_sim, run_on};
use crate::file::{self, Durability, File};
use crate::net::{TcpListener, TcpStream};
use crate::runtime::{ShardContext, ShardId, stop_requested};
use crate::sim::{Config, Crash, World};
use crate::task::{Class, spawn, yield_now};
use crate::time::{now, sleep, timeout, unix_millis};
use crate::{buffer::Buffer, task};
use bytes::Bytes;
use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

/// An hour of sleep takes no time, the clocks agree, and a deadline ends a wait.
#[test]
fn virtual_time() {
    on_sim(1, || async {
        let (started, wall) = (now(), unix_millis());
        sleep(Duration::from_secs(3600)).await;
        let slept = now().duration_since(started);
        assert!(slept >= Duration::from_secs(3600) && slept < Duration::from_secs(3601), "{slept:?}");
        let wall = unix_millis() - wall;
        assert!((3_600_000..3_601_000).contains(&wall), "{wall}");
        assert!(timeout(Duration::from_secs(1), std::future::pending::<()>()).await.is_err());
    });
}

/// A loop that waits for its slice to end does end.
#[test]
fn slices_end() {
    on_sim(2, || async {
        while !task::slice_is_over() {}
        yield_now().await;
    });
}

/// A scenario with everything in it: shards that talk, files, sockets, crashes.
fn scenario(seed: u64) -> (u64, u64) {
    let mut world = World::new(seed, Config::default());
    let (server, client) = (world.add_node("server"), world.add_node("client"));
    let address = SocketAddr::new(world.address(server), 9092);
    let mut echoed = 0;
    for _ in 0..3 {
        world.start(server, 3, move |context: ShardContext<u64>| async move {
            let listener = TcpListener::bind(SocketAddr::from(([0, 0, 0, 0], 9092)), 8).unwrap();
            let next = ShardId((context.shard.0 + 1) % context.shard_count as u16);
            spawn(Class::Control, async move {
                loop {
                    context.port.send(next, crate::task::random_u64()).await;
                    let (_, number) = context.port.recv().await;
                    file::replace(format!("/number-{}", context.shard.0), &number.to_le_bytes())
                        .await
                        .unwrap();
                    sleep(Duration::from_millis(1)).await;
                }
            });
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                spawn(Class::Foreground, async move {
                    loop {
                        let (result, buffer) = stream.recv(Buffer::with_capacity(4096)).await;
                        if !result.is_ok_and(|count| count > 0) {
                            return;
                        }
                        let file = File::open("/echo", &super::read_write(false)).await.unwrap();
                        file.write_at(vec![Bytes::copy_from_slice(&buffer)], 0, Durability::Durable)
                            .await
                            .unwrap();
                        if stream.send(vec![buffer.freeze()]).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        let run = world.start(client, 1, move |_: ShardContext<()>| async move {
            let mut echoed = 0u64;
            for round in 0..5u8 {
                let Ok(stream) = TcpStream::connect(address).await else { break };
                if stream.send(vec![Bytes::from(vec![round; 10_000])]).await.is_err() {
                    break;
                }
                let mut left = 10_000;
                while left > 0 {
                    let (result, _) = stream.recv(Buffer::with_capacity(4096)).await;
                    match result {
                        Ok(count) if count > 0 => left -= count,
                        _ => return echoed,
                    }
                }
                echoed += 1;
            }
            echoed
        });
        world.crash_after(server, 60 + seed % 200);
        world.run_for(Duration::from_secs(5));
        echoed += run.take_results().map_or(0, |results| results[0]);
        world.crash(server, Crash::Power);
        world.crash(client, Crash::Process);
    }
    (world.trace_hash(), echoed)
}

/// One seed, one history; another seed, another one.
#[test]
fn one_seed_one_history() {
    let mut echoed = 0;
    let mut hashes = std::collections::BTreeSet::new();
    for seed in 0..20 {
        let first = scenario(seed);
        assert_eq!(first, scenario(seed), "seed {seed}");
        hashes.insert(first.0);
        echoed += first.1;
    }
    assert_eq!(hashes.len(), 20, "seeds differ");
    assert!(echoed > 20, "something went on: {echoed}");
}

/// A panic of any task fails the test that runs the world.
#[test]
#[should_panic(expected = "a task of shard 0 of node alone panicked: on purpose (seed 7)")]
fn panics_surface() {
    on_sim(7, || async {
        spawn(Class::Background, async { panic!("on purpose") });
        sleep(Duration::from_secs(1)).await;
    });
}

/// Where a test wants to see panics, it finds them, and the others go on.
#[test]
fn panics_are_told() {
    let mut world = World::new(1, Config { panics_surface: false, ..Config::default() });
    let node = world.add_node("node");
    run_on(&mut world, node, || async {
        let panicked = spawn(Class::Foreground, async { panic!("here") }).await;
        assert_eq!(panicked, Err(task::JoinError::Panicked));
    });
    assert_eq!(world.panics(), ["a task of shard 0 of node node panicked: here"]);
}

/// Asked to stop, every shard of the node hears it, and what its mains return is there.
#[test]
fn graceful_stop() {
    let mut world = World::new(3, Config::default());
    let node = world.add_node("node");
    let run = world.start(node, 4, |context: ShardContext<()>| async move {
        stop_requested().await;
        context.shard.0
    });
    world.run_for(Duration::from_secs(10));
    assert!(world.is_up(node) && !run.is_finished());
    world.stop(node);
    assert!(world.run_to_end(node, Duration::from_secs(1)));
    assert_eq!(run.take_results(), Some(vec![0, 1, 2, 3]));
}

/// Order among ready tasks depends on the seed: over some seeds every one of three goes first.
#[test]
fn tasks_run_in_seeded_order() {
    let mut first = std::collections::BTreeSet::new();
    for seed in 0..30 {
        first.insert(on_sim(seed, || async {
            let order = Rc::new(RefCell::new(Vec::new()));
            let tasks: Vec<_> = (0..3)
                .map(|task| {
                    let order = order.clone();
                    spawn(Class::Foreground, async move { order.borrow_mut().push(task) })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
            order.borrow()[0]
        }));
    }
    assert_eq!(first.len(), 3);
}

/// Work for the helpers is done, and its panic is the caller's.
#[test]
fn blocking_work() {
    on_sim(4, || async {
        assert_eq!(task::blocking(|| 6 * 7).await, 42);
    });
}

/// The node crashes with its k-th op in flight, whichever that is, and its tasks are dropped.
#[test]
fn crash_after_every_op() {
    struct Dropped(Rc<Cell<u32>>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }
    for ops in 1..40 {
        let mut world = World::new(5, Config::default());
        let node = world.add_node("node");
        world.crash_after(node, ops);
        let drops = Rc::new(Cell::new(0));
        let counter = drops.clone();
        world.start(node, 1, move |_: ShardContext<()>| {
            let dropped = Dropped(counter.clone());
            async move {
                let _dropped = dropped;
                for number in 0.. {
                    file::replace(format!("/f{number}"), b"x").await.unwrap();
                }
            }
        });
        assert!(world.run_to_end(node, LONG));
        assert_eq!((world.op_count(node), drops.get()), (ops, 1));
    }
}
