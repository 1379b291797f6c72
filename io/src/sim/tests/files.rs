use super::{blocks, content, on_sim, read_write, run_on};
use crate::buffer::{BLOCK_BYTES, Buffer};
use crate::file::{self, Durability, File, OpenOptions};
use crate::sim::{Config, World};
use crate::task::{Class, spawn};
use bytes::Bytes;
use std::io::ErrorKind;

/// Reads and writes of direct and of buffered files come back, short ones continued.
#[test]
fn writes_come_back() {
    for seed in 0..50 {
        for direct in [false, true] {
            let mut world = World::new(seed, Config::default());
            let node = world.add_node("node");
            world.set_disk(node, |disk| disk.short = 0.5);
            run_on(&mut world, node, move || async move {
                let file = File::open("/file", &read_write(direct)).await.unwrap();
                assert_eq!(file.is_direct(), direct);
                let parts = vec![blocks(1, 2), blocks(2, 1)];
                file.write_at(parts, 0, Durability::Durable).await.unwrap();
                file.write_at(vec![blocks(9, 1)], BLOCK_BYTES as u64, Durability::Volatile).await.unwrap();
                let found: Vec<u8> = content(&file).await.chunks(BLOCK_BYTES).map(|block| block[0]).collect();
                assert_eq!(found, [1, 9, 2]);
            });
        }
    }
}

/// Direct requests off a block are refused, and `File` falls back to buffered ones.
#[test]
fn direct_alignment() {
    on_sim(1, || async {
        let file = File::open("/file", &read_write(true)).await.unwrap();
        file.write_at(vec![blocks(1, 1)], 0, Durability::Durable).await.unwrap();
        assert!(file.is_direct());
        file.write_at(vec![blocks(1, 1)], 512, Durability::Durable).await.unwrap();
        assert!(!file.is_direct(), "4,096 is asked for");
    });
}

/// Where the file system has no O_DIRECT, or no durable writes, files work all the same.
#[test]
fn fallbacks() {
    let mut world = World::new(1, Config::default());
    let node = world.add_node("node");
    world.set_disk(node, |disk| {
        disk.takes_direct = false;
        disk.takes_durable_writes = false;
    });
    run_on(&mut world, node, || async {
        let options = OpenOptions { create_new: true, create: false, ..read_write(true) };
        let file = File::open("/file", &options).await.unwrap();
        assert!(!file.is_direct());
        file.write_at(vec![Bytes::from_static(b"abc")], 1, Durability::Durable).await.unwrap();
        assert_eq!(content(&file).await, b"\0abc");
    });
}

/// A full disk says so, by a short write first, and takes more after a file is gone.
#[test]
fn full_disk() {
    let mut world = World::new(1, Config::default());
    let node = world.add_node("node");
    world.set_disk(node, |disk| disk.capacity_bytes = 10 * BLOCK_BYTES as u64);
    run_on(&mut world, node, || async {
        let first = File::open("/first", &read_write(true)).await.unwrap();
        first.write_at(vec![blocks(1, 6)], 0, Durability::Durable).await.unwrap();
        let second = File::open("/second", &read_write(true)).await.unwrap();
        let error = second.write_at(vec![blocks(1, 6)], 0, Durability::Durable).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StorageFull);
        assert_eq!(second.len().await.unwrap(), 4 * BLOCK_BYTES as u64, "what fitted was written");
        first.write_at(vec![blocks(2, 6)], 0, Durability::Durable).await.unwrap();
        assert!(second.allocate(0, 7 * BLOCK_BYTES as u64).await.is_err());
        assert_eq!(file::space("/").await.unwrap(), (0, 10 * BLOCK_BYTES as u64));
        drop(first);
        file::remove_file("/first").await.unwrap();
        crate::time::sleep(std::time::Duration::from_millis(1)).await;
        second.allocate(0, 7 * BLOCK_BYTES as u64).await.unwrap();
    });
}

/// Names are what POSIX says they are.
#[test]
fn names() {
    on_sim(1, || async {
        file::create_dir_all("/a/b/c").await.unwrap();
        for name in ["z", "m", "k"] {
            File::open(format!("/a/b/c/{name}"), &read_write(false)).await.unwrap();
        }
        file::rename("/a/b/c/m", "/a/b/c/z").await.unwrap();
        file::rename("/a/b/c", "/a/d").await.unwrap();
        let listed = file::read_dir("/a/d").await.unwrap();
        let listed: Vec<_> = listed.iter().map(|entry| entry.file_name.to_str().unwrap()).collect();
        assert_eq!(listed, ["k", "z"]);
        let kind = |result: std::io::Result<()>| result.unwrap_err().kind();
        assert_eq!(kind(file::rename("/a", "/a/d/e").await), ErrorKind::InvalidInput);
        assert_eq!(kind(file::rename("/a/b", "/a/d").await), ErrorKind::DirectoryNotEmpty);
        assert_eq!(kind(file::rename("/a/b", "/a/d/z").await), ErrorKind::NotADirectory);
        assert_eq!(kind(file::rename("/a/d/z", "/a/b").await), ErrorKind::IsADirectory);
        assert_eq!(kind(file::create_dir_all("/a/d/z/y").await), ErrorKind::NotADirectory);
        assert_eq!(kind(file::remove_file("/a/b").await), ErrorKind::IsADirectory);
        // An open file outlives its name.
        let file = File::open("/a/d/k", &read_write(false)).await.unwrap();
        file.write_at(vec![Bytes::from_static(b"still")], 0, Durability::Volatile).await.unwrap();
        file::remove_dir_all("/a").await.unwrap();
        assert_eq!(content(&file).await, b"still");
        assert!(file::read_dir("/").await.unwrap().is_empty());
    });
}

/// A lock holds off another until its holder drops it.
#[test]
fn locks() {
    on_sim(1, || async {
        let held = file::lock("/.lock").await.unwrap();
        assert_eq!(file::lock("/.lock").await.err().unwrap().kind(), ErrorKind::WouldBlock);
        drop(held);
        crate::time::sleep(std::time::Duration::from_millis(1)).await;
        file::lock("/.lock").await.unwrap();
    });
}

/// Two writes of one block at a time end in either order.
#[test]
fn concurrent_writes_race() {
    let winner = |seed| {
        on_sim(seed, || async {
            let file = File::open("/file", &read_write(false)).await.unwrap();
            let writes: Vec<_> = (1..=2u8)
                .map(|fill| {
                    let file = file.clone();
                    let write =
                        async move { file.write_at(vec![blocks(fill, 1)], 0, Durability::Durable).await };
                    spawn(Class::Foreground, write)
                })
                .collect();
            for write in writes {
                write.await.unwrap().unwrap();
            }
            content(&file).await[0]
        })
    };
    let winners: std::collections::BTreeSet<u8> = (0..20).map(winner).collect();
    assert_eq!(winners.len(), 2);
}

/// A read into the middle of a buffer's capacity leaves what is before it; a read at the end is empty.
#[test]
fn reads_at_the_end() {
    on_sim(1, || async {
        let file = File::open("/file", &read_write(false)).await.unwrap();
        file.write_at(vec![Bytes::from_static(b"0123456789")], 0, Durability::Volatile).await.unwrap();
        let (result, buffer) = file.read_at(Buffer::with_capacity(4096), 7, 100).await;
        assert_eq!((result.unwrap(), &buffer[..]), (3, &b"789"[..]));
        let (result, _) = file.read_at(buffer, 10, 100).await;
        assert_eq!(result.unwrap(), 0);
        assert_eq!(file::read("/file", 10).await.unwrap(), b"0123456789");
        assert_eq!(file::read("/file", 9).await.unwrap_err().kind(), ErrorKind::InvalidData);
    });
}
