use super::{blocks, content, read_write, run_on};
use crate::buffer::BLOCK_BYTES;
use crate::file::{self, Durability, File};
use crate::sim::{Config, Crash, Effect, Fault, Operation, World};
use bytes::Bytes;

fn world(seed: u64) -> (World, crate::sim::NodeId) {
    let mut world = World::new(seed, Config::default());
    let node = world.add_node("node");
    (world, node)
}

/// A fault hits the op that it names, as often as it says.
#[test]
fn faults_on_request() {
    let (mut world, node) = world(1);
    world
        .add_fault(node, Fault { skip: 1, ..Fault::once(Operation::Write, "file", Effect::Fail(libc::EIO)) });
    world.add_fault(node, Fault::always(Operation::Rename, "to", Effect::Fail(libc::EROFS)));
    run_on(&mut world, node, || async {
        let file = File::open("/file", &read_write(false)).await.unwrap();
        let write = || file.write_at(vec![Bytes::from_static(b"x")], 0, Durability::Durable);
        write().await.unwrap();
        assert_eq!(write().await.unwrap_err().raw_os_error(), Some(libc::EIO));
        write().await.unwrap();
        for _ in 0..3 {
            let error = file::rename("/file", "/to").await.unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::EROFS));
        }
    });
    world.clear_faults(node);
    run_on(&mut world, node, || async { file::rename("/file", "/to").await.unwrap() });
}

/// A misdirected write lands elsewhere, a swallowed one nowhere; both say that all is well.
#[test]
fn writes_that_lie() {
    let (mut world, node) = world(1);
    let to = Effect::Misdirect(BLOCK_BYTES as u64);
    world.add_fault(node, Fault::once(Operation::Write, "astray", to));
    world.add_fault(node, Fault::once(Operation::Write, "lost", Effect::Swallow));
    run_on(&mut world, node, || async {
        let astray = File::open("/astray", &read_write(true)).await.unwrap();
        astray.write_at(vec![blocks(7, 1)], 0, Durability::Durable).await.unwrap();
        let found: Vec<u8> = content(&astray).await.chunks(BLOCK_BYTES).map(|block| block[0]).collect();
        assert_eq!(found, [0, 7]);
        let lost = File::open("/lost", &read_write(true)).await.unwrap();
        lost.write_at(vec![blocks(7, 1)], 0, Durability::Durable).await.unwrap();
        assert_eq!(lost.len().await.unwrap(), 0);
    });
}

/// A flipped bit stays flipped over a crash.
#[test]
fn flipped_bit() {
    let (mut world, node) = world(1);
    run_on(&mut world, node, || async { file::replace("/file", &[0; 100]).await.unwrap() });
    assert!(world.flip_bit(node, "/file", 50, 3));
    assert!(!world.flip_bit(node, "/file", 100, 3));
    run_on(&mut world, node, || async {});
    world.crash(node, Crash::Power);
    let bytes = world.read_file(node, "/file").unwrap();
    assert_eq!((bytes[50], bytes.iter().filter(|byte| **byte != 0).count()), (8, 1));
}

/// Errors by probability come at some time, and a failed sync is not made good by the next one.
#[test]
fn errors_by_probability() {
    let mut lost = 0;
    for seed in 0..40 {
        let (mut world, node) = world(seed);
        run_on(&mut world, node, || async { drop(File::open("/file", &read_write(false)).await.unwrap()) });
        run_on(&mut world, node, || async { file::sync_dir("/").await.unwrap() });
        world.add_fault(node, Fault::once(Operation::Sync, "file", Effect::Fail(libc::EIO)));
        world.start(node, 1, |_: crate::ShardContext<()>| async {
            let file = File::open("/file", &read_write(false)).await.unwrap();
            file.write_at(vec![blocks(1, 1)], 0, Durability::Volatile).await.unwrap();
            file.sync_data().await.unwrap_err();
            file.sync_data().await.unwrap();
            std::future::pending::<()>().await;
        });
        world.run_for(std::time::Duration::from_secs(1));
        world.crash(node, Crash::Power);
        lost += usize::from(world.read_file(node, "/file").unwrap() != vec![1; BLOCK_BYTES]);
    }
    assert!(lost > 5 && lost < 40, "{lost}");
    let (mut world, node) = world(1);
    world.set_disk(node, |disk| {
        disk.write_error = 0.5;
        disk.sync_error = 0.5;
        disk.read_error = 0.5;
    });
    let failed = run_on(&mut world, node, || async {
        let file = File::open("/file", &read_write(false)).await.unwrap();
        let mut failed = [0; 3];
        for _ in 0..50 {
            let write = file.write_at(vec![Bytes::from_static(b"x")], 0, Durability::Volatile).await;
            failed[0] += usize::from(write.is_err());
            failed[1] += usize::from(file.sync_data().await.is_err());
            failed[2] += usize::from(file.read_at(crate::Buffer::with_capacity(1), 0, 1).await.0.is_err());
        }
        failed
    });
    assert!(failed.iter().all(|count| (5..=45).contains(count)), "{failed:?}");
}

/// The planted lies: what they promise is lost at some seed.
#[test]
fn lies_lose() {
    for lie in 0..3 {
        let lost = (0..40).filter(|seed| {
            let (mut world, node) = world(*seed);
            world.set_disk(node, |disk| {
                disk.lies.sync_dir = lie == 0;
                disk.lies.sync = lie == 1;
                disk.lies.durable_writes = lie == 2;
            });
            let done = std::rc::Rc::new(std::cell::Cell::new(false));
            let flag = done.clone();
            world.start(node, 1, |_: crate::ShardContext<()>| {
                let flag = flag.clone();
                async move {
                    let file = File::open("/file", &read_write(false)).await.unwrap();
                    file.write_at(vec![blocks(1, 1)], 0, Durability::Durable).await.unwrap();
                    file.write_at(vec![blocks(1, 1)], BLOCK_BYTES as u64, Durability::Volatile)
                        .await
                        .unwrap();
                    file.sync_all().await.unwrap();
                    file.write_at(vec![blocks(1, 1)], 2 * BLOCK_BYTES as u64, Durability::Durable)
                        .await
                        .unwrap();
                    file::sync_dir("/").await.unwrap();
                    flag.set(true);
                    std::future::pending::<()>().await;
                }
            });
            world.run_until(std::time::Duration::from_secs(1), |_| done.get());
            world.crash(node, Crash::Power);
            world.read_file(node, "/file") != Some(vec![1; 3 * BLOCK_BYTES])
        });
        assert!(lost.count() > 5, "lie {lie}");
    }
}
