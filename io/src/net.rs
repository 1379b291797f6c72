//! TCP sockets.

use crate::buffer::Buffer;
use crate::driver::{Driver, Handle, Op};
use crate::file::{File, advance, perform};
use crate::reactor::{OpFuture, current};
use bytes::Bytes;
use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

pub struct TcpListener {
    handle: Handle,
    address: SocketAddr,
}

/// How long an accept that ran out of descriptors or memory holds back its error: the kernel would repeat it at once,
/// and a caller that tries again would take the whole core.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

impl TcpListener {
    /// Listens with SO_REUSEPORT, so that each core has a listener of its own on one port. Port 0 picks one.
    pub fn bind(address: SocketAddr, backlog: u32) -> io::Result<TcpListener> {
        current(|reactor| {
            let (raw, address) = reactor.driver.borrow_mut().listen(address, backlog)?;
            Ok(TcpListener { handle: reactor.adopt(raw), address })
        })
    }

    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The next connection. After an error the listener is as good as before: go on accepting.
    ///
    /// A dropped future may take a connection with it, which is then closed.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (result, op) = perform(Op::Accept { listener: self.handle.clone(), peer: None }).await;
        let Op::Accept { peer, .. } = op else { unreachable!("a driver gives the same op back") };
        match result {
            Ok(raw) => {
                let handle = current(|reactor| reactor.adopt(raw));
                let peer = peer.ok_or(io::ErrorKind::NotConnected)?;
                Ok((TcpStream::new(handle, peer), peer))
            }
            Err(error) => {
                let code = error.raw_os_error().unwrap_or_default();
                if [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM].contains(&code) {
                    crate::time::sleep(ACCEPT_PAUSE).await;
                }
                Err(error)
            }
        }
    }
}

/// A connected socket with TCP_NODELAY; clones share it. One `recv` and one `send` may be under way at a time.
/// A dropped future cancels its operation; the ring keeps the buffer until it has ended.
///
/// A receive that was dropped loses nothing: bytes that it got are what the next one gets first. A send that was
/// dropped has sent an unknown part.
#[derive(Clone)]
pub struct TcpStream(Rc<Inner>);

struct Inner {
    handle: Handle,
    peer: SocketAddr,
    receive: RefCell<Receive>,
    is_receiving: Cell<bool>,
}

#[derive(Default)]
struct Receive {
    /// A receive whose future was dropped, and the length its buffer had.
    orphan: Option<(OpFuture, usize)>,
    /// Bytes that an orphan got and that nobody has had.
    left: Bytes,
}

impl TcpStream {
    fn new(handle: Handle, peer: SocketAddr) -> TcpStream {
        let receive = RefCell::default();
        TcpStream(Rc::new(Inner { handle, peer, receive, is_receiving: Cell::new(false) }))
    }

    pub async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
        let (result, _) = perform(Op::Connect { address }).await;
        let raw = result?;
        Ok(TcpStream::new(current(|reactor| reactor.adopt(raw)), address))
    }

    pub fn peer_addr(&self) -> SocketAddr {
        self.0.peer
    }

    /// The unspecified address when the socket has lost its own.
    pub fn local_addr(&self) -> SocketAddr {
        let raw = self.0.handle.raw();
        current(|reactor| reactor.driver.borrow().local_addr(raw))
            .unwrap_or_else(|_| SocketAddr::from(([0, 0, 0, 0], 0)))
    }

    /// Receives into `buffer[len..capacity]` and grows `len`; 0 is the end of the stream. Panics when the buffer is
    /// full, or when another receive is under way.
    pub async fn recv(&self, buffer: Buffer) -> (io::Result<usize>, Buffer) {
        let room = buffer.capacity() - buffer.len();
        self.recv_up_to(buffer, room).await
    }

    /// As [`TcpStream::recv`], but takes no more than `len` bytes: what follows stays in the socket.
    pub async fn recv_up_to(&self, mut buffer: Buffer, len: usize) -> (io::Result<usize>, Buffer) {
        let room = buffer.capacity() - buffer.len();
        assert!(len > 0 && len <= room, "a receive of {len} bytes into room for {room}");
        let receiving = Receiving::begin(&self.0);
        if receiving.has_orphan() {
            receiving.await_orphan().await;
        }
        if let Some(count) = receiving.take_left(&mut buffer, len) {
            return (Ok(count), buffer);
        }
        let held = buffer.len();
        let op = Op::Recv { socket: self.0.handle.clone(), buffer, len };
        let (result, op) = receiving.run(op, held).await;
        let Op::Recv { mut buffer, .. } = op else { unreachable!("a driver gives the same op back") };
        if result < 0 {
            return (Err(io::Error::from_raw_os_error(-result)), buffer);
        }
        let count = result as usize;
        buffer.set_len(held + count);
        (Ok(count), buffer)
    }

    /// Sends all `parts` in order, without copying them in user space.
    pub async fn send(&self, mut parts: Vec<Bytes>) -> io::Result<()> {
        parts.retain(|part| !part.is_empty());
        let mut first = 0;
        while first < parts.len() {
            let op = Op::Send { socket: self.0.handle.clone(), parts, first };
            let (result, op) = perform(op).await;
            let Op::Send { parts: back, .. } = op else { unreachable!("a driver gives the same op back") };
            parts = back;
            match result? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                count => advance(&mut parts, &mut first, count as usize),
            }
        }
        Ok(())
    }

    /// Sends `len` bytes of `file` from `offset` without bringing them to user space. An end of file before that is
    /// `UnexpectedEof`. `file` is best opened buffered: a direct one takes block multiples alone.
    ///
    /// A dropped future leaves an unknown part sent.
    pub async fn splice_from(&self, file: &File, mut offset: u64, mut len: usize) -> io::Result<()> {
        while len > 0 {
            let op = Op::Splice { file: file.handle().clone(), offset, socket: self.0.handle.clone(), len };
            let (result, _) = perform(op).await;
            match result? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => {
                    offset += count as u64;
                    len -= count as usize;
                }
            }
        }
        Ok(())
    }

    /// Ends both directions: operations under way complete with an error or 0.
    pub fn shutdown(&self) {
        let raw = self.0.handle.raw();
        current(|reactor| reactor.driver.borrow_mut().shutdown(raw));
    }
}

/// The one receive under way of a socket. Dropped with its op in flight, it leaves the op to the socket as an orphan.
struct Receiving<'a> {
    inner: &'a Inner,
    op: RefCell<Option<(OpFuture, usize)>>,
}

impl<'a> Receiving<'a> {
    fn begin(inner: &'a Inner) -> Receiving<'a> {
        assert!(!inner.is_receiving.replace(true), "two receives at a time on one socket");
        Receiving { inner, op: RefCell::new(None) }
    }

    fn has_orphan(&self) -> bool {
        self.inner.receive.borrow().orphan.is_some()
    }

    async fn run(&self, op: Op, len: usize) -> (i32, Op) {
        *self.op.borrow_mut() = Some((current(|reactor| reactor.submit(op)), len));
        self.finish().await
    }

    async fn finish(&self) -> (i32, Op) {
        std::future::poll_fn(|context| {
            let mut slot = self.op.borrow_mut();
            let Some((future, _)) = slot.as_mut() else { unreachable!("an op was put there") };
            let polled = std::pin::Pin::new(future).poll(context);
            if polled.is_ready() {
                *slot = None;
            }
            polled
        })
        .await
    }

    async fn await_orphan(&self) {
        let orphan = self.inner.receive.borrow_mut().orphan.take();
        let len = orphan.as_ref().map_or(0, |(_, len)| *len);
        *self.op.borrow_mut() = orphan;
        let (result, op) = self.finish().await;
        if let Op::Recv { mut buffer, .. } = op
            && result > 0
        {
            buffer.set_len(len + result as usize);
            self.inner.receive.borrow_mut().left = buffer.freeze().slice(len..);
        }
    }

    fn take_left(&self, buffer: &mut Buffer, len: usize) -> Option<usize> {
        let left = &mut self.inner.receive.borrow_mut().left;
        if left.is_empty() {
            return None;
        }
        let count = left.len().min(len);
        buffer.extend_from_slice(&left.split_to(count));
        Some(count)
    }
}

impl Drop for Receiving<'_> {
    fn drop(&mut self) {
        self.inner.is_receiving.set(false);
        if let Some((future, len)) = self.op.get_mut().take() {
            future.cancel();
            self.inner.receive.borrow_mut().orphan = Some((future, len));
        }
    }
}
