//! TCP sockets.

use crate::buffer::Buffer;
use crate::file::File;
use bytes::Bytes;
use std::io;
use std::net::SocketAddr;

pub struct TcpListener {}

impl TcpListener {
    /// Listens with SO_REUSEPORT, so that each core has a listener of its own on one port. Port 0 picks one.
    pub fn bind(address: SocketAddr, backlog: u32) -> io::Result<TcpListener> {
        let _ = (address, backlog);
        todo!()
    }
    pub fn local_addr(&self) -> SocketAddr {
        todo!()
    }
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        todo!()
    }
}

/// A connected socket with TCP_NODELAY; clones share it. One `recv` and one `send` may be under way at a time.
/// A dropped future cancels its operation; the ring keeps the buffer until it has ended.
#[derive(Clone)]
pub struct TcpStream {}

impl TcpStream {
    pub async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
        let _ = address;
        todo!()
    }
    pub fn peer_addr(&self) -> SocketAddr {
        todo!()
    }
    pub fn local_addr(&self) -> SocketAddr {
        todo!()
    }
    /// Receives into `buffer[len..capacity]` and grows `len`; 0 is the end of the stream.
    pub async fn recv(&self, buffer: Buffer) -> (io::Result<usize>, Buffer) {
        let _ = buffer;
        todo!()
    }
    /// Sends all `parts` in order, without copying them in user space.
    pub async fn send(&self, parts: Vec<Bytes>) -> io::Result<()> {
        let _ = parts;
        todo!()
    }
    /// Sends `len` bytes of `file` from `offset` without bringing them to user space. An end of file before that is
    /// `UnexpectedEof`.
    pub async fn splice_from(&self, file: &File, offset: u64, len: usize) -> io::Result<()> {
        let _ = (file, offset, len);
        todo!()
    }
    /// Ends both directions: operations under way complete with an error or 0.
    pub fn shutdown(&self) {
        todo!()
    }
}
