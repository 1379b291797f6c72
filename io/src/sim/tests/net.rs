use super::{LONG, on_sim};
use crate::buffer::Buffer;
use crate::file::{Durability, File};
use crate::net::{TcpListener, TcpStream};
use crate::runtime::{ShardContext, ShardId};
use crate::sim::{Config, Crash, World};
use crate::task::{Class, spawn};
use crate::time::{sleep, timeout};
use bytes::Bytes;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

const PORT: u16 = 9092;

fn any() -> SocketAddr {
    SocketAddr::from(([0, 0, 0, 0], PORT))
}

fn local() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], PORT))
}

/// Both ends of a connection of a node with itself.
async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)), 16).unwrap();
    let client = TcpStream::connect(listener.local_addr()).await.unwrap();
    let (server, peer) = listener.accept().await.unwrap();
    assert_eq!(peer, client.local_addr());
    assert_eq!(server.local_addr(), client.peer_addr());
    (server, client)
}

async fn receive(stream: &TcpStream, bytes: usize) -> Vec<u8> {
    let mut all = Vec::new();
    let mut buffer = Buffer::with_capacity(65_536);
    while all.len() < bytes {
        buffer.clear();
        let (result, back) = stream.recv(buffer).await;
        buffer = back;
        if result.unwrap() == 0 {
            break;
        }
        all.extend_from_slice(&buffer);
    }
    all
}

fn pattern(bytes: usize) -> Bytes {
    (0..bytes).map(|index| (index % 251) as u8).collect::<Vec<u8>>().into()
}

/// From one byte to a million, whole and in order, however they are cut.
#[test]
fn small_and_large() {
    for seed in 0..20 {
        on_sim(seed, || async {
            let (server, client) = pair().await;
            for bytes in [1, 4096, 1_000_000] {
                let sent = pattern(bytes);
                let (sender, parts) =
                    (client.clone(), vec![sent.slice(..bytes / 3), sent.slice(bytes / 3..)]);
                let sending = spawn(Class::Foreground, async move { sender.send(parts).await });
                assert!(receive(&server, bytes).await == sent, "{bytes} bytes");
                sending.await.unwrap().unwrap();
            }
        });
    }
}

/// A sender waits for a receiver that does not read, and goes on when it does.
#[test]
fn backpressure() {
    on_sim(1, || async {
        let (server, client) = pair().await;
        let sending = spawn(Class::Foreground, async move { client.send(vec![pattern(1 << 20)]).await });
        sleep(Duration::from_secs(10)).await;
        assert!(!sending.is_finished());
        assert_eq!(receive(&server, 1 << 20).await.len(), 1 << 20);
        sending.await.unwrap().unwrap();
    });
}

/// A peer that closes is an end of stream, then an error to a sender; a shutdown ends a receive that waits.
#[test]
fn closes_and_shutdown() {
    for seed in 0..20 {
        on_sim(seed, || async {
            let (server, client) = pair().await;
            client.send(vec![Bytes::from_static(b"last")]).await.unwrap();
            drop(client);
            assert_eq!(receive(&server, 100).await, b"last");
            let mut failed = None;
            for _ in 0..100 {
                if let Err(error) = server.send(vec![pattern(1000)]).await {
                    failed = Some(error.kind());
                    break;
                }
                sleep(Duration::from_millis(1)).await;
            }
            assert!(matches!(failed, Some(ErrorKind::BrokenPipe | ErrorKind::ConnectionReset)), "{failed:?}");

            let (server, client) = pair().await;
            let waiting = server.clone();
            let receiving =
                spawn(Class::Foreground, async move { waiting.recv(Buffer::with_capacity(1)).await.0 });
            sleep(Duration::from_millis(5)).await;
            server.shutdown();
            assert_eq!(receiving.await.unwrap().unwrap(), 0);
            assert_eq!(client.recv(Buffer::with_capacity(1)).await.0.unwrap(), 0);
        });
    }
}

/// A dropped receive loses no byte.
#[test]
fn dropped_receives_lose_nothing() {
    for seed in 0..50 {
        on_sim(seed, || async {
            let (server, client) = pair().await;
            let sent = pattern(20_000);
            let parts = vec![sent.clone()];
            let sending = spawn(Class::Foreground, async move { client.send(parts).await.map(|()| client) });
            let mut received = Vec::new();
            while received.len() < 20_000 {
                let receive = server.recv(Buffer::with_capacity(4096));
                if let Ok((result, buffer)) = timeout(Duration::from_micros(20), receive).await {
                    result.unwrap();
                    received.extend_from_slice(&buffer);
                }
            }
            assert!(received == sent);
            sending.await.unwrap().unwrap();
        });
    }
}

/// Splices move a file's bytes, and an end of file is an error.
#[test]
fn splice() {
    on_sim(1, || async {
        let file = File::open("/file", &super::read_write(false)).await.unwrap();
        file.write_at(vec![pattern(300_000)], 0, Durability::Volatile).await.unwrap();
        let (server, client) = pair().await;
        let sending = spawn(Class::Foreground, async move {
            client.splice_from(&file, 1000, 299_000).await.unwrap();
            client.splice_from(&file, 299_000, 2000).await.unwrap_err().kind()
        });
        assert!(receive(&server, 300_000).await[..299_000] == pattern(300_000)[1000..]);
        assert_eq!(sending.await.unwrap(), ErrorKind::UnexpectedEof);
    });
}

/// Connections of one port are spread over the shards that listen; nobody listening is a refusal.
#[test]
fn reuse_port_spreads() {
    let mut world = World::new(1, Config::default());
    let (server, client) = (world.add_node("server"), world.add_node("client"));
    let address = SocketAddr::new(world.address(server), PORT);
    world.start(server, 2, |context: ShardContext<()>| async move {
        let listener = TcpListener::bind(any(), 16).unwrap();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.send(vec![Bytes::from(vec![context.shard.0 as u8])]).await.unwrap();
        }
    });
    let run = world.start(client, 1, move |_: ShardContext<()>| async move {
        let mut shards = [0; 2];
        for _ in 0..40 {
            let stream = TcpStream::connect(address).await.unwrap();
            shards[usize::from(receive(&stream, 1).await[0])] += 1;
        }
        let nobody = SocketAddr::new(address.ip(), 1);
        assert_eq!(TcpStream::connect(nobody).await.err().unwrap().kind(), ErrorKind::ConnectionRefused);
        shards
    });
    assert!(world.run_until(LONG, |_| run.is_finished()));
    let [shards] = run.take_results().unwrap()[..] else { panic!("one shard") };
    assert!(shards.iter().all(|count| *count > 8), "{shards:?}");
}

/// A cut holds traffic up and loses none of it; a node without power answers nobody, and its peers hear of it.
#[test]
fn cuts_and_crashes() {
    for seed in 0..20 {
        let mut world = World::new(seed, Config::default());
        let (server, client) = (world.add_node("server"), world.add_node("client"));
        let address = SocketAddr::new(world.address(server), PORT);
        world.start(server, 1, |_: ShardContext<()>| async {
            let listener = TcpListener::bind(any(), 16).unwrap();
            let (stream, _) = listener.accept().await.unwrap();
            loop {
                let (result, buffer) = stream.recv(Buffer::with_capacity(4096)).await;
                result.unwrap();
                stream.send(vec![buffer.freeze()]).await.unwrap();
            }
        });
        let count = std::rc::Rc::new(std::cell::Cell::new(0));
        let counter = count.clone();
        let run = world.start(client, 1, move |_: ShardContext<()>| {
            let counter = counter.clone();
            async move {
                let stream = TcpStream::connect(address).await.unwrap();
                for number in 0u64.. {
                    if stream.send(vec![Bytes::copy_from_slice(&number.to_le_bytes())]).await.is_err() {
                        break;
                    }
                    let mut echo = Buffer::with_capacity(8);
                    while echo.len() < 8 {
                        let (result, back) = stream.recv(echo).await;
                        echo = back;
                        if !result.is_ok_and(|count| count > 0) {
                            return TcpStream::connect(address).await.err().unwrap().kind();
                        }
                    }
                    assert_eq!(&echo[..], number.to_le_bytes());
                    counter.set(number);
                }
                TcpStream::connect(address).await.err().unwrap().kind()
            }
        });
        world.run_for(Duration::from_secs(1));
        world.cut(server, client);
        let before = count.get();
        world.run_for(Duration::from_secs(5));
        assert!(before > 10 && count.get() <= before + 1, "nothing moves");
        world.mend(server, client);
        world.run_for(Duration::from_secs(1));
        assert!(count.get() > before + 10, "it moves again");
        world.crash(server, Crash::Power);
        assert!(world.run_until(Duration::from_secs(60), |_| run.is_finished()));
        assert_eq!(run.take_results().unwrap(), [ErrorKind::TimedOut]);
    }
}

/// A connection that is reset says so once to both ends.
#[test]
fn resets() {
    let mut world = World::new(1, Config::default());
    let (a, b) = (world.add_node("a"), world.add_node("b"));
    let address = SocketAddr::new(world.address(a), PORT);
    let kinds = |stream: TcpStream| async move {
        let first = stream.recv(Buffer::with_capacity(1)).await.0.err().map(|error| error.kind());
        let second = stream.recv(Buffer::with_capacity(1)).await.0.ok();
        (first, second)
    };
    let server = world.start(a, 1, move |_: ShardContext<()>| async move {
        let (stream, _) = TcpListener::bind(any(), 16).unwrap().accept().await.unwrap();
        kinds(stream).await
    });
    let client = world.start(b, 1, move |_: ShardContext<()>| async move {
        kinds(TcpStream::connect(address).await.unwrap()).await
    });
    world.run_for(Duration::from_secs(1));
    world.break_connections(a, b);
    world.run_for(Duration::from_secs(1));
    let expected = vec![(Some(ErrorKind::ConnectionReset), Some(0))];
    assert_eq!(server.take_results().unwrap(), expected);
    assert_eq!(client.take_results().unwrap(), expected);
}

/// Messages between shards come in order, and a full queue makes the sender wait.
#[test]
fn mesh() {
    for seed in 0..20 {
        let mut world = World::new(seed, Config { mesh_capacity: 4, ..Config::default() });
        let node = world.add_node("node");
        let run = world.start(node, 2, |context: ShardContext<u32>| async move {
            if context.shard == ShardId(0) {
                for number in 0..100 {
                    context.port.send(ShardId(1), number).await;
                }
                return;
            }
            for number in 0..100 {
                assert_eq!(context.port.recv().await, (ShardId(0), number));
            }
        });
        assert!(world.run_until(LONG, |_| run.is_finished()));
    }
}

/// A dropped accept or connect leaves no connection that anybody waits for.
#[test]
fn dropped_accepts() {
    for seed in 0..20 {
        on_sim(seed, || async {
            let listener = TcpListener::bind(local(), 16).unwrap();
            for _ in 0..20 {
                let _ = timeout(Duration::from_micros(30), listener.accept()).await;
                let _ = timeout(Duration::from_micros(30), TcpStream::connect(local())).await;
            }
            let (server, client) = pair().await;
            client.send(vec![Bytes::from_static(b"x")]).await.unwrap();
            assert_eq!(receive(&server, 1).await, b"x");
        });
    }
}
