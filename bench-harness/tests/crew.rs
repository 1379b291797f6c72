//! Several processes that make one load, here as threads: all records, counted once.

mod model;

use model::{Behaviour, Model, TOPIC};
use ottla_bench::error::Error;
use ottla_bench::load::{Options, Quiet};
use ottla_bench::modes::crew::{Role, join, lead};
use ottla_bench::modes::merge::merged;
use ottla_bench::outcome::Stage;
use ottla_bench::workload::{Size, Workload};
use std::net::TcpListener;
use std::time::{Duration, Instant};

/// One produces and the others consume; the merged outcome has every record once for each group.
#[test]
fn roles_make_one_load() {
    let model = Model::start(Behaviour::default());
    let mut workload = Workload { duration_s: 0.5, warmup_s: 0.0, drain_s: 1.0, ..Workload::default() };
    workload.records.size = Size::Fixed(100);
    workload.topics.existing = Some(TOPIC.to_owned());
    workload.pacing.rate = 400.0;
    workload.producers.count = 3;
    workload.consumers.groups = 2;
    workload.consumers.count = 2;
    let options = Options { bootstrap: vec![model.address], ..Options::default() };
    // A port that was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();

    let joins: Vec<_> = [Role::Consume, Role::Both]
        .into_iter()
        .map(|role| {
            let (options, address) = (options.clone(), address.clone());
            std::thread::spawn(move || {
                let deadline = Instant::now() + Duration::from_secs(20);
                loop {
                    match join(&options, &address, role, &mut Quiet) {
                        Err(Error::Unreachable { .. }) if Instant::now() < deadline => {
                            std::thread::sleep(Duration::from_millis(20));
                        }
                        ended => return ended.unwrap(),
                    }
                }
            })
        })
        .collect();
    let outcomes = lead(&workload, &options, &address, 3, Role::Produce, &mut Quiet).unwrap();
    let joined: Vec<_> = joins.into_iter().map(|join| join.join().unwrap()).collect();

    assert_eq!(outcomes.len(), 3);
    assert!(outcomes[0].counts.records_acknowledged > 0 && outcomes[0].counts.records_fetched == 0);
    assert!(joined.iter().any(|outcome| outcome.counts.records_acknowledged == 0));
    let whole = merged(&outcomes).unwrap().unwrap();
    assert_eq!(whole.counts.records_intended, 200);
    assert_eq!(whole.stages[&Stage::Acknowledged].count, 200);
    assert_eq!(whole.stages[&Stage::Fetched].count, 400);
    assert_eq!(whole.generator.workers, 3);
}
