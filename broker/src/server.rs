//! The broker as a process: settings, shards, and their life from the first lock to the mark of a clean shutdown.
//!
//! ```text
//! main thread   settings ─▶ addresses ─▶ one thread per shard ─────────────────────────▶ exit code
//! shard 0       locks ─▶ identity ─▶ controller ─▶ first image to all ─▶ listeners ─▶ ready … stop ─▶ checkpoints
//! other shards         serve calls …                                  ─▶ listeners …       close logs
//! ```
//! What runs on a shard goes through `ottla_io` alone, so [`shard_main`] also runs in the simulator.

use crate::compaction;
use crate::config::{BrokerConfig, Input, Note, Pinning};
use crate::controller::{self, Controller};
use crate::core::{Core, Identity};
use crate::disk_space;
use crate::log_dirs::{self, LogDir, OfflineDir, Taken};
use crate::log_starts;
use crate::metrics;
use crate::net::Listening;
use crate::openings;
use crate::producer_expiry;
use crate::publish;
use crate::recovery::{self, Checkpoint};
use crate::retention;
use crate::strays;
use futures_util::future::{join_all, select};
use ottla_io::runtime::{self, ShardContext, StartError};
use ottla_io::{Class, ShardId, sleep, spawn};
use ottla_log::data_directory::PartitionDir;
use ottla_metadata::Changes;
use ottla_metadata::decide::{Decision, brokers, directories, features};
use ottla_metadata::id::Seed;
use ottla_shard::mesh::{Mesh, Message};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// What `ottla start` was told.
#[derive(Clone, Debug, Default)]
pub struct StartOptions {
    /// A `server.properties`.
    pub config: Option<PathBuf>,
    /// In place of `log.dirs`.
    pub data: Option<PathBuf>,
    /// In place of `listeners`: HOST:PORT.
    pub listen: Option<String>,
    pub shards: Option<usize>,
    /// In place of `ottla.metrics.listener`: HOST:PORT.
    pub metrics: Option<String>,
    /// Settings that win over everything else.
    pub set: Vec<(String, String)>,
}

/// Why the broker did not start, or ended by itself. Each has a text for people, and an exit code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// A setting is wrong: exit code 2.
    #[error("{0}")]
    Settings(String),
    /// The host or the data directory does not allow it: exit code 3.
    #[error("{0}")]
    Start(String),
    /// It ran, and cannot go on: exit code 1.
    #[error("{0}")]
    Running(String),
}

/// Everything that is settled before the shards start.
pub struct Startup {
    pub config: BrokerConfig,
    /// The addresses of `config.network.listeners`, in their order.
    pub addresses: Vec<SocketAddr>,
    /// Told the address of the first listener once requests are served.
    pub on_ready: Box<dyn Fn(SocketAddr) + Send + Sync>,
    /// Becomes true when the process is to stop; a signal does the same.
    pub stop: tokio::sync::watch::Receiver<bool>,
}

/// Requests that are under way get this long to end when the broker stops.
const DRAIN: Duration = Duration::from_secs(5);
/// A port that is taken gets this long to come free.
const KILLED_RING_PATIENCE: Duration = Duration::from_secs(1);

/// Reads the settings that `options` name, and logs what is to be said of them.
/// # Errors
/// [`Failure::Settings`].
pub fn settings(options: &StartOptions) -> Result<BrokerConfig, Failure> {
    let mut overrides = Vec::new();
    let mut set = |name: &str, value: String| overrides.push((name.to_owned(), value));
    if let Some(data) = &options.data {
        set("log.dirs", data.display().to_string());
    }
    if let Some(listen) = &options.listen {
        set("listeners", format!("PLAINTEXT://{listen}"));
        set("advertised.listeners", format!("PLAINTEXT://{listen}"));
    }
    if let Some(shards) = options.shards {
        set("ottla.shards", shards.to_string());
    }
    if let Some(metrics) = &options.metrics {
        set("ottla.metrics.listener", metrics.clone());
    }
    overrides.extend(options.set.iter().cloned());
    let text = match &options.config {
        Some(path) => Some((
            path.as_path(),
            std::fs::read_to_string(path)
                .map_err(|error| Failure::Settings(format!("cannot read {}: {error}", path.display())))?,
        )),
        None => None,
    };
    let file = text.as_ref().map(|(path, text)| (*path, text.as_str()));
    let host_name = host_name();
    let loaded = BrokerConfig::load(Input { file, overrides: &overrides, host_name: &host_name })
        .map_err(|error| Failure::Settings(error.to_string()))?;
    for note in loaded.notes {
        match note {
            Note::Warn(text) => tracing::warn!("{text}"),
            Note::Info(text) => tracing::info!("{text}"),
        }
    }
    Ok(loaded.config)
}

/// This machine's name, as clients elsewhere may know it.
fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "localhost".to_owned() } else { name.to_owned() }
}

/// Where each listener binds. A port that somebody else listens on is found here: two brokers that share a port, as
/// SO_REUSEPORT would let them, would each get half of the connections.
/// # Errors
/// [`Failure::Start`].
pub fn addresses(config: &BrokerConfig) -> Result<Vec<SocketAddr>, Failure> {
    let mut addresses = Vec::new();
    for listener in &config.network.listeners {
        let candidates: Vec<SocketAddr> = if listener.host.is_empty() {
            vec![
                (IpAddr::from(Ipv6Addr::UNSPECIFIED), listener.port).into(),
                (IpAddr::from(Ipv4Addr::UNSPECIFIED), listener.port).into(),
            ]
        } else {
            let found = (listener.host.as_str(), listener.port).to_socket_addrs();
            let found = found.map_err(|error| {
                Failure::Start(format!("listeners: {listener}: the host is not known here: {error}"))
            })?;
            found.collect()
        };
        let mut failed = None;
        let bound = candidates.into_iter().find(|address| match probe(address) {
            Ok(()) => true,
            Err(error) => {
                failed.get_or_insert((*address, error));
                false
            }
        });
        match (bound, failed) {
            (Some(address), _) => addresses.push(address),
            (None, Some((address, error))) if error.kind() == std::io::ErrorKind::AddrInUse => {
                return Err(Failure::Start(format!(
                    "port {} is taken: something listens on {address} already. Stop it, or choose another port with \
                     --listen HOST:PORT or listeners",
                    address.port()
                )));
            }
            (None, Some((address, error))) => {
                return Err(Failure::Start(format!("cannot listen on {address}: {error}. Change listeners")));
            }
            (None, None) => {
                return Err(Failure::Start(format!("listeners: {listener}: the host has no address")));
            }
        }
    }
    if let Some(listener) = &config.runtime.metrics_listener {
        let free = resolve(listener).and_then(|address| probe(&address));
        free.map_err(|error| no_metrics(listener, &error))?;
    }
    Ok(addresses)
}

fn resolve(listener: &str) -> std::io::Result<SocketAddr> {
    let found = listener.to_socket_addrs()?.next();
    found.ok_or_else(|| std::io::Error::other("the host has no address"))
}

fn no_metrics(listener: &str, error: &std::io::Error) -> Failure {
    Failure::Start(format!(
        "cannot serve metrics at {listener}: {error}. Choose another HOST:PORT with --metrics or \
         ottla.metrics.listener, or do without"
    ))
}

/// Whether the address can be listened on. A process that was killed keeps its port until the kernel has taken its ring apart,
/// which it does some milliseconds after the process is gone.
fn probe(address: &SocketAddr) -> std::io::Result<()> {
    let deadline = std::time::Instant::now() + KILLED_RING_PATIENCE;
    loop {
        match std::net::TcpListener::bind(address) {
            Err(error)
                if error.kind() == std::io::ErrorKind::AddrInUse && std::time::Instant::now() < deadline =>
            {
                std::thread::sleep(Duration::from_millis(5));
            }
            result => return result.map(drop),
        }
    }
}

/// Runs the broker until it is asked to stop. Blocks the calling thread.
/// # Errors
/// Why it could not start or go on.
pub fn run(startup: Startup) -> Result<(), Failure> {
    let settings = &startup.config.runtime;
    let defaults = runtime::Config::default();
    let config = runtime::Config {
        shards: settings.shards.unwrap_or(defaults.shards),
        pin: settings.pinning != Pinning::Off,
        cores: match &settings.pinning {
            Pinning::Cores(cores) => cores.clone(),
            Pinning::Auto | Pinning::Off => Vec::new(),
        },
        spin: Duration::from_micros(u64::from(settings.spin_us)),
        ..defaults
    };
    let startup = Arc::new(startup);
    let ended = runtime::run(&config, move |context| shard_main(context, startup.clone()));
    match ended {
        Ok(results) => results.into_iter().collect(),
        Err(StartError::Panicked(shard)) => Err(Failure::Running(format!("shard {} panicked", shard.0))),
        Err(error) => Err(Failure::Start(error.to_string())),
    }
}

/// One shard's whole life. Shard 0 leads.
/// # Errors
/// On shard 0: why the broker could not start or go on.
pub async fn shard_main(context: ShardContext<Message<Core>>, startup: Arc<Startup>) -> Result<(), Failure> {
    let mesh = Mesh::new(context.port);
    let core = Core::new(mesh.clone(), Arc::new(startup.config.clone()));
    let ended = core.ended.wait();
    mesh.serve(core.clone());
    if mesh.shard() != ShardId(0) {
        ended.await;
        return Ok(());
    }
    let led = lead(&core, &startup).await;
    for shard in mesh.shards() {
        // One that is gone needs no telling.
        let _ = core.call(shard, |core| async move { core.ended.notify_all() }).await;
    }
    led
}

/// Shard 0: brings the broker up, waits, and takes it down.
async fn lead(core: &Rc<Core>, startup: &Startup) -> Result<(), Failure> {
    let config = &startup.config;
    let began = ottla_io::now();
    tell_features(core);
    let Taken { locks: _locks, cluster_id, online, offline, found, mut recovered } =
        log_dirs::take(config).await?;
    if !recovered.was_clean() {
        tracing::info!("the last shutdown was not clean, or this is the first start: logs are checked");
    }
    let controller = Controller::start(controller::Config {
        dir: config.metadata_log_dir.clone(),
        node_id: config.node_id,
        cluster_id: cluster_id.clone(),
    })
    .await
    .map_err(|error| {
        let properties = config.metadata_log_dir.join(controller::meta_properties::FILE_NAME);
        Failure::Start(format!("{error} ({} says cluster.id={cluster_id})", properties.display()))
    })?;
    let news = controller.subscribe();

    let listening = listen(core, &startup.addresses)?;
    let ports: Vec<SocketAddr> = listening.iter().map(Listening::address).collect();
    let broker_epoch = register(&controller, config, &cluster_id, &online, &ports).await?;
    place(&controller, config, &online, &offline, &found).await?;
    let identity = Arc::new(Identity { node_id: config.node_id, broker_epoch, log_dirs: online });
    for shard in core.mesh.shards() {
        let (identity, offline) = (identity.clone(), offline.clone());
        let settled = core.call(shard, move |core| async move {
            core.settle(identity, offline);
            core.watch_disks();
        });
        settled.await.map_err(|error| Failure::Start(error.to_string()))?;
    }
    *core.controller.borrow_mut() = Some(controller.clone());
    let image = controller.image();
    let changes = Changes::everything(&image);
    strays::settle(core, &image, &found, &mut recovered).await;
    publish::publish(core, image, changes, Some(Arc::new(recovered))).await;
    openings::settle(core).await;
    disk_space::start(core).await;
    publish::start(core, news);

    let first = ports.first().copied();
    listening.into_iter().for_each(|listening| listening.start(core.clone()));
    listen_elsewhere(core, &ports).await?;
    serve_metrics(core).await?;
    keep_checkpoints(core);
    for shard in core.mesh.shards() {
        let started = core.call(shard, |core| async move {
            retention::start(&core);
            producer_expiry::start(&core);
            compaction::start(&core);
        });
        started.await.map_err(|error| Failure::Start(error.to_string()))?;
    }
    tell_promise(config);
    let image = core.image();
    tracing::info!(
        shards = core.mesh.shard_count(),
        topics = image.topic_count(),
        partitions = image.partition_count(),
        "serving after {} ms",
        ottla_io::now().duration_since(began).as_millis()
    );
    if let Some(first) = first {
        (startup.on_ready)(first);
    }

    let reason = wait_for_end(core, startup, &controller).await;
    match &reason {
        None => tracing::info!("stopping: asked to"),
        Some(reason) => tracing::error!("stopping: {reason}"),
    }
    take_down(core, controller).await;
    reason.map_or(Ok(()), |reason| Err(Failure::Running(reason)))
}

fn tell_features(core: &Core) {
    let features = runtime::features();
    tracing::info!(shards = core.mesh.shard_count(), "io_uring: {}", features.in_use.join(", "));
    for (feature, remedy) in features.missing {
        tracing::warn!("{feature}: {remedy}");
    }
}

/// Says once which promise an ack keeps, and who relaxes it.
fn tell_promise(config: &BrokerConfig) {
    let relaxed =
        ["log.flush.interval.messages", "log.flush.interval.ms"].map(|name| (name, config.set_value(name)));
    let relaxed: Vec<String> =
        relaxed.iter().filter_map(|(name, value)| Some(format!("{name}={}", (*value)?))).collect();
    if relaxed.is_empty() {
        tracing::info!("durability: an ack of acks=1 or acks=all means on stable storage");
    } else {
        tracing::warn!("durability: relaxed for all topics by {}", relaxed.join(", "));
    }
}

/// Binds shard 0's listeners; with port 0 this is where the port comes from.
fn listen(core: &Rc<Core>, addresses: &[SocketAddr]) -> Result<Vec<Listening>, Failure> {
    (0..).zip(addresses).map(|(index, address)| bind(core, *address, index)).collect()
}

fn bind(core: &Core, address: SocketAddr, index: usize) -> Result<Listening, Failure> {
    let backlog = core.config.network.backlog.unsigned_abs();
    Listening::bind(address, backlog, index)
        .map_err(|error| Failure::Start(format!("cannot listen on {address}: {error}. Change listeners")))
}

/// Where the settings say so.
async fn serve_metrics(core: &Rc<Core>) -> Result<(), Failure> {
    let Some(listener) = core.config.runtime.metrics_listener.clone() else { return Ok(()) };
    let address = match listener.parse() {
        Ok(address) => Ok(address),
        // A server of names may be asked, which takes its time.
        Err(_) => {
            let listener = listener.clone();
            ottla_io::task::blocking(move || resolve(&listener)).await
        }
    };
    let serving = address.and_then(|address| metrics::start(core, address));
    let address = serving.map_err(|error| no_metrics(&listener, &error))?;
    tracing::info!("metrics: http://{address}/metrics");
    Ok(())
}

/// The other shards listen on the same ports.
async fn listen_elsewhere(core: &Rc<Core>, ports: &[SocketAddr]) -> Result<(), Failure> {
    for shard in core.mesh.shards().filter(|shard| *shard != core.mesh.shard()) {
        let ports = ports.to_vec();
        let listened = core.call(shard, move |core| async move {
            for listening in listen(&core, &ports)? {
                listening.start(core.clone());
            }
            Ok(())
        });
        listened.await.map_err(|error| Failure::Start(error.to_string()))??;
    }
    Ok(())
}

/// Tells the controller about this broker, and gets its epoch.
async fn register(
    controller: &Controller,
    config: &BrokerConfig,
    cluster_id: &str,
    log_dirs: &[LogDir],
    ports: &[SocketAddr],
) -> Result<i64, Failure> {
    let mut seed = Seed::new(ottla_io::task::random_u64());
    // Port 0 is known only now.
    let endpoints = config.network.endpoints(|name| {
        let index = config.network.listeners.iter().position(|listener| listener.name == name)?;
        ports.get(index).map(SocketAddr::port)
    });
    let registration = brokers::Registration {
        broker_id: config.node_id,
        cluster_id: cluster_id.to_owned(),
        incarnation_id: seed.next_uuid(),
        endpoints,
        rack: config.rack.clone(),
        log_dirs: log_dirs.iter().map(|dir| dir.id).collect(),
        fenced: false,
    };
    let committed = controller
        .submit(move |image, _| {
            let mut decision = Decision::from_result(brokers::register_broker(image, &registration));
            if decision.reply.is_ok() {
                decision.records.extend(features::bootstrap(image));
            }
            decision
        })
        .await
        .map_err(|error| Failure::Start(error.to_string()))?;
    committed.reply.map_err(|error| Failure::Start(error.to_string()))
}

/// Tells the controller in which data directory each partition was found, as far as it does not know.
async fn place(
    controller: &Controller,
    config: &BrokerConfig,
    online: &[LogDir],
    offline: &[OfflineDir],
    found: &BTreeMap<PathBuf, Vec<PartitionDir>>,
) -> Result<(), Failure> {
    let node_id = config.node_id;
    let located =
        log_dirs::locate(&controller.image(), node_id, online, found).await.map_err(Failure::Start)?;
    if !located.is_empty() {
        tracing::info!(partitions = located.len(), "the controller learns in which data directory they are");
        let placed =
            controller.submit(move |image, _| directories::assign_replicas(image, node_id, &located));
        placed.await.map_err(|error| Failure::Start(error.to_string()))?;
    }
    log_dirs::tell_unreachable(&controller.image(), node_id, online, offline);
    Ok(())
}

/// So that a crash leaves little to scan. Nothing is written while nothing has changed.
fn keep_checkpoints(core: &Rc<Core>) {
    let of_starts = core.clone();
    spawn(Class::Background, async move {
        loop {
            sleep(of_starts.config.log_start_checkpoint_interval).await;
            if of_starts.is_stopping() {
                return;
            }
            // It says itself when it fails, and is tried again.
            let _ = log_starts::store(&of_starts).await;
        }
    });
    let core = core.clone();
    spawn(Class::Background, async move {
        loop {
            sleep(core.config.checkpoint_interval).await;
            if core.is_stopping() {
                return;
            }
            recovery::checkpoint(&core, Checkpoint::Running).await;
        }
    });
}

/// `None` when the process was asked to stop, otherwise what broke.
async fn wait_for_end(core: &Core, startup: &Startup, controller: &Controller) -> Option<String> {
    let mut told = startup.stop.clone();
    let asked = async move {
        let signal = pin!(runtime::stop_requested());
        let told = pin!(async move {
            // A sender that is gone will never ask.
            if told.wait_for(|stop| *stop).await.is_err() {
                std::future::pending::<()>().await;
            }
        });
        select(signal, told).await;
        None
    };
    let broken = async {
        let no_metadata = async {
            format!(
                "the metadata log in {} (metadata.log.dir) cannot be written: {}. Nothing can be served without it",
                core.config.metadata_log_dir.display(),
                controller.failure().await
            )
        };
        Some(select(pin!(no_metadata), pin!(core.why_broken())).await.factor_first().0)
    };
    select(pin!(asked), pin!(broken)).await.factor_first().0
}

/// Takes nothing new, answers what was asked, closes the logs, and says that all of it went well.
async fn take_down(core: &Rc<Core>, controller: Controller) {
    let drained = core.mesh.shards().map(|shard| core.call(shard, |core| async move { drain(&core).await }));
    join_all(drained).await;
    let closed = recovery::checkpoint(core, Checkpoint::Closing).await;
    core.controller.borrow_mut().take();
    controller.stop().await;
    if closed.len() < core.identity().log_dirs.len() {
        tracing::warn!("not every log was closed: the next start checks them");
    }
    recovery::leave_clean(core, &closed).await;
}

/// Ends this core's connections once they have what they asked for.
async fn drain(core: &Rc<Core>) {
    core.stop();
    let deadline = ottla_io::now() + DRAIN;
    while core.connections.count() > 0 && ottla_io::now() < deadline {
        sleep(Duration::from_millis(2)).await;
    }
    core.connections.close_all();
}
