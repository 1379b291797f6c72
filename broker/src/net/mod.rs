//! Sockets: listeners, connections, frames. Knows nothing of what requests mean.
//!
//! Each core listens on every address (SO_REUSEPORT): the kernel spreads connections over them, and a connection stays
//! on the core that accepted it.

mod connection;
mod connections;
mod frames;

pub(crate) use connections::Connections;

use crate::core::Core;
use ottla_io::counters::add;
use ottla_io::net::TcpListener;
use ottla_io::{Class, spawn};
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

/// A bound listener of this core; `index` is its place in the broker's list of listeners.
pub(crate) struct Listening {
    listener: TcpListener,
    index: usize,
}

impl Listening {
    pub(crate) fn bind(address: SocketAddr, backlog: u32, index: usize) -> io::Result<Listening> {
        Ok(Listening { listener: TcpListener::bind(address, backlog)?, index })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.listener.local_addr()
    }

    /// Accepts until the core stops.
    pub(crate) fn start(self, core: Rc<Core>) {
        let stopped = core.stopping.wait();
        spawn(Class::Foreground, async move {
            let accepting = accept(&core, &self);
            let (mut accepting, mut stopped) = (pin!(accepting), pin!(stopped));
            poll_fn(|context| {
                if stopped.as_mut().poll(context).is_ready() {
                    return Poll::Ready(());
                }
                accepting.as_mut().poll(context)
            })
            .await;
        });
    }
}

async fn accept(core: &Rc<Core>, listening: &Listening) {
    let files_max = connections_by_files(core);
    loop {
        let (stream, peer) = match listening.listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                core.warn_accept(&error);
                continue;
            }
        };
        if let Some(limit) = full(core, peer, files_max) {
            add(&core.stats.net.connections_refused, 1);
            tracing::warn!(%peer, "refused: {limit} is reached");
            continue;
        }
        add(&core.stats.net.connections_accepted, 1);
        spawn(Class::Foreground, connection::serve(core.clone(), stream, peer, listening.index));
    }
}

/// The setting that allows no further connection from `peer`. Limits are of the whole broker; a core counts its share,
/// since the kernel spreads connections evenly.
fn full(core: &Core, peer: SocketAddr, files_max: usize) -> Option<&'static str> {
    if core.connections.count() >= files_max {
        return Some("half of the open files that `ulimit -n` allows, the rest is the logs',");
    }
    let live = core.live.borrow();
    let cores = core.mesh.shard_count() as u32;
    let reached =
        |count: usize, limit: u32| limit != i32::MAX as u32 && count >= limit.div_ceil(cores) as usize;
    if reached(core.connections.count(), live.connections_max) {
        return Some("max.connections");
    }
    let overridden = live.connections_per_ip_overrides.get(&peer.ip().to_string());
    let per_ip = *overridden.unwrap_or(&live.connections_per_ip_max);
    let is_limited = per_ip != i32::MAX as u32;
    (is_limited && reached(core.connections.count_from(peer.ip()), per_ip))
        .then_some("max.connections.per.ip")
}

/// Connections take at most half of the files that may be open: a log that cannot open its files goes offline, a client that is
/// refused comes again.
fn connections_by_files(core: &Core) -> usize {
    let files = ottla_io::runtime::features().descriptors_max.and_then(|max| usize::try_from(max).ok());
    files.map_or(usize::MAX, |max| (max / 2 / core.mesh.shard_count()).max(1))
}
