//! Counts what a simulated broker does of its own, and nothing of what the simulator or a client does.

use crate::plant::{Plant, Planter};
use crate::scope;
use ottla_io::sim::Watch;
use ottla_io::{Counters, counters};
use std::cell::Cell;
use std::rc::Rc;

/// Calls of the allocator so far that gave memory, and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allocated {
    pub count: u64,
    pub bytes: u64,
}

impl std::ops::Sub for Allocated {
    type Output = Allocated;
    fn sub(self, earlier: Allocated) -> Allocated {
        Allocated { count: self.count - earlier.count, bytes: self.bytes - earlier.bytes }
    }
}

impl std::ops::AddAssign for Allocated {
    fn add_assign(&mut self, more: Allocated) {
        self.count += more.count;
        self.bytes += more.bytes;
    }
}

/// What was counted while the meter was on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    pub allocated: Allocated,
    pub counters: Counters,
}

/// Watches a broker's node.
pub struct Meter {
    /// What the process's allocator has given so far; `None` where nobody counts, as under a profiler.
    allocated_so_far: Option<fn() -> Allocated>,
    is_on: Cell<bool>,
    /// Within the broker's own work, which is being counted.
    is_inside: Cell<bool>,
    allocated: Cell<Allocated>,
    /// To be left out.
    set_aside: Cell<Allocated>,
    counters: Cell<Counters>,
    planter: Option<Rc<Planter>>,
}

impl Meter {
    pub fn new(allocated_so_far: Option<fn() -> Allocated>, planter: Option<Rc<Planter>>) -> Rc<Meter> {
        Rc::new(Meter {
            allocated_so_far,
            is_on: Cell::new(false),
            is_inside: Cell::new(false),
            allocated: Cell::default(),
            set_aside: Cell::default(),
            counters: Cell::default(),
            planter,
        })
    }

    pub fn begin(&self) {
        self.is_on.set(true);
    }

    pub fn end(&self) -> Counted {
        self.is_on.set(false);
        Counted { allocated: self.allocated.get() - self.set_aside.get(), counters: self.counters.get() }
    }

    fn add_allocated(&self, to: &Cell<Allocated>, work: impl FnOnce()) {
        let Some(so_far) = self.allocated_so_far else { return work() };
        let before = so_far();
        work();
        let mut sum = to.get();
        sum += so_far() - before;
        to.set(sum);
    }
}

impl Watch for Meter {
    fn program(&self, program: &mut dyn FnMut()) {
        if !self.is_on.get() {
            return program();
        }
        let before = counters();
        self.is_inside.set(true);
        self.add_allocated(&self.allocated, || {
            scope::collected(&mut || {
                if let Some(planter) = &self.planter {
                    planter.plant();
                }
                program();
            });
        });
        self.is_inside.set(false);
        self.counters.set(self.counters.get() + (counters() - before));
    }

    fn simulator(&self, simulator: &mut dyn FnMut()) {
        if !self.is_inside.replace(false) {
            return simulator();
        }
        self.add_allocated(&self.set_aside, || scope::set_aside(simulator));
        self.is_inside.set(true);
    }
}

/// A meter with a planted slowdown, if any.
pub fn planted(
    allocated_so_far: Option<fn() -> Allocated>,
    plant: Option<Plant>,
) -> (Rc<Meter>, Option<Rc<Planter>>) {
    let planter = plant.map(Planter::new);
    (Meter::new(allocated_so_far, planter.clone()), planter)
}
