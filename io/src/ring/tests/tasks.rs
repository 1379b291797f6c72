use super::{in_own_process, on_shard};
use crate::buffer::Buffer;
use crate::local::oneshot;
use crate::net::{TcpListener, TcpStream};
use crate::runtime::{Config, ShardContext, ShardId, StartError, features, run, stop_requested};
use crate::task::{Class, JoinError, blocking, random_u64, slice_is_over, spawn, yield_now};
use crate::time::{now, sleep, sleep_until, timeout};
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

/// A panic ends its task alone, and is reported.
#[test]
fn panicking_task() {
    on_shard(|| async {
        let panics = spawn(Class::Foreground, async {
            sleep(Duration::from_millis(1)).await;
            panic!("on purpose");
        });
        assert_eq!(panics.await, Err(JoinError::Panicked) as Result<(), _>);
        assert_eq!(spawn(Class::Background, async { 7 }).await, Ok(7));
    });
}

/// A cancelled task drops what it holds; a dropped handle leaves its task running.
#[test]
fn cancel_and_detach() {
    on_shard(|| async {
        let held = Rc::new(());
        let inside = held.clone();
        let task = spawn(Class::Foreground, async move {
            std::future::pending::<()>().await;
            drop(inside);
        });
        yield_now().await;
        task.cancel();
        while Rc::strong_count(&held) > 1 {
            yield_now().await;
        }
        let (sender, receiver) = oneshot::channel();
        drop(spawn(Class::Control, async move {
            sleep(Duration::from_millis(2)).await;
            sender.send(3).unwrap();
        }));
        assert_eq!(receiver.await, Some(3));
    });
}

/// Tasks that still wait when main ends are dropped, with what they hold, and their operations ended.
#[test]
fn leftover_tasks_are_dropped() {
    struct Told(std::sync::mpsc::Sender<()>);
    impl Drop for Told {
        fn drop(&mut self) {
            self.0.send(()).unwrap();
        }
    }
    let (sender, receiver) = std::sync::mpsc::channel();
    on_shard(move || {
        let sender = sender.clone();
        async move {
            let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)), 1).unwrap();
            let connected = TcpStream::connect(listener.local_addr()).await.unwrap();
            for sleeper in 0..3 {
                let told = Told(sender.clone());
                let connected = connected.clone();
                spawn(Class::Background, async move {
                    let _told = told;
                    if sleeper == 0 {
                        let _ = connected.recv(Buffer::with_capacity(1)).await;
                    }
                    sleep(Duration::from_secs(1000)).await;
                });
            }
            sleep(Duration::from_millis(1)).await;
        }
    });
    assert_eq!(receiver.iter().count(), 3);
}

/// Timers fire in order, not early, and a timeout drops what it guards.
#[test]
fn timers() {
    on_shard(|| async {
        let order = Rc::new(RefCell::new(Vec::new()));
        let start = now();
        let tasks: Vec<_> = [30u64, 10, 20]
            .into_iter()
            .map(|millis| {
                let order = order.clone();
                spawn(Class::Foreground, async move {
                    let deadline = start + Duration::from_millis(millis);
                    sleep_until(deadline).await;
                    assert!(now() >= deadline);
                    order.borrow_mut().push(millis);
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*order.borrow(), [10, 20, 30]);
        assert!(timeout(Duration::from_millis(5), std::future::pending::<()>()).await.is_err());
        assert_eq!(timeout(Duration::from_secs(100), async { 1 }).await.unwrap(), 1);
    });
}

/// The slice of a task ends when it has run for its length, and not before.
#[test]
fn slices_end() {
    on_shard(|| async {
        yield_now().await;
        let start = now();
        while !slice_is_over() {
            std::hint::spin_loop();
        }
        assert!(now().duration_since(start) >= crate::task::SLICE / 2);
    });
}

/// Work on the helper pool runs elsewhere, and its panic reaches the task.
#[test]
fn blocking_work() {
    on_shard(|| async {
        let here = std::thread::current().id();
        assert!(blocking(move || std::thread::current().id() != here).await);
        let panics = spawn(Class::Foreground, blocking(|| panic!("on purpose")));
        assert_eq!(panics.await, Err(JoinError::Panicked) as Result<(), _>);
        assert_ne!(random_u64(), random_u64());
    });
}

/// A waker that is called on another thread wakes the task on its own.
#[test]
fn woken_from_another_thread() {
    on_shard(|| async {
        for _ in 0..100 {
            let mut thread = None;
            let woken = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
            std::future::poll_fn(|context| {
                if woken.load(std::sync::atomic::Ordering::SeqCst) {
                    return std::task::Poll::Ready(());
                }
                let (waker, woken) = (context.waker().clone(), woken.clone());
                thread = Some(std::thread::spawn(move || {
                    woken.store(true, std::sync::atomic::Ordering::SeqCst);
                    waker.wake();
                }));
                std::task::Poll::Pending
            })
            .await;
        }
    });
}

/// A hundred thousand messages each way arrive in order, through a small queue, with senders that wait for room.
#[test]
fn mesh_both_ways() {
    const MESSAGES: u64 = 100_000;
    let config = Config { shards: 2, mesh_capacity: 64, ..Config::default() };
    let ends = run(&config, |context: ShardContext<u64>| async move {
        let port = Rc::new(context.port);
        let other = ShardId(1 - context.shard.0);
        let sending = port.clone();
        let sender = spawn(Class::Foreground, async move {
            for message in 0..MESSAGES {
                sending.send(other, message).await;
            }
        });
        for expected in 0..MESSAGES {
            assert_eq!(port.recv().await, (other, expected));
        }
        sender.await.unwrap();
        MESSAGES
    });
    assert_eq!(ends.unwrap(), [MESSAGES; 2]);
}

/// A message and its answer, each of which finds the other core asleep; and messages to oneself.
#[test]
fn mesh_wakes_sleepers() {
    let config = Config { shards: 2, mesh_capacity: 4, ..Config::default() };
    run(&config, |context: ShardContext<u32>| async move {
        let port = context.port;
        if context.shard == ShardId(1) {
            for _ in 0..2000 {
                let (from, message) = port.recv().await;
                port.send(from, message + 1).await;
            }
            return;
        }
        for round in 0..2000 {
            port.try_send(ShardId(1), round).unwrap();
            assert_eq!(port.recv().await, (ShardId(1), round + 1));
        }
        port.send(ShardId(0), 5).await;
        assert_eq!(port.try_recv(), Some((ShardId(0), 5)));
        assert_eq!(port.try_recv(), None);
    })
    .unwrap();
}

/// A sender that waits for room is let go when the receiving shard ends.
#[test]
fn mesh_peer_ends() {
    let config = Config { shards: 2, mesh_capacity: 2, ..Config::default() };
    run(&config, |context: ShardContext<u32>| async move {
        if context.shard == ShardId(1) {
            sleep(Duration::from_millis(5)).await;
            return;
        }
        for message in 0..100 {
            context.port.send(ShardId(1), message).await;
        }
    })
    .unwrap();
}

/// The panic of a shard's main is an error of the run, and the others are asked to stop.
#[test]
fn main_panics() {
    let config = Config { shards: 2, ..Config::default() };
    let result = run(&config, |context: ShardContext<()>| async move {
        assert!(context.shard != ShardId(0), "on purpose");
        stop_requested().await;
    });
    assert!(matches!(result, Err(StartError::Panicked(ShardId(0)))), "{result:?}");
}

/// SIGTERM is told to every shard that asked, also to one that asks later.
#[test]
fn stop_by_signal() {
    in_own_process("ring::tests::tasks::stop_by_signal", || {
        let config = Config { shards: 2, ..Config::default() };
        run(&config, |context: ShardContext<()>| async move {
            if context.shard == ShardId(0) {
                let asked = spawn(Class::Control, stop_requested());
                sleep(Duration::from_millis(20)).await;
                assert!(!asked.is_finished());
                // SAFETY: a signal to this process, whose handler is there.
                unsafe { libc::kill(libc::getpid(), libc::SIGTERM) };
                asked.await.unwrap();
            } else {
                stop_requested().await;
            }
            stop_requested().await;
        })
        .unwrap();
    });
}

/// An idle core takes no CPU: it waits in the kernel, also with a timer far away and a receive in flight.
#[test]
fn idle_takes_no_cpu() {
    fn thread_cpu() -> Duration {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: the structure is valid to write to.
        unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
        Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
    }
    on_shard(|| async {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)), 1).unwrap();
        let accepting = spawn(Class::Foreground, async move { listener.accept().await.map(drop) });
        let before = thread_cpu();
        sleep(Duration::from_millis(300)).await;
        let took = thread_cpu() - before;
        assert!(took < Duration::from_millis(5), "{took:?}");
        accepting.cancel();
    });
}

/// Many more operations than the ring has entries all come back.
#[test]
fn ring_full() {
    let config = Config { shards: 1, ring_entries: 8, ..Config::default() };
    run(&config, |_: ShardContext<()>| async {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)), 1).unwrap();
        let accepts: Vec<_> = {
            let listener = Rc::new(listener);
            (0..300)
                .map(|_| {
                    let listener = listener.clone();
                    spawn(Class::Foreground, async move {
                        timeout(Duration::from_millis(20), listener.accept()).await.is_err()
                    })
                })
                .collect()
        };
        let stats: Vec<_> =
            (0..500).map(|_| spawn(Class::Foreground, crate::file::metadata("/proc/self/status"))).collect();
        for stat in stats {
            stat.await.unwrap().unwrap();
        }
        for accept in accepts {
            assert!(accept.await.unwrap());
        }
    })
    .unwrap();
}

/// What is in use is told; on the kernels of this decade nothing is missing but perhaps descriptors.
#[test]
fn features_are_told() {
    let features = on_shard(|| async { features() });
    println!("{features:?}");
    assert!(!features.in_use.is_empty());
}
