//! The network between the nodes: streams that keep their order and nothing else.
//!
//! A connection has two ends. What one sends travels to the other as packets of seeded sizes, each with a delay, in
//! order; a cut link holds packets until it is mended. An end takes no more than its window, so that a sender of much
//! waits for a slow receiver.

use super::config::chance;
use super::disk::Errno;
use super::ops::Next;
use super::state::{Event, Object, State, Waiting};
use crate::buffer::Buffer;
use crate::driver::RawHandle;
use crate::time::Instant;
use bytes::Bytes;
use rand::RngExt;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

/// An unanswered connect asks again after this.
const CONNECT_RETRY: Duration = Duration::from_millis(200);

const FIRST_EPHEMERAL_PORT: u16 = 32_768;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct EndId {
    connection: u64,
    side: usize,
}

impl EndId {
    fn other(self) -> EndId {
        EndId { connection: self.connection, side: 1 - self.side }
    }
}

#[derive(Default)]
pub(super) struct Net {
    listeners: BTreeMap<RawHandle, Listener>,
    connections: BTreeMap<u64, [End; 2]>,
    next_connection: u64,
    /// Links without traffic, from a node to a node.
    cuts: BTreeSet<(usize, usize)>,
}

struct Listener {
    node: usize,
    address: SocketAddr,
    backlog: usize,
    /// Connections that nobody has accepted.
    queue: VecDeque<EndId>,
    acceptors: Vec<Waiting>,
}

struct End {
    node: usize,
    address: SocketAddr,
    peer: SocketAddr,
    /// What has arrived.
    received: VecDeque<Bytes>,
    received_bytes: usize,
    /// What travels to this end.
    on_the_way: VecDeque<Packet>,
    on_the_way_bytes: usize,
    last_arrival: Instant,
    /// Arrivals that a cut link has held up.
    held: usize,
    window_bytes: usize,
    /// The peer sends no more.
    is_finished: bool,
    reset: Option<Errno>,
    is_shut_down: bool,
    is_closed: bool,
    receivers: Vec<Waiting>,
    senders: Vec<Waiting>,
}

enum Packet {
    Data(Bytes),
    Finish,
    Reset,
}

/// A node's own address.
pub(super) fn node_address(node: usize) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(10, 0, (node / 250) as u8, (node % 250 + 1) as u8))
}

impl State {
    fn node_at(&self, from: usize, address: IpAddr) -> Option<usize> {
        if address.is_loopback() || address.is_unspecified() {
            return Some(from);
        }
        (0..self.nodes.len()).find(|node| node_address(*node) == address)
    }

    fn end(&mut self, id: EndId) -> Option<&mut End> {
        self.net.connections.get_mut(&id.connection).map(|ends| &mut ends[id.side])
    }

    fn end_of(&self, node: usize, raw: RawHandle) -> Result<EndId, Errno> {
        match self.object(node, raw)? {
            Object::Socket(end) => Ok(*end),
            _ => Err(libc::ENOTSOCK),
        }
    }

    pub(super) fn listen(
        &mut self,
        node: usize,
        mut address: SocketAddr,
        backlog: u32,
    ) -> Result<(RawHandle, SocketAddr), Errno> {
        if self.node_at(node, address.ip()) != Some(node) {
            return Err(libc::EADDRNOTAVAIL);
        }
        if address.port() == 0 {
            address.set_port(self.next_port(node));
        }
        let raw = self.add_handle(node, Object::Listener);
        let listener = Listener {
            node,
            address,
            backlog: backlog.max(1) as usize,
            queue: VecDeque::new(),
            acceptors: Vec::new(),
        };
        self.net.listeners.insert(raw, listener);
        Ok((raw, address))
    }

    fn next_port(&mut self, node: usize) -> u16 {
        let port = &mut self.nodes[node].next_port;
        *port = port.checked_add(1).unwrap_or(FIRST_EPHEMERAL_PORT).max(FIRST_EPHEMERAL_PORT);
        *port
    }

    pub(super) fn local_address(&mut self, node: usize, raw: RawHandle) -> Result<SocketAddr, Errno> {
        if let Some(listener) = self.net.listeners.get(&raw) {
            return Ok(listener.address);
        }
        let end = self.end_of(node, raw)?;
        self.end(end).map(|end| end.address).ok_or(libc::EBADF)
    }

    pub(super) fn accept(
        &mut self,
        waiting: Waiting,
        now: Instant,
        raw: RawHandle,
        peer: &mut Option<SocketAddr>,
    ) -> Next {
        let Some(listener) = self.net.listeners.get_mut(&raw) else { return Next::Ended(-libc::EBADF) };
        let Some(id) = listener.queue.pop_front() else {
            listener.acceptors.push(waiting);
            return Next::Waits;
        };
        let more = !listener.queue.is_empty();
        let acceptors = if more { std::mem::take(&mut listener.acceptors) } else { Vec::new() };
        acceptors.into_iter().for_each(|waiting| self.rouse_soon(now, waiting));
        *peer = self.end(id).map(|end| end.peer);
        Next::Ended(self.add_handle(waiting.0.node, Object::Socket(id)))
    }

    pub(super) fn connect(
        &mut self,
        waiting: Waiting,
        now: Instant,
        since: Instant,
        address: SocketAddr,
    ) -> Next {
        let from = waiting.0.node;
        let Some(to) = self.node_at(from, address.ip()) else { return Next::Ended(-libc::EHOSTUNREACH) };
        let is_late = now >= since + self.config.net.connect_timeout;
        let retry = if is_late { Next::Ended(-libc::ETIMEDOUT) } else { Next::Again(CONNECT_RETRY) };
        let is_cut = |net: &Net, from, to| net.cuts.contains(&(from, to));
        if self.nodes[to].is_dark || is_cut(&self.net, from, to) || is_cut(&self.net, to, from) {
            return retry;
        }
        let heard: Vec<RawHandle> = (self.net.listeners.iter())
            .filter(|(_, listener)| {
                let bound = listener.address.ip();
                listener.node == to
                    && listener.address.port() == address.port()
                    && (bound.is_unspecified()
                        || bound == address.ip()
                        || (bound.is_loopback() && address.ip().is_loopback()))
            })
            .map(|(raw, _)| *raw)
            .collect();
        if heard.is_empty() {
            return Next::Ended(-libc::ECONNREFUSED);
        }
        // As SO_REUSEPORT spreads connections.
        let chosen = heard[self.pick(heard.len())];
        let has_room = self.net.listeners.get(&chosen).is_some_and(|one| one.queue.len() < one.backlog);
        if !has_room {
            return retry;
        }
        let own_ip = if address.ip().is_loopback() || address.ip().is_unspecified() {
            IpAddr::V4(Ipv4Addr::LOCALHOST)
        } else {
            node_address(from)
        };
        let own = SocketAddr::new(own_ip, self.next_port(from));
        let id = self.net.next_connection;
        self.net.next_connection += 1;
        let client = self.new_end(now, from, own, address);
        let server = self.new_end(now, to, address, own);
        self.net.connections.insert(id, [client, server]);
        let mut acceptors = Vec::new();
        if let Some(listener) = self.net.listeners.get_mut(&chosen) {
            listener.queue.push_back(EndId { connection: id, side: 1 });
            acceptors = std::mem::take(&mut listener.acceptors);
        }
        acceptors.into_iter().for_each(|waiting| self.rouse_soon(now, waiting));
        Next::Ended(self.add_handle(from, Object::Socket(EndId { connection: id, side: 0 })))
    }

    fn new_end(&mut self, now: Instant, node: usize, address: SocketAddr, peer: SocketAddr) -> End {
        let range = self.config.net.buffer_bytes.clone();
        // Small windows as often as large ones.
        let (low, high) = ((*range.start()).max(1).ilog2(), (*range.end()).max(1).ilog2());
        let size = 1_usize << self.rng.random_range(low..=high.max(low));
        End {
            node,
            address,
            peer,
            received: VecDeque::new(),
            received_bytes: 0,
            on_the_way: VecDeque::new(),
            on_the_way_bytes: 0,
            last_arrival: now,
            held: 0,
            window_bytes: size.clamp(*range.start(), *range.end()),
            is_finished: false,
            reset: None,
            is_shut_down: false,
            is_closed: false,
            receivers: Vec::new(),
            senders: Vec::new(),
        }
    }

    pub(super) fn receive(
        &mut self,
        waiting: Waiting,
        now: Instant,
        raw: RawHandle,
        buffer: &mut Buffer,
        room: usize,
    ) -> Next {
        let id = match self.end_of(waiting.0.node, raw) {
            Ok(id) => id,
            Err(errno) => return Next::Ended(-errno),
        };
        let split = self.config.net.split;
        let is_split = chance(&mut self.rng, split);
        let Some(end) = self.end(id) else { return Next::Ended(-libc::ENOTCONN) };
        if end.received_bytes == 0 {
            return match end.reset {
                Some(errno) => {
                    // It is said once; after that the stream is at its end.
                    end.reset = Some(libc::EPIPE);
                    Next::Ended(if errno == libc::EPIPE { 0 } else { -errno })
                }
                None if end.is_finished || end.is_shut_down => Next::Ended(0),
                None => {
                    end.receivers.push(waiting);
                    Next::Waits
                }
            };
        }
        let available = end.received_bytes.min(room);
        let count = if is_split { self.rng.random_range(1..=available) } else { available };
        let Some(end) = self.end(id) else { return Next::Ended(-libc::ENOTCONN) };
        let was = buffer.len();
        buffer.set_len(was + count);
        let mut done = 0;
        while done < count {
            let Some(front) = end.received.front_mut() else { break };
            let part = front.split_to(front.len().min(count - done));
            buffer[was + done..was + done + part.len()].copy_from_slice(&part);
            done += part.len();
            if front.is_empty() {
                end.received.pop_front();
            }
        }
        buffer.set_len(was);
        end.received_bytes -= count;
        let senders = self.end(id.other()).map(|peer| std::mem::take(&mut peer.senders)).unwrap_or_default();
        senders.into_iter().for_each(|waiting| self.rouse_soon(now, waiting));
        Next::Ended(count as i32)
    }

    pub(super) fn send(&mut self, waiting: Waiting, now: Instant, raw: RawHandle, parts: Vec<Bytes>) -> Next {
        let id = match self.end_of(waiting.0.node, raw) {
            Ok(id) => id,
            Err(errno) => return Next::Ended(-errno),
        };
        let Some(end) = self.end(id) else { return Next::Ended(-libc::ENOTCONN) };
        if let Some(errno) = end.reset {
            end.reset = Some(libc::EPIPE);
            return Next::Ended(-errno);
        }
        if end.is_shut_down {
            return Next::Ended(-libc::EPIPE);
        }
        let Some(peer) = self.end(id.other()) else { return Next::Ended(-libc::EPIPE) };
        let room = peer.window_bytes.saturating_sub(peer.received_bytes + peer.on_the_way_bytes);
        let len: usize = parts.iter().map(Bytes::len).sum();
        if len == 0 {
            return Next::Ended(0);
        }
        if room == 0 {
            if let Some(end) = self.end(id) {
                end.senders.push(waiting);
            }
            return Next::Waits;
        }
        let mut count = room.min(len);
        let (split, reset) = (self.config.net.split, self.config.net.reset);
        if chance(&mut self.rng, split) {
            count = self.rng.random_range(1..=count);
        }
        if chance(&mut self.rng, reset) {
            self.break_connection(id.connection, now);
            return Next::Ended(-libc::ECONNRESET);
        }
        // Packets end where the network likes.
        let mut left = count;
        for part in parts {
            let mut part = part.slice(..part.len().min(left));
            left -= part.len();
            while !part.is_empty() {
                let mut size = part.len();
                if chance(&mut self.rng, split) {
                    size = self.rng.random_range(1..=size);
                }
                self.emit(id, now, Packet::Data(part.split_to(size)));
            }
        }
        Next::Ended(count as i32)
    }

    /// Sends a packet off to the other end.
    fn emit(&mut self, from: EndId, now: Instant, packet: Packet) {
        let mut delay = self.config.net.delay.draw(&mut self.rng);
        let to = from.other();
        let from_node = self.end(from).map(|end| end.node);
        let Some(end) = self.end(to) else { return };
        if Some(end.node) == from_node {
            delay /= 10;
        }
        if let Packet::Data(bytes) = &packet {
            end.on_the_way_bytes += bytes.len();
        }
        end.on_the_way.push_back(packet);
        end.last_arrival = end.last_arrival.max(now + delay);
        let at = end.last_arrival;
        self.schedule(at, Event::Packet(to));
    }

    pub(super) fn packet_arrives(&mut self, id: EndId, now: Instant) {
        let from_node = self.end(id.other()).map(|end| end.node);
        let Some(to_node) = self.end(id).map(|end| end.node) else { return };
        if from_node.is_some_and(|from| self.net.cuts.contains(&(from, to_node))) {
            if let Some(end) = self.end(id) {
                end.held += 1;
            }
            return;
        }
        let Some(end) = self.end(id) else { return };
        let Some(packet) = end.on_the_way.pop_front() else { return };
        match packet {
            Packet::Data(bytes) => {
                end.on_the_way_bytes -= bytes.len();
                if end.is_closed || end.is_shut_down {
                    // Nobody reads it any more, which the sender is told.
                    self.emit(id, now, Packet::Reset);
                } else if end.reset.is_none() {
                    end.received_bytes += bytes.len();
                    end.received.push_back(bytes);
                }
            }
            Packet::Finish => end.is_finished = true,
            Packet::Reset => {
                if end.reset.is_none() && !end.is_closed {
                    end.reset = Some(libc::ECONNRESET);
                }
            }
        }
        self.rouse_end(id, now);
        self.forget_if_over(id.connection);
    }

    fn rouse_end(&mut self, id: EndId, now: Instant) {
        let Some(end) = self.end(id) else { return };
        let mut roused = std::mem::take(&mut end.receivers);
        roused.append(&mut end.senders);
        roused.into_iter().for_each(|waiting| self.rouse_soon(now, waiting));
    }

    pub(super) fn shut_down(&mut self, node: usize, now: Instant, raw: RawHandle) {
        let Ok(id) = self.end_of(node, raw) else { return };
        let Some(end) = self.end(id) else { return };
        if !std::mem::replace(&mut end.is_shut_down, true) {
            self.emit(id, now, Packet::Finish);
            self.rouse_end(id, now);
        }
    }

    pub(super) fn close_end(&mut self, id: EndId, now: Instant) {
        let Some(end) = self.end(id) else { return };
        end.is_closed = true;
        let has_unread = end.received_bytes > 0;
        let was_shut_down = std::mem::replace(&mut end.is_shut_down, true);
        end.received.clear();
        end.received_bytes = 0;
        if has_unread {
            self.emit(id, now, Packet::Reset);
        } else if !was_shut_down {
            self.emit(id, now, Packet::Finish);
        }
        self.rouse_end(id, now);
        self.forget_if_over(id.connection);
    }

    fn forget_if_over(&mut self, connection: u64) {
        let Some(ends) = self.net.connections.get(&connection) else { return };
        if ends.iter().all(|end| end.is_closed) {
            self.net.connections.remove(&connection);
        }
    }

    pub(super) fn close_listener(&mut self, now: Instant, raw: RawHandle) {
        let Some(listener) = self.net.listeners.remove(&raw) else { return };
        for id in listener.queue {
            self.reset_from(id, now);
        }
        listener.acceptors.into_iter().for_each(|waiting| self.rouse_soon(now, waiting));
    }

    /// This end goes without a farewell; the other is told by a reset.
    fn reset_from(&mut self, id: EndId, now: Instant) {
        if let Some(end) = self.end(id) {
            end.is_closed = true;
            end.received.clear();
            end.received_bytes = 0;
        }
        self.emit(id, now, Packet::Reset);
        self.forget_if_over(id.connection);
    }

    fn break_connection(&mut self, connection: u64, now: Instant) {
        for side in 0..2 {
            let id = EndId { connection, side };
            if let Some(end) = self.end(id)
                && end.reset.is_none()
            {
                end.reset = Some(libc::ECONNRESET);
            }
            self.rouse_end(id, now);
        }
    }

    /// Resets every connection between two nodes.
    pub(super) fn break_connections(&mut self, a: usize, b: usize, now: Instant) {
        let broken: Vec<u64> = (self.net.connections.iter())
            .filter(|(_, ends)| {
                (ends[0].node, ends[1].node) == (a, b) || (ends[0].node, ends[1].node) == (b, a)
            })
            .map(|(id, _)| *id)
            .collect();
        broken.into_iter().for_each(|connection| self.break_connection(connection, now));
    }

    pub(super) fn cut(&mut self, from: usize, to: usize) {
        self.net.cuts.insert((from, to));
    }

    pub(super) fn mend(&mut self, from: usize, to: usize, now: Instant) {
        if !self.net.cuts.remove(&(from, to)) {
            return;
        }
        let mut late = Vec::new();
        for (connection, ends) in &mut self.net.connections {
            for side in 0..2 {
                if ends[side].node == to && ends[1 - side].node == from {
                    let held = std::mem::take(&mut ends[side].held);
                    let id = EndId { connection: *connection, side };
                    late.extend(std::iter::repeat_n(id, held));
                }
            }
        }
        for id in late {
            let delay = self.config.net.delay.draw(&mut self.rng);
            let Some(end) = self.end(id) else { continue };
            end.last_arrival = end.last_arrival.max(now + delay);
            let at = end.last_arrival;
            self.schedule(at, Event::Packet(id));
        }
    }

    /// All that a node had open is gone. Its peers hear of it by resets, at once when its kernel still runs.
    pub(super) fn drop_sockets(&mut self, node: usize, now: Instant, without_power: bool) {
        let raws: Vec<RawHandle> = (self.net.listeners.iter())
            .filter(|(_, listener)| listener.node == node)
            .map(|(raw, _)| *raw)
            .collect();
        raws.into_iter().for_each(|raw| self.close_listener(now, raw));
        let ends: Vec<EndId> = (self.net.connections.iter())
            .flat_map(|(connection, ends)| {
                let connection = *connection;
                (0..2)
                    .filter(|side| ends[*side].node == node && !ends[*side].is_closed)
                    .map(move |side| EndId { connection, side })
            })
            .collect();
        for id in ends {
            let silence = if without_power { self.rng.random_range(1..2_000) } else { 0 };
            self.reset_from(id, now + Duration::from_millis(silence));
        }
    }
}
