//! What of a world a watch sees.

use super::LONG;
use crate::file;
use crate::runtime::ShardContext;
use crate::sim::{Config, Watch, World};
use crate::time::{now, sleep};
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

/// Follows whether the program runs, and counts.
#[derive(Default)]
struct Follower {
    is_in_program: Cell<bool>,
    programs: Cell<u32>,
    simulators: Cell<u32>,
    outside: Cell<u32>,
}

impl Watch for Follower {
    fn program(&self, program: &mut dyn FnMut()) {
        self.programs.set(self.programs.get() + 1);
        assert!(!self.is_in_program.replace(true), "turns do not nest");
        program();
        self.is_in_program.set(false);
    }

    fn simulator(&self, simulator: &mut dyn FnMut()) {
        self.simulators.set(self.simulators.get() + 1);
        if !self.is_in_program.replace(false) {
            self.outside.set(self.outside.get() + 1);
            return simulator();
        }
        simulator();
        self.is_in_program.set(true);
    }
}

/// Every turn of the watched node is seen and every op is taken out of it, and what happens is what happens unwatched.
#[test]
fn a_watch_sees_turns_and_takes_the_simulator_out() {
    let run = |watch: Option<Rc<Follower>>| {
        let mut world = World::new(3, Config::default());
        let (watched, other) = (world.add_node("watched"), world.add_node("other"));
        let follower = watch.clone();
        if let Some(watch) = watch {
            world.watch(watched, watch);
        }
        for (node, is_watched) in [(watched, follower.is_some()), (other, false)] {
            let follower = follower.clone().filter(|_| is_watched);
            world.start(node, 1, move |_: ShardContext<()>| {
                let follower = follower.clone();
                async move {
                    for _ in 0..5 {
                        assert!(follower.as_ref().is_none_or(|follower| follower.is_in_program.get()));
                        file::create_dir_all(format!("/{}", now().0)).await.unwrap();
                        sleep(Duration::from_millis(1)).await;
                    }
                }
            });
        }
        assert!(world.run_until(LONG, |world| !world.is_up(watched) && !world.is_up(other)));
        (world.trace_hash(), world.op_count(watched))
    };
    let follower = Rc::new(Follower::default());
    let (hash, ops) = run(Some(follower.clone()));
    assert_eq!((hash, ops), run(None), "watching changes nothing");
    assert!(follower.programs.get() >= 10, "{} turns", follower.programs.get());
    assert!(u64::from(follower.simulators.get()) > ops, "{} ops and clocks", follower.simulators.get());
    assert!(follower.outside.get() < follower.simulators.get() / 4, "{} outside", follower.outside.get());
}
