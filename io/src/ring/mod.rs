//! The ring of one core.
use crate::driver::*;
use crate::runtime::Features;
use crate::time::Instant;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;

pub(crate) struct Ring {}
pub(crate) fn strike(_eventfd: &OwnedFd) {
    todo!()
}
impl Driver for Ring {
    fn submit(&mut self, _token: Token, _op: Op) {
        todo!()
    }
    fn cancel(&mut self, _token: Token) {
        todo!()
    }
    fn poll(&mut self, _wait: Wait, _out: &mut Vec<Completion>) {
        todo!()
    }
    fn now(&self) -> Instant {
        todo!()
    }
    fn unix_millis(&self) -> i64 {
        todo!()
    }
    fn random_u64(&mut self) -> u64 {
        todo!()
    }
    fn listen(&mut self, _address: SocketAddr, _backlog: u32) -> std::io::Result<(RawHandle, SocketAddr)> {
        todo!()
    }
    fn local_addr(&self, _socket: RawHandle) -> std::io::Result<SocketAddr> {
        todo!()
    }
    fn shutdown(&mut self, _socket: RawHandle) {
        todo!()
    }
    fn set_buffered(&mut self, _file: RawHandle) -> std::io::Result<()> {
        todo!()
    }
    fn features(&self) -> Features {
        todo!()
    }
    fn alarm(&self) -> Arc<Alarm> {
        todo!()
    }
}
