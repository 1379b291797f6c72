//! The connections of one core: how many there are, which are idle, and which hold memory without moving.

use crate::core::Core;
use ottla_io::net::TcpStream;
use ottla_io::{Class, Instant, now, recently, sleep, spawn};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

/// A connection that has held memory for this long without a byte moving is closed when others wait for memory.
pub(crate) const STALL_BEFORE_SHED: Duration = Duration::from_secs(2);

/// One connection, as others see it.
pub(crate) struct Connection {
    pub(crate) peer: SocketAddr,
    stream: TcpStream,
    last_active: Cell<Instant>,
    /// Inside a request's body or a response, and when a byte last moved.
    stalled_since: Cell<Option<Instant>>,
}

impl Connection {
    /// Bytes came or went.
    pub(crate) fn active(&self) {
        self.last_active.set(recently());
    }

    /// It holds memory for the peer from now on.
    pub(crate) fn stalls_from_now(&self) {
        self.stalled_since.set(Some(recently()));
    }

    pub(crate) fn moves_again(&self) {
        self.stalled_since.set(None);
    }

    /// Ends both directions; its tasks then see it and end.
    pub(crate) fn close(&self) {
        self.stream.shutdown();
    }
}

/// All connections of a core.
#[derive(Default)]
pub(crate) struct Connections {
    open: RefCell<HashMap<u64, Rc<Connection>>>,
    next: Cell<u64>,
    sweeping: Cell<bool>,
}

impl Connections {
    pub(crate) fn count(&self) -> usize {
        self.open.borrow().len()
    }

    pub(crate) fn count_from(&self, address: IpAddr) -> usize {
        self.open.borrow().values().filter(|connection| connection.peer.ip() == address).count()
    }

    /// Registers a connection until the guard is dropped.
    pub(crate) fn register(core: &Rc<Core>, stream: &TcpStream, peer: SocketAddr) -> Registered {
        let connections = &core.connections;
        let id = connections.next.replace(connections.next.get() + 1);
        let connection = Rc::new(Connection {
            peer,
            stream: stream.clone(),
            last_active: Cell::new(now()),
            stalled_since: Cell::new(None),
        });
        connections.open.borrow_mut().insert(id, connection.clone());
        sweep_idle(core);
        Registered { core: core.clone(), id, connection }
    }

    /// Closes what holds memory without moving. Returns how many it were.
    pub(crate) fn shed_stalled(&self) -> usize {
        let now = now();
        let open = self.open.borrow();
        let stalled = open.values().filter(|connection| {
            connection.stalled_since.get().is_some_and(|since| now.duration_since(since) >= STALL_BEFORE_SHED)
        });
        let mut count = 0;
        for connection in stalled {
            tracing::warn!(peer = %connection.peer, "closed: it holds memory that others wait for, and nothing moves");
            connection.close();
            count += 1;
        }
        count
    }

    pub(crate) fn close_all(&self) {
        for connection in self.open.borrow().values() {
            connection.close();
        }
    }
}

/// Takes the connection off the list when dropped.
pub(crate) struct Registered {
    core: Rc<Core>,
    id: u64,
    pub(crate) connection: Rc<Connection>,
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.core.connections.open.borrow_mut().remove(&self.id);
    }
}

/// Closes connections that have been idle for `connections.max.idle.ms`, while there are any. One timer for all.
fn sweep_idle(core: &Rc<Core>) {
    let Some(idle) = core.limits.connection_idle_max else { return };
    if core.connections.sweeping.replace(true) {
        return;
    }
    let core = core.clone();
    spawn(Class::Control, async move {
        while core.connections.count() > 0 {
            sleep((idle / 4).max(Duration::from_millis(100))).await;
            let now = now();
            for connection in core.connections.open.borrow().values() {
                if now.duration_since(connection.last_active.get()) > idle {
                    tracing::debug!(peer = %connection.peer, "closed: idle");
                    connection.close();
                }
            }
        }
        core.connections.sweeping.set(false);
    });
}
