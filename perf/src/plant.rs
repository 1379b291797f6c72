//! Planted slowdowns: one of each kind that the gates watch, to show that they do.
//!
//! Those of the simulated broker are done on its core once for every answer, in the middle of what is counted. Those of
//! the process are those of `planted-ottla`, which is `ottla` and the plant.

use bytes::Bytes;
use ottla_io::{AppendBuffer, BLOCK_BYTES, Class, Durability, File, OpenOptions, ShardId, spawn};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::hint::black_box;
use std::rc::Rc;
use std::task::{Poll, Waker};

/// The environment variable that names a plant.
pub const VARIABLE: &str = "OTTLA_PLANT";

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Plant {
    /// 2,000 rounds of a hash.
    Instructions,
    /// One of 64 bytes.
    Allocation,
    /// An operation that nobody asked for.
    RingEntry,
    /// 1 KiB from memory to memory.
    Copy,
    /// A block to a file of its own.
    DurableWrite,
    /// Of another core, for nothing.
    Wake,
    /// In the process: so many for each request that it reads.
    SystemCall,
    /// In the process: touched and kept.
    Memory,
    /// In the binary.
    Code,
}

impl Plant {
    /// That of the environment.
    ///
    /// # Panics
    /// It names none.
    pub fn of_environment() -> Option<Plant> {
        let name = std::env::var(VARIABLE).ok()?;
        let plant = <Plant as clap::ValueEnum>::from_str(&name, true);
        Some(plant.unwrap_or_else(|_| panic!("{VARIABLE}={name}: no plant is called so")))
    }

    /// Those of the simulated broker.
    pub fn is_simulated(self) -> bool {
        !matches!(self, Plant::SystemCall | Plant::Memory | Plant::Code)
    }
}

/// Plants once for each answer.
pub struct Planter {
    plant: Plant,
    answered: RefCell<Rc<Cell<u64>>>,
    planted: Cell<u64>,
    /// Of a task on each shard that does nothing when it is woken.
    wakers: Rc<RefCell<BTreeMap<ShardId, Waker>>>,
}

impl Planter {
    pub fn new(plant: Plant) -> Rc<Planter> {
        Rc::new(Planter { plant, answered: RefCell::default(), planted: Cell::new(0), wakers: Rc::default() })
    }

    /// Plants whenever `answered` has grown.
    pub fn follow(&self, answered: Rc<Cell<u64>>) {
        *self.answered.borrow_mut() = answered;
    }

    /// On each of the broker's shards, when it starts.
    pub fn live_on(&self, shard: ShardId) {
        let wakers = self.wakers.clone();
        drop(spawn(
            Class::Foreground,
            poll_fn(move |context| {
                wakers.borrow_mut().insert(shard, context.waker().clone());
                Poll::<()>::Pending
            }),
        ));
    }

    /// In a turn of the broker.
    pub fn plant(&self) {
        if self.answered.borrow().get() <= self.planted.get() {
            return;
        }
        self.planted.set(self.planted.get() + 1);
        match self.plant {
            Plant::Instructions => {
                let mut hash = black_box(0xcbf2_9ce4_8422_2325_u64);
                for round in 0..2000_u64 {
                    hash = black_box((hash ^ round).wrapping_mul(0x0100_0000_01b3));
                }
            }
            Plant::Allocation => drop(black_box(Vec::<u8>::with_capacity(64))),
            Plant::Copy => {
                let mut buffer = AppendBuffer::with_capacity(BLOCK_BYTES);
                buffer.append_copy(&[7; 1024], |_| ());
                black_box(&buffer);
            }
            Plant::RingEntry => drop(spawn(Class::Foreground, async {
                // What it finds does not matter.
                let _ = ottla_io::file::metadata("/").await;
            })),
            Plant::DurableWrite => drop(spawn(Class::Foreground, write_durably())),
            Plant::Wake => self.wakers.borrow().values().for_each(Waker::wake_by_ref),
            Plant::SystemCall | Plant::Memory | Plant::Code => {
                unreachable!("{:?} is a plant of the process", self.plant)
            }
        }
    }
}

async fn write_durably() {
    let options = OpenOptions { write: true, create: true, ..OpenOptions::default() };
    let file = File::open("/var/ottla/planted", &options).await.expect("a file");
    let block = Bytes::from(vec![0; BLOCK_BYTES]);
    file.write_at(vec![block], 0, Durability::Durable).await.expect("a write");
}
