use super::{directory, in_own_process, on_shard};
use crate::buffer::Buffer;
use crate::file::{Durability, File, OpenOptions};
use crate::net::{TcpListener, TcpStream};
use crate::ring::ops::PARTS_MAX;
use crate::task::{Class, spawn};
use crate::time::{sleep, timeout};
use bytes::Bytes;
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::Duration;

fn any_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// Both ends of a connection.
async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind(any_port(), 16).unwrap();
    let address = listener.local_addr();
    let client = spawn(Class::Foreground, TcpStream::connect(address));
    let (server, peer) = listener.accept().await.unwrap();
    let client = client.await.unwrap().unwrap();
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

/// From one byte to ten million, whole and in order.
#[test]
fn small_and_large() {
    on_shard(|| async {
        let (server, client) = pair().await;
        for bytes in [1, 4096, 10_000_000] {
            let sent = pattern(bytes);
            let sender = client.clone();
            let sending = spawn(Class::Foreground, {
                let sent = sent.clone();
                async move { sender.send(vec![sent]).await }
            });
            assert!(receive(&server, bytes).await == sent, "{bytes} bytes");
            sending.await.unwrap().unwrap();
        }
    });
}

/// More parts than the kernel takes at once, some empty, arrive in order.
#[test]
fn more_parts_than_iov_max() {
    on_shard(|| async {
        let (server, client) = pair().await;
        let whole = pattern(3 * PARTS_MAX * 100);
        let mut parts: Vec<Bytes> =
            (0..3 * PARTS_MAX).map(|part| whole.slice(part * 100..part * 100 + 100)).collect();
        parts.insert(5, Bytes::new());
        let sending = spawn(Class::Foreground, async move { client.send(parts).await.map(|()| client) });
        assert!(receive(&server, whole.len()).await == whole);
        let _client = sending.await.unwrap().unwrap();
    });
}

/// A received buffer is added to, not overwritten.
#[test]
fn receives_behind_what_is_there() {
    on_shard(|| async {
        let (server, client) = pair().await;
        let mut buffer = Buffer::with_capacity(100);
        buffer.extend_from_slice(b"first ");
        client.send(vec![Bytes::from_static(b"second")]).await.unwrap();
        let (result, buffer) = server.recv(buffer).await;
        assert_eq!(result.unwrap(), 6);
        assert_eq!(&buffer[..], b"first second");
    });
}

/// A peer that closes is an end of stream, and then an error to a sender; so is a shutdown, while a receive waits.
#[test]
fn peer_closes_and_shutdown() {
    on_shard(|| async {
        let (server, client) = pair().await;
        drop(client);
        let (result, _) = server.recv(Buffer::with_capacity(1)).await;
        assert_eq!(result.unwrap(), 0);
        let mut failed = None;
        for _ in 0..100 {
            if let Err(error) = server.send(vec![pattern(1000)]).await {
                failed = Some(error.kind());
                break;
            }
            sleep(Duration::from_millis(1)).await;
        }
        assert!(matches!(failed, Some(ErrorKind::BrokenPipe | ErrorKind::ConnectionReset)), "{failed:?}");

        let (server, _client) = pair().await;
        let waiting = server.clone();
        let receiving =
            spawn(Class::Foreground, async move { waiting.recv(Buffer::with_capacity(1)).await.0 });
        sleep(Duration::from_millis(5)).await;
        server.shutdown();
        assert_eq!(receiving.await.unwrap().unwrap(), 0);
    });
}

/// Receives that are dropped, whether bytes were there or not, lose and disturb nothing.
#[test]
fn dropped_receives_lose_nothing() {
    on_shard(|| async {
        let (server, client) = pair().await;
        let total = 200_000;
        let sent = pattern(total);
        let sending = spawn(Class::Foreground, {
            let sent = sent.clone();
            async move {
                for chunk in 0..total / 500 {
                    client.send(vec![sent.slice(chunk * 500..(chunk + 1) * 500)]).await.unwrap();
                    if chunk % 7 == 0 {
                        sleep(Duration::from_micros(300)).await;
                    }
                }
                client
            }
        });
        let mut received = Vec::new();
        let (mut dropped, mut round) = (0, 0);
        while received.len() < total {
            round += 1;
            let mut buffer = Buffer::with_capacity(4096);
            buffer.extend_from_slice(&[0xee; 10][..round % 10]);
            match timeout(Duration::from_micros(100), server.recv(buffer)).await {
                Ok((result, buffer)) => {
                    assert!(result.unwrap() > 0);
                    received.extend_from_slice(&buffer[round % 10..]);
                }
                Err(_) => dropped += 1,
            }
        }
        assert!(received == sent);
        assert!(dropped > 0, "the test drops no receive");
        sending.await.unwrap();
    });
}

/// A whole file and part of one reach the peer by splice; the end of the file is an error.
#[test]
fn splice() {
    let directory = directory();
    let path = directory.path().join("spliced");
    let content = pattern(3_500_000);
    std::fs::write(&path, &content).unwrap();
    on_shard(move || {
        let (path, content) = (path.clone(), content.clone());
        async move {
            for _ in 0..2 {
                let options = OpenOptions { read: true, ..OpenOptions::default() };
                let file = File::open(&path, &options).await.unwrap();
                let (server, client) = pair().await;
                let reading = spawn(Class::Foreground, async move { receive(&client, 3_000_000).await });
                server.splice_from(&file, 4096, 3_000_000).await.unwrap();
                assert!(reading.await.unwrap() == content[4096..3_004_096]);
                let (server, client) = pair().await;
                let reading = spawn(Class::Foreground, async move { receive(&client, 10_000).await });
                let error = server.splice_from(&file, 3_499_008, 10_000).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
                drop(server);
                assert!(reading.await.unwrap() == content[3_499_008..]);
            }
        }
    });
}

/// A splice to a peer that does not read can be dropped, and the next one on another connection is whole.
#[test]
fn dropped_splice() {
    let directory = directory();
    let path = directory.path().join("spliced");
    let content = pattern(20_000_000);
    std::fs::write(&path, &content).unwrap();
    on_shard(move || {
        let (path, content) = (path.clone(), content.clone());
        async move {
            let file =
                File::open(&path, &OpenOptions { read: true, ..OpenOptions::default() }).await.unwrap();
            for _ in 0..3 {
                let (server, client) = pair().await;
                let result =
                    timeout(Duration::from_millis(20), server.splice_from(&file, 0, 20_000_000)).await;
                assert!(result.is_err(), "nobody reads");
                drop((server, client));
                let (server, client) = pair().await;
                let reading = spawn(Class::Foreground, async move { receive(&client, 2_000_000).await });
                server.splice_from(&file, 0, 2_000_000).await.unwrap();
                assert!(reading.await.unwrap() == content[..2_000_000]);
            }
        }
    });
}

/// Connections that were reset before they are accepted do not stop the accepting.
#[test]
fn accept_survives_resets() {
    on_shard(|| async {
        let listener = TcpListener::bind(any_port(), 64).unwrap();
        let address = listener.local_addr();
        let client = std::thread::spawn(move || {
            for _ in 0..20 {
                drop(std::net::TcpStream::connect(address).unwrap());
            }
            let mut last = std::net::TcpStream::connect(address).unwrap();
            last.write_all(b"x").unwrap();
            let mut answer = [0; 1];
            last.read_exact(&mut answer).unwrap();
            answer[0]
        });
        let mut accepted = 0;
        while accepted < 21 {
            if let Ok((stream, _)) = listener.accept().await {
                accepted += 1;
                let (result, buffer) = stream.recv(Buffer::with_capacity(1)).await;
                if result.is_ok_and(|count| count > 0) {
                    stream.send(vec![buffer.freeze()]).await.unwrap();
                }
            }
        }
        assert_eq!(client.join().unwrap(), b'x');
    });
}

/// Accepting goes on after the process ran out of descriptors, and does not take the core meanwhile.
#[test]
fn accept_survives_a_lack_of_descriptors() {
    in_own_process("ring::tests::sockets::accept_survives_a_lack_of_descriptors", || {
        on_shard(|| async {
            let listener = TcpListener::bind(any_port(), 64).unwrap();
            let clients: Vec<_> =
                (0..3).map(|_| std::net::TcpStream::connect(listener.local_addr()).unwrap()).collect();
            let mut taken = Vec::new();
            while let Ok(file) = std::fs::File::open("/dev/null") {
                taken.push(file);
            }
            let start = crate::time::now();
            for _ in 0..3 {
                let error = listener.accept().await.err().unwrap();
                assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
            }
            assert!(crate::time::now().duration_since(start) >= Duration::from_millis(50));
            drop(taken);
            for client in &clients {
                let (_stream, peer) = listener.accept().await.unwrap();
                assert!(clients.iter().any(|client| client.local_addr().unwrap() == peer), "{client:?}");
            }
        });
    });
}

/// Peers that do not read hold up no other splice, and get every byte once they do.
#[test]
fn slow_splices_hold_up_nobody() {
    const BYTES: usize = 5_000_000;
    let directory = directory();
    let path = directory.path().join("spliced");
    let content = pattern(BYTES);
    std::fs::write(&path, &content).unwrap();
    on_shard(move || {
        let (path, content) = (path.clone(), content.clone());
        async move {
            let file =
                File::open(&path, &OpenOptions { read: true, ..OpenOptions::default() }).await.unwrap();
            let mut slow = Vec::new();
            for _ in 0..80 {
                let (server, client) = pair().await;
                let file = file.clone();
                let splicing =
                    spawn(Class::Background, async move { server.splice_from(&file, 0, BYTES).await });
                slow.push((client, splicing));
            }
            sleep(Duration::from_millis(100)).await;
            let (server, client) = pair().await;
            let reading = spawn(Class::Foreground, async move { receive(&client, BYTES).await });
            server.splice_from(&file, 0, BYTES).await.unwrap();
            assert!(reading.await.unwrap() == content);
            for (client, splicing) in slow {
                assert!(!splicing.is_finished());
                assert!(receive(&client, BYTES).await == content);
                splicing.await.unwrap().unwrap();
            }
        }
    });
}

/// Two listeners share a port, as the shards' do, and a refused connection says so.
#[test]
fn shared_port_and_refusal() {
    on_shard(|| async {
        let one = TcpListener::bind(any_port(), 16).unwrap();
        let two = TcpListener::bind(one.local_addr(), 16).unwrap();
        assert_eq!(one.local_addr(), two.local_addr());
        let address = one.local_addr();
        drop((one, two));
        loop {
            match TcpStream::connect(address).await {
                // The closes are still on their way.
                Ok(_) => sleep(Duration::from_millis(1)).await,
                Err(error) => break assert_eq!(error.kind(), ErrorKind::ConnectionRefused),
            }
        }
    });
}

/// What was spliced may have been written just before by direct I/O.
#[test]
fn splice_sees_direct_writes() {
    let directory = directory();
    let path = directory.path().join("log");
    on_shard(move || {
        let path = path.clone();
        async move {
            let options =
                OpenOptions { read: true, write: true, create: true, direct: true, ..Default::default() };
            let file = File::open(&path, &options).await.unwrap();
            let reader = File::open(&path, &OpenOptions { read: true, ..Default::default() }).await.unwrap();
            for round in 0..5u8 {
                let mut block = crate::AppendBuffer::with_capacity(4096);
                block.append_with(4096, |bytes| bytes.fill(round));
                file.write_at(vec![block.slice(0..4096)], 0, Durability::Durable).await.unwrap();
                let (server, client) = pair().await;
                server.splice_from(&reader, 0, 4096).await.unwrap();
                assert_eq!(receive(&client, 4096).await, [round; 4096]);
            }
        }
    });
}
