//! Where the broker listens, what it tells clients, and what it allows them.

use super::broker::Values;
use ottla_metadata::Endpoint;
use std::fmt;
use std::net::IpAddr;

#[derive(Clone, Debug)]
pub struct NetworkConfig {
    /// What to open: at least one, names and ports all different.
    pub listeners: Vec<Listener>,
    /// What clients are told, for a subset of `listeners` by name. Port 0: the port that was bound for that name.
    pub advertised: Vec<Listener>,
    /// The listener that brokers use among themselves: one of `listeners`.
    pub inter_broker_listener: String,
    /// Named by `controller.listener.names`: known, never opened, since the only controller is in this process.
    pub controller_listeners: Vec<Listener>,
    pub backlog: i32,
    /// The largest request: a longer one ends its connection.
    pub request_bytes_max: u32,
    /// Connections without traffic are closed after this; none: never.
    pub idle_ms_max: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Upper case, such as `PLAINTEXT`.
    pub name: String,
    pub protocol: SecurityProtocol,
    /// Empty: every address of the machine.
    pub host: String,
    /// 0: any free port.
    pub port: u16,
}

/// Numbers are Kafka's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i16)]
pub enum SecurityProtocol {
    Plaintext = 0,
    Ssl = 1,
    SaslPlaintext = 2,
    SaslSsl = 3,
}

impl SecurityProtocol {
    fn from_name(name: &str) -> Option<SecurityProtocol> {
        Some(match name {
            "PLAINTEXT" => SecurityProtocol::Plaintext,
            "SSL" => SecurityProtocol::Ssl,
            "SASL_PLAINTEXT" => SecurityProtocol::SaslPlaintext,
            "SASL_SSL" => SecurityProtocol::SaslSsl,
            _ => return None,
        })
    }
}

impl fmt::Display for SecurityProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SecurityProtocol::Plaintext => "PLAINTEXT",
            SecurityProtocol::Ssl => "SSL",
            SecurityProtocol::SaslPlaintext => "SASL_PLAINTEXT",
            SecurityProtocol::SaslSsl => "SASL_SSL",
        })
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = &self.host;
        match host.contains(':') {
            true => write!(f, "{}://[{host}]:{}", self.name, self.port),
            false => write!(f, "{}://{host}:{}", self.name, self.port),
        }
    }
}

impl NetworkConfig {
    /// What the registration of this broker says, once `bound` gives the port that a listener got.
    pub fn endpoints(&self, bound: impl Fn(&str) -> Option<u16>) -> Vec<Endpoint> {
        let port = |l: &Listener| if l.port == 0 { bound(&l.name).unwrap_or(0) } else { l.port };
        self.advertised
            .iter()
            .map(|l| Endpoint {
                name: l.name.clone(),
                host: l.host.clone(),
                port: port(l),
                security_protocol: l.protocol as i16,
            })
            .collect()
    }

    /// `host_name` stands for an address that no client could use: an empty one, or every address of the machine.
    pub(super) fn of(
        values: &Values,
        host_name: &str,
        problems: &mut Vec<String>,
        notes: &mut Vec<super::Note>,
    ) -> NetworkConfig {
        let protocols = protocols(values, problems);
        let controller_names = upper_case(&values.list("controller.listener.names"));
        let mut parse = |setting: &str, items: &[String]| -> Vec<Listener> {
            let parsed: Vec<Listener> =
                items.iter().filter_map(|item| parse_listener(setting, item, &protocols, problems)).collect();
            check_apart(setting, &parsed, problems);
            parsed
        };
        let all = parse("listeners", &values.list("listeners"));
        let advertised = values.is_set("advertised.listeners").then(|| values.list("advertised.listeners"));
        let advertised = advertised.map(|items| parse("advertised.listeners", &items));
        let is_controller = |l: &Listener| controller_names.contains(&l.name);
        let (controller_listeners, listeners): (Vec<_>, Vec<_>) = all.into_iter().partition(is_controller);

        if listeners.is_empty() && problems.is_empty() {
            problems.push(format!(
                "listeners={}: every listener is named by controller.listener.names, so clients could not connect; add \
                 one for them, such as PLAINTEXT://:9092",
                values.text("listeners")
            ));
        }
        for listener in listeners.iter().filter(|l| l.protocol != SecurityProtocol::Plaintext) {
            problems.push(format!(
                "listeners: {listener} asks for {}, which Ottla does not speak yet, and plain text in its place would \
                 be unsafe; remove it, or map {} to PLAINTEXT in listener.security.protocol.map",
                listener.protocol, listener.name
            ));
        }
        for listener in &controller_listeners {
            notes.push(super::Note::Info(format!(
                "the listener {listener} is the controller's and is not opened: the only controller is in this process"
            )));
        }

        let inter_broker_listener = inter_broker_listener(values, &listeners, problems);
        let advertised = match advertised {
            None => {
                let mut advertised = listeners.clone();
                for l in advertised.iter_mut().filter(|l| is_meta_address(&l.host)) {
                    l.host = host_name.to_owned();
                }
                advertised
            }
            Some(mut advertised) => {
                advertised.retain(|l| !is_controller(l));
                for l in &mut advertised {
                    check_advertised(l, &listeners, problems);
                    if l.host.is_empty() {
                        l.host = host_name.to_owned();
                    }
                }
                advertised
            }
        };
        if !advertised.iter().any(|l| l.name == inter_broker_listener) && problems.is_empty() {
            problems.push(format!(
                "advertised.listeners={} lacks {inter_broker_listener}, the listener between brokers; add it",
                values.text("advertised.listeners")
            ));
        }
        NetworkConfig {
            listeners,
            advertised,
            inter_broker_listener,
            controller_listeners,
            backlog: values.int("socket.listen.backlog.size"),
            request_bytes_max: values.int("socket.request.max.bytes").unsigned_abs(),
            idle_ms_max: u64::try_from(values.long("connections.max.idle.ms")).ok(),
        }
    }
}

fn upper_case(names: &[String]) -> Vec<String> {
    names.iter().map(|name| name.to_uppercase()).collect()
}

/// `listener.security.protocol.map`. While it is not set, the controller's listeners are plain text too, as in Kafka.
fn protocols(values: &Values, problems: &mut Vec<String>) -> Vec<(String, SecurityProtocol)> {
    let name = "listener.security.protocol.map";
    let mut map = Vec::new();
    for item in values.text(name).split(',').map(str::trim).filter(|item| !item.is_empty()) {
        let pair = item.split_once(':').map(|(listener, protocol)| (listener.trim(), protocol.trim()));
        match pair.and_then(|(listener, protocol)| Some((listener, SecurityProtocol::from_name(protocol)?))) {
            Some((listener, protocol)) => map.push((listener.to_uppercase(), protocol)),
            None => problems.push(format!(
                "{name}: {item} is not NAME:PROTOCOL with one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL"
            )),
        }
    }
    if !values.is_set(name) {
        let controllers = upper_case(&values.list("controller.listener.names"));
        let unmapped: Vec<_> =
            controllers.into_iter().filter(|c| !map.iter().any(|(known, _)| known == c)).collect();
        map.extend(unmapped.into_iter().map(|controller| (controller, SecurityProtocol::Plaintext)));
    }
    map
}

/// `NAME://HOST:PORT`, where HOST may be empty or an IPv6 address in brackets.
fn parse_listener(
    setting: &str,
    item: &str,
    protocols: &[(String, SecurityProtocol)],
    problems: &mut Vec<String>,
) -> Option<Listener> {
    let parts = item.split_once("://").and_then(|(name, address)| {
        let (host, port) = address.rsplit_once(':')?;
        let host = match host.strip_prefix('[') {
            Some(inner) => inner.strip_suffix(']').filter(|inner| inner.parse::<IpAddr>().is_ok())?,
            None => host,
        };
        let is_host_char = |c: char| c.is_ascii_alphanumeric() || "-_.%:".contains(c);
        (!name.is_empty() && host.chars().all(is_host_char)).then_some((name.to_uppercase(), host, port))
    });
    let Some((name, host, port)) = parts else {
        problems.push(format!(
            "{setting}: {item} is not NAME://HOST:PORT; write for example PLAINTEXT://:9092 or PLAINTEXT://[::1]:9092"
        ));
        return None;
    };
    let Ok(port) = port.parse::<u16>() else {
        problems.push(format!("{setting}: the port of {item} is not a number from 0 to 65535"));
        return None;
    };
    let Some((_, protocol)) = protocols.iter().find(|(known, _)| *known == name) else {
        problems.push(format!(
            "{setting}: {item} has the name {name}, which listener.security.protocol.map does not know; add \
             {name}:PLAINTEXT to it"
        ));
        return None;
    };
    Some(Listener { name, protocol: *protocol, host: host.to_owned(), port })
}

/// Names differ. So do ports, except that the same port may be used for one IPv4 and one IPv6 address.
fn check_apart(setting: &str, listeners: &[Listener], problems: &mut Vec<String>) {
    for (at, later) in listeners.iter().enumerate() {
        for earlier in listeners.iter().take(at) {
            if earlier.name == later.name {
                problems
                    .push(format!("{setting}: {earlier} and {later} have the same name; each needs its own"));
            }
            let is_v6 = |l: &Listener| l.host.parse::<IpAddr>().ok().map(|ip| ip.is_ipv6());
            let both_families = is_v6(earlier).zip(is_v6(later)).is_some_and(|(a, b)| a != b);
            if setting == "listeners" && earlier.port == later.port && later.port != 0 && !both_families {
                problems
                    .push(format!("{setting}: {earlier} and {later} have the same port; each needs its own"));
            }
        }
    }
}

fn is_meta_address(host: &str) -> bool {
    host.is_empty() || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_unspecified())
}

fn check_advertised(advertised: &Listener, listeners: &[Listener], problems: &mut Vec<String>) {
    if !advertised.host.is_empty() && is_meta_address(&advertised.host) {
        problems.push(format!(
            "advertised.listeners: {advertised}: no client can connect to {}; name an address of this machine",
            advertised.host
        ));
    }
    if !listeners.iter().any(|l| l.name == advertised.name) {
        problems.push(format!(
            "advertised.listeners: {advertised} has no listener of that name in listeners; add one, or remove it"
        ));
    }
}

/// By name, else by the protocol that `security.inter.broker.protocol` gives, else the first.
fn inter_broker_listener(values: &Values, listeners: &[Listener], problems: &mut Vec<String>) -> String {
    let setting = "inter.broker.listener.name";
    if !values.is_set(setting) {
        let protocol = values.text("security.inter.broker.protocol");
        let by_protocol = listeners.iter().find(|l| l.name == protocol);
        return by_protocol.or(listeners.first()).map(|l| l.name.clone()).unwrap_or_default();
    }
    let name = values.text(setting).to_uppercase();
    if values.is_set("security.inter.broker.protocol") {
        problems.push(format!(
            "{setting}={name} and security.inter.broker.protocol are both set; only one of them can say which listener \
             brokers use"
        ));
    }
    if !listeners.iter().any(|l| l.name == name) && problems.is_empty() {
        problems.push(format!("{setting}={name}: listeners has none of that name; add it or name another"));
    }
    name
}
