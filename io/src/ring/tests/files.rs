use super::{directory, on_shard};
use crate::buffer::{AppendBuffer, BLOCK_BYTES, Buffer};
use crate::file::{self, Durability, File, OpenOptions};
use crate::ring::ops::PARTS_MAX;
use bytes::Bytes;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

fn read_write(direct: bool) -> OpenOptions {
    OpenOptions { read: true, write: true, create: true, direct, ..OpenOptions::default() }
}

/// Blocks that tell their own number.
fn blocks(first: usize, count: usize) -> Bytes {
    let mut region = AppendBuffer::with_capacity(count * BLOCK_BYTES);
    region.append_with(count * BLOCK_BYTES, |bytes| {
        for (index, block) in bytes.chunks_mut(BLOCK_BYTES).enumerate() {
            block.fill((first + index) as u8);
        }
    });
    region.slice(0..count * BLOCK_BYTES)
}

async fn write_and_read(path: PathBuf, direct: bool) -> bool {
    let file = File::open(&path, &read_write(direct)).await.unwrap();
    file.write_at(vec![blocks(0, 2), blocks(2, 1)], 0, Durability::Durable).await.unwrap();
    file.write_at(vec![blocks(9, 1)], BLOCK_BYTES as u64, Durability::Volatile).await.unwrap();
    file.sync_data().await.unwrap();
    file.sync_all().await.unwrap();
    assert_eq!(file.len().await.unwrap(), 3 * BLOCK_BYTES as u64);
    let (result, buffer) = file.read_at(Buffer::with_capacity(1 << 16), 0, 1 << 16).await;
    assert_eq!(result.unwrap(), 3 * BLOCK_BYTES);
    let found: Vec<u8> = buffer.chunks(BLOCK_BYTES).map(|block| block[0]).collect();
    assert_eq!(found, [0, 9, 2]);
    let (result, buffer) = file.read_at(buffer, 3 * BLOCK_BYTES as u64, BLOCK_BYTES).await;
    assert_eq!((result.unwrap(), buffer.len()), (0, 0), "the end of the file");
    file.is_direct()
}

/// Durable and plain writes of several parts come back, on a file system that does direct I/O.
#[test]
fn direct_write_and_read() {
    let directory = directory();
    let path = directory.path().join("direct");
    let direct = on_shard(move || write_and_read(path.clone(), true));
    println!("direct: {direct}");
}

/// The same where every file is in memory, whatever the file system says to O_DIRECT.
#[test]
fn write_and_read_on_tmpfs() {
    if !Path::new("/dev/shm").is_dir() {
        return;
    }
    let directory = tempfile::tempdir_in("/dev/shm").unwrap();
    let path = directory.path().join("in-memory");
    let direct = on_shard(move || write_and_read(path.clone(), true));
    println!("direct on tmpfs: {direct}");
}

/// O_DIRECT that is taken at the open and refused at the first request: the file goes on buffered.
#[test]
fn refused_direct_request_falls_back() {
    let directory = directory();
    let path = directory.path().join("file");
    on_shard(move || {
        let path = path.clone();
        async move {
            let file = File::open(&path, &read_write(true)).await.unwrap();
            if !file.is_direct() {
                return;
            }
            // An unaligned part stands in for the file system's refusal: the kernel answers both with EINVAL.
            file.write_at(vec![Bytes::from_static(b"unaligned")], 0, Durability::Durable).await.unwrap();
            assert!(!file.is_direct());
            assert_eq!(file.len().await.unwrap(), 9);
        }
    });
}

/// More parts than the kernel takes at once are written by continued writes, in order.
#[test]
fn more_parts_than_iov_max() {
    let directory = directory();
    let path = directory.path().join("parts");
    on_shard(move || {
        let path = path.clone();
        async move {
            let file = File::open(&path, &read_write(false)).await.unwrap();
            let parts = (0..2 * PARTS_MAX + 7).map(|part| Bytes::from(format!("{part:05}"))).collect();
            file.write_at(parts, 0, Durability::Durable).await.unwrap();
            let content = file::read(&path, 1 << 20).await.unwrap();
            let expected: String = (0..2 * PARTS_MAX + 7).map(|part| format!("{part:05}")).collect();
            assert_eq!(content, expected.as_bytes());
        }
    });
}

/// Lengths, reserved space and metadata are what was asked for.
#[test]
fn lengths_and_space() {
    let directory = directory();
    let path = directory.path().join("lengths");
    on_shard(move || {
        let path = path.clone();
        async move {
            let file = File::open(&path, &read_write(false)).await.unwrap();
            file.allocate(0, 1 << 20).await.unwrap();
            assert_eq!(file.len().await.unwrap(), 0, "reserved, not longer");
            file.set_len(10_000).await.unwrap();
            assert_eq!(file.len().await.unwrap(), 10_000);
            file.set_len(3).await.unwrap();
            let metadata = file::metadata(&path).await.unwrap();
            assert_eq!((metadata.len, metadata.is_dir), (3, false));
            assert!((metadata.modified_unix_millis - crate::time::unix_millis()).abs() < 60_000);
            let (free, total) = file::space(&path).await.unwrap();
            assert!(0 < free && free <= total);
        }
    });
}

/// Directories are made with their parents, listed in order, renamed, removed; errors keep their kinds.
#[test]
fn directories() {
    let directory = directory();
    let root = directory.path().to_path_buf();
    on_shard(move || {
        let root = root.clone();
        async move {
            let deep = root.join("a/b/c");
            file::create_dir_all(&deep).await.unwrap();
            file::create_dir_all(&deep).await.unwrap();
            for name in ["z", "m", "k"] {
                File::open(deep.join(name), &read_write(false)).await.unwrap();
            }
            file::rename(deep.join("m"), deep.join("b")).await.unwrap();
            file::create_dir_all(deep.join("sub")).await.unwrap();
            file::sync_dir(&deep).await.unwrap();
            let listed = file::read_dir(&deep).await.unwrap();
            let listed: Vec<_> =
                listed.iter().map(|entry| (entry.file_name.to_str().unwrap(), entry.is_dir)).collect();
            assert_eq!(listed, [("b", false), ("k", false), ("sub", true), ("z", false)]);
            file::remove_file(deep.join("k")).await.unwrap();
            let error = file::remove_file(deep.join("k")).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotFound);
            let error = file::create_dir_all(deep.join("z/below")).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotADirectory);
            let error = file::create_dir_all("/proc/ottla/below").await.unwrap_err();
            assert_eq!(
                error.kind(),
                ErrorKind::NotFound,
                "where nothing can be made though the parent is there"
            );
            file::remove_dir_all(root.join("a")).await.unwrap();
            assert!(file::read_dir(&root).await.unwrap().is_empty());
            let missing =
                File::open(root.join("none"), &OpenOptions { read: true, ..Default::default() }).await;
            assert_eq!(missing.err().unwrap().kind(), ErrorKind::NotFound);
        }
    });
}

/// A replaced file has its new content, its temporary is gone, and a read is bounded.
#[test]
fn replace_and_read() {
    let directory = directory();
    let path = directory.path().join("meta.properties");
    on_shard(move || {
        let path = path.clone();
        async move {
            file::replace(&path, b"version=0").await.unwrap();
            let long = vec![b'x'; 600_000];
            file::replace(&path, &long).await.unwrap();
            assert_eq!(file::read(&path, 600_000).await.unwrap(), long);
            assert_eq!(file::read(&path, 599_999).await.unwrap_err().kind(), ErrorKind::InvalidData);
            assert_eq!(file::read_dir(path.parent().unwrap()).await.unwrap().len(), 1);
        }
    });
}

/// A lock holds off a second one until it is dropped.
#[test]
fn locks_exclude() {
    let directory = directory();
    let path = directory.path().join(".lock");
    on_shard(move || {
        let path = path.clone();
        async move {
            let held = file::lock(&path).await.unwrap();
            assert_eq!(file::lock(&path).await.err().unwrap().kind(), ErrorKind::WouldBlock);
            drop(held);
            // The close goes out with the end of this turn.
            crate::task::yield_now().await;
            while file::lock(&path).await.is_err() {
                crate::task::yield_now().await;
            }
        }
    });
}

/// A write whose future is dropped keeps its memory until the kernel is done, and harms nothing after it.
#[test]
fn dropped_write() {
    let directory = directory();
    let path = directory.path().join("dropped");
    on_shard(move || {
        let path = path.clone();
        async move {
            let file = File::open(&path, &read_write(true)).await.unwrap();
            for round in 0..50 {
                let write = file.write_at(vec![blocks(1, 64)], 0, Durability::Durable);
                let _ = crate::time::timeout(std::time::Duration::from_micros(round * 20), write).await;
                let fill = blocks(200, 64);
                assert!(fill.iter().all(|byte| (200..=255).contains(byte) || *byte < 8));
            }
            file.write_at(vec![blocks(5, 1)], 0, Durability::Durable).await.unwrap();
        }
    });
}
