use super::*;
use crate::driver::{Bell, Completion, Op, RawHandle, Token, Wait};
use crate::runtime::{Features, ShardId};
use crate::task::{spawn, yield_now};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// A driver that does nothing, and whose clock moves on by a step whenever it is looked at.
struct Clock {
    now: Cell<Instant>,
    step: Duration,
    alarm: Arc<Alarm>,
    tally: Rc<Tally>,
}

impl Driver for Clock {
    fn submit(&mut self, _token: Token, _op: Op) {
        panic!("no ops here");
    }
    fn cancel(&mut self, _token: Token) {}
    fn poll(&mut self, _wait: Wait, _out: &mut Vec<Completion>) {}
    fn now(&self) -> Instant {
        self.now.set(self.now.get() + self.step);
        self.now.get()
    }
    fn unix_millis(&self) -> i64 {
        0
    }
    fn random_u64(&mut self) -> u64 {
        0
    }
    fn listen(&mut self, _address: SocketAddr, _backlog: u32) -> io::Result<(RawHandle, SocketAddr)> {
        Err(io::ErrorKind::Unsupported.into())
    }
    fn local_addr(&self, _socket: RawHandle) -> io::Result<SocketAddr> {
        Err(io::ErrorKind::Unsupported.into())
    }
    fn shutdown(&mut self, _socket: RawHandle) {}
    fn set_buffered(&mut self, _file: RawHandle) -> io::Result<()> {
        Ok(())
    }
    fn features(&self) -> Features {
        Features::default()
    }
    fn alarm(&self) -> Arc<Alarm> {
        self.alarm.clone()
    }
    fn tally(&self) -> Rc<Tally> {
        self.tally.clone()
    }
    fn rouse(&mut self, other: &Arc<Alarm>) {
        other.ring();
    }
}

/// A reactor on which every run of a task takes 50 microseconds.
fn reactor() -> Rc<Reactor> {
    let clock = Clock {
        now: Cell::default(),
        step: Duration::from_micros(50),
        alarm: Alarm::new(Bell::Sim),
        tally: Rc::default(),
    };
    Reactor::new(ShardId(0), AnyDriver::Sim(Box::new(clock)))
}

type Runs = Rc<[Cell<u64>; CLASS_COUNT]>;

fn always_busy(runs: &Runs, class: Class) {
    let runs = runs.clone();
    drop(spawn(class, async move {
        loop {
            let count = &runs[index_of(class)];
            count.set(count.get() + 1);
            yield_now().await;
        }
    }));
}

fn counts(runs: &Runs) -> [u64; CLASS_COUNT] {
    [runs[0].get(), runs[1].get(), runs[2].get()]
}

/// A busy core is shared in the proportion of the weights, however many tasks a class has.
#[test]
fn classes_share_by_weight() {
    let reactor = reactor();
    let _entered = reactor.enter();
    let runs = Runs::default();
    always_busy(&runs, Class::Foreground);
    always_busy(&runs, Class::Control);
    (0..5).for_each(|_| always_busy(&runs, Class::Background));
    while counts(&runs).iter().sum::<u64>() < 1600 {
        reactor.turn();
    }
    let found = counts(&runs);
    for (count, share) in found.iter().zip([1000, 500, 100]) {
        assert!(count.abs_diff(share) <= 20, "{found:?}");
    }
    reactor.end();
}

/// A class that was idle gets its share from then on, not the time that it let pass.
#[test]
fn idling_saves_up_nothing() {
    let reactor = reactor();
    let _entered = reactor.enter();
    let runs = Runs::default();
    always_busy(&runs, Class::Foreground);
    while runs[0].get() < 1000 {
        reactor.turn();
    }
    always_busy(&runs, Class::Background);
    while runs[0].get() < 1100 {
        reactor.turn();
    }
    let background = runs[2].get();
    assert!((5..=15).contains(&background), "{background}");
    reactor.end();
}

/// Tasks of one class take turns.
#[test]
fn one_class_takes_turns() {
    let reactor = reactor();
    let _entered = reactor.enter();
    let order = Rc::new(RefCell::new(Vec::new()));
    for name in ["a", "b", "c"] {
        let order = order.clone();
        drop(spawn(Class::Foreground, async move {
            for _ in 0..2 {
                order.borrow_mut().push(name);
                yield_now().await;
            }
        }));
    }
    for _ in 0..3 {
        reactor.turn();
    }
    assert_eq!(*order.borrow(), ["a", "b", "c", "a", "b", "c"]);
    reactor.end();
}
