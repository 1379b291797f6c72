use super::{blocks, content, read_write, run_on};
use crate::buffer::BLOCK_BYTES;
use crate::file::{self, Durability, File};
use crate::runtime::ShardContext;
use crate::sim::{Config, Crash, NodeId, World};
use bytes::Bytes;
use std::collections::BTreeSet;
use std::future::Future;
use std::time::Duration;

const SEEDS: u64 = 60;

/// Runs `before` to its end, takes the power, and returns what `after` finds; for many seeds.
fn over_seeds<T, F, Fut, G, Gut>(crash: Crash, before: F, after: G) -> BTreeSet<T>
where
    T: Ord + 'static,
    F: Fn() -> Fut,
    Fut: Future<Output = ()> + 'static,
    G: Fn() -> Gut,
    Gut: Future<Output = T> + 'static,
{
    let mut found = BTreeSet::new();
    for seed in 0..SEEDS {
        let mut world = World::new(seed, Config::default());
        let node = world.add_node("node");
        run_then_crash(&mut world, node, crash, &before);
        found.insert(run_on(&mut world, node, &after));
    }
    found
}

fn run_then_crash<F, Fut>(world: &mut World, node: NodeId, crash: Crash, before: &F)
where
    F: Fn() -> Fut,
    Fut: Future<Output = ()> + 'static,
{
    let done = std::rc::Rc::new(std::cell::Cell::new(false));
    let flag = done.clone();
    world.start(node, 1, |_: ShardContext<()>| {
        let (work, flag) = (before(), flag.clone());
        async move {
            work.await;
            flag.set(true);
            std::future::pending::<()>().await;
        }
    });
    assert!(world.run_until(Duration::from_secs(60), |_| done.get()));
    world.crash(node, crash);
}

async fn create_durably(path: &str) -> File {
    let file = File::open(path, &read_write(false)).await.unwrap();
    file::sync_dir("/").await.unwrap();
    file
}

/// Lost whole, kept whole, or torn between sectors: an unsynced write is each of these at some seed.
#[test]
fn unsynced_write_is_lost_kept_or_torn() {
    let found = over_seeds(
        Crash::Power,
        || async {
            let file = create_durably("/file").await;
            file.write_at(vec![blocks(1, 1)], 0, Durability::Durable).await.unwrap();
            file.write_at(vec![blocks(2, 1)], 0, Durability::Volatile).await.unwrap();
        },
        || async {
            let bytes = content(&File::open("/file", &read_write(false)).await.unwrap()).await;
            assert_eq!(bytes.len(), BLOCK_BYTES);
            let sectors: Vec<u8> = bytes.chunks(512).map(|sector| sector[0]).collect();
            assert!(
                bytes.chunks(512).all(|sector| sector.iter().all(|byte| *byte == sector[0])),
                "whole sectors"
            );
            sectors
        },
    );
    assert!(found.contains(&vec![1; 8]) && found.contains(&vec![2; 8]), "lost and kept");
    assert!(found.len() > 2, "torn too");
}

/// What a durable write or a sync said is there at every seed.
#[test]
fn durable_writes_stay() {
    let found = over_seeds(
        Crash::Power,
        || async {
            let file = create_durably("/file").await;
            file.write_at(vec![blocks(1, 2)], 0, Durability::Volatile).await.unwrap();
            file.sync_data().await.unwrap();
            file.write_at(vec![blocks(2, 1)], BLOCK_BYTES as u64, Durability::Volatile).await.unwrap();
            // Over a part of what is pending, and beyond the end.
            file.write_at(vec![blocks(3, 2)], BLOCK_BYTES as u64, Durability::Durable).await.unwrap();
        },
        || async {
            let bytes = content(&File::open("/file", &read_write(false)).await.unwrap()).await;
            bytes.chunks(BLOCK_BYTES).map(|block| block[0]).collect::<Vec<u8>>()
        },
    );
    assert_eq!(found, BTreeSet::from([vec![1, 3, 3]]));
}

/// A new file, a rename and an unlink that no directory sync followed are there or not; the file's own sync is no help.
#[test]
fn unsynced_names_are_lost_or_kept() {
    let found = over_seeds(
        Crash::Power,
        || async {
            drop(create_durably("/old").await);
            drop(create_durably("/gone").await);
            let file = File::open("/new", &read_write(false)).await.unwrap();
            file.write_at(vec![blocks(1, 1)], 0, Durability::Durable).await.unwrap();
            file.sync_all().await.unwrap();
            file::rename("/old", "/renamed").await.unwrap();
            file::remove_file("/gone").await.unwrap();
        },
        || async {
            let listed = file::read_dir("/").await.unwrap();
            listed.into_iter().map(|entry| entry.file_name.into_string().unwrap()).collect::<Vec<_>>()
        },
    );
    for names in &found {
        let has = |name: &str| names.iter().any(|one| one == name);
        assert!(has("old") != has("renamed"), "a rename happens whole or not at all: {names:?}");
    }
    let has = |name: &str| {
        let count = found.iter().filter(|names| names.iter().any(|one| one == name)).count();
        (count > 0, count < found.len())
    };
    for name in ["new", "renamed", "gone"] {
        assert_eq!(has(name), (true, true), "{name} is there at some seeds");
    }
}

/// With the directory synced all of it is there.
#[test]
fn synced_names_stay() {
    let found = over_seeds(
        Crash::Power,
        || async {
            file::create_dir_all("/a").await.unwrap();
            file::create_dir_all("/b").await.unwrap();
            file::sync_dir("/").await.unwrap();
            drop(File::open("/a/file", &read_write(false)).await.unwrap());
            file::rename("/a/file", "/b/file").await.unwrap();
            file::sync_dir("/b").await.unwrap();
        },
        || async { (file::read_dir("/a").await.unwrap().len(), file::read_dir("/b").await.unwrap().len()) },
    );
    assert_eq!(found, BTreeSet::from([(0, 1)]));
}

/// `replace` leaves the old content or the new one, whenever the power goes.
#[test]
fn replace_is_atomic() {
    let mut found = BTreeSet::new();
    for seed in 0..SEEDS {
        for ops in 1..8 {
            let mut world = World::new(seed, Config::default());
            let node = world.add_node("node");
            run_on(&mut world, node, || async { file::replace("/file", b"old").await.unwrap() });
            world.crash_after(node, ops);
            world.start(node, 1, |_: ShardContext<()>| async {
                file::replace("/file", b"new").await.unwrap();
                std::future::pending::<()>().await;
            });
            world.run_for(Duration::from_secs(1));
            world.crash(node, Crash::Power);
            found.insert(run_on(&mut world, node, || async { file::read("/file", 100).await.unwrap() }));
        }
    }
    assert_eq!(found, BTreeSet::from([b"old".to_vec(), b"new".to_vec()]));
}

/// A cut that nobody synced is there or not; a durable write behind it makes it durable too.
#[test]
fn lengths() {
    let after = || async { File::open("/file", &read_write(false)).await.unwrap().len().await.unwrap() };
    let found = over_seeds(
        Crash::Power,
        || async {
            let file = create_durably("/file").await;
            file.write_at(vec![blocks(1, 3)], 0, Durability::Durable).await.unwrap();
            file.set_len(100).await.unwrap();
        },
        after,
    );
    assert_eq!(found, BTreeSet::from([100, 3 * BLOCK_BYTES as u64]));
    let found = over_seeds(
        Crash::Power,
        || async {
            let file = create_durably("/file").await;
            file.write_at(vec![blocks(1, 3)], 0, Durability::Durable).await.unwrap();
            file.set_len(100).await.unwrap();
            file.write_at(vec![blocks(1, 1)], 0, Durability::Durable).await.unwrap();
        },
        after,
    );
    assert_eq!(found, BTreeSet::from([BLOCK_BYTES as u64]));
}

/// A killed process loses nothing that it wrote, and its locks are free.
#[test]
fn kills_lose_nothing() {
    let found = over_seeds(
        Crash::Process,
        || async {
            let file = File::open("/file", &read_write(false)).await.unwrap();
            file.write_at(vec![Bytes::from_static(b"here")], 0, Durability::Volatile).await.unwrap();
            std::mem::forget(file::lock("/.lock").await.unwrap());
        },
        || async {
            let _lock = file::lock("/.lock").await.unwrap();
            file::read("/file", 100).await.unwrap()
        },
    );
    assert_eq!(found, BTreeSet::from([b"here".to_vec()]));
}

/// A durable write that had not ended when the power went is as any other: lost, kept or torn.
#[test]
fn write_in_flight() {
    let mut found = BTreeSet::new();
    for seed in 0..SEEDS {
        let mut world = World::new(seed, Config::default());
        let node = world.add_node("node");
        run_on(&mut world, node, || async {
            let file = create_durably("/file").await;
            file.write_at(vec![blocks(1, 1)], 0, Durability::Durable).await.unwrap();
        });
        world.crash_after(node, 2);
        world.start(node, 1, |_: ShardContext<()>| async {
            let file = File::open("/file", &read_write(false)).await.unwrap();
            file.write_at(vec![blocks(2, 1)], 0, Durability::Durable).await.unwrap();
        });
        assert!(world.run_to_end(node, Duration::from_secs(1)));
        let bytes = world.read_file(node, "/file").unwrap();
        found.insert(bytes.chunks(512).map(|sector| sector[0]).collect::<Vec<u8>>());
    }
    assert!(found.contains(&vec![1; 8]) && found.contains(&vec![2; 8]) && found.len() > 2);
}
