//! Measures a partition on this machine's disk: what checks, appends and acks cost, with so many batches in flight.
//!
//! `cargo run --release -p ottla-shard --example measure -- DIR [PAYLOAD_BYTES] [COUNT] [IN_FLIGHT] [PARKED]`
//! PARKED fetches wait at the partition meanwhile, and park again when they are woken.

use ottla_io::Class;
use ottla_io::runtime::{Config, run};
use ottla_log::{ResourceLimits, Resources};
use ottla_protocol::Uuid;
use ottla_protocol::records::BatchBuilder;
use ottla_replica::Assignment;
use ottla_shard::{
    Acks, AppendOrigin, Isolation, Partition, PartitionSpec, TopicSettings, Watch, check, wait_for_bytes,
};
use std::path::PathBuf;
use std::rc::Rc;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number =
        |at: usize, default: usize| arguments.get(at).and_then(|word| word.parse().ok()).unwrap_or(default);
    let data = PathBuf::from(arguments.first().map_or("/tmp/ottla-measure", |word| word.as_str()));
    let (payload, count, in_flight, parked) =
        (number(1, 100), number(2, 100_000), number(3, 100), number(4, 0));
    let config = Config { shards: 1, pin: false, ..Config::default() };
    let result = run(&config, move |_: ottla_io::ShardContext<()>| {
        measure(data.clone(), payload, count, in_flight, parked)
    });
    if let Err(error) = result {
        eprintln!("{error}");
        std::process::exit(1);
    }
}

/// CPU time of this process in seconds.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = |at: usize| fields.split_whitespace().nth(at).and_then(|word| word.parse::<f64>().ok());
    (ticks(11).unwrap_or(0.0) + ticks(12).unwrap_or(0.0)) / 100.0
}

async fn measure(data: PathBuf, payload: usize, count: usize, in_flight: usize, parked: usize) {
    let settings = Rc::new(TopicSettings { topic: "topic".into(), ..TopicSettings::default() });
    let assignment =
        Assignment { leader_epoch: 0, partition_epoch: 0, replicas: vec![1], in_sync_replicas: vec![1] };
    let partition = Partition::open(PartitionSpec {
        topic: "topic".into(),
        topic_id: Uuid([1; 16]),
        index: 0,
        data_directory: data,
        node_id: 1,
        assignment,
        settings: settings.clone(),
        resources: Resources::new(ResourceLimits::default()),
        clean_shutdown: false,
        recovery_point: None,
        log_start_offset: None,
        high_watermark: None,
        cleaned_to: None,
    })
    .await
    .expect("the partition is opened");
    for _ in 0..parked {
        let partition = partition.clone();
        ottla_io::spawn(Class::Foreground, async move {
            loop {
                let known = partition.high_watermark();
                let watch =
                    Watch { partition: partition.clone(), known, isolation: Isolation::ReadUncommitted };
                wait_for_bytes(&[watch], 1).await;
                if partition.health() != ottla_log::Health::Online {
                    return;
                }
            }
        });
    }
    let value = vec![b'x'; payload];
    // Each with the next sequence of an idempotent producer, as clients send by default.
    let mut sent = Vec::with_capacity(in_flight);
    let (started, cpu) = (ottla_io::now(), cpu_seconds());
    let mut building = 0.0;
    let (mut done, mut bytes) = (0, 0);
    while done < count {
        let before = cpu_seconds();
        let batches: Vec<Vec<u8>> = (0..in_flight)
            .map(|number| {
                let sequence = (done + number) as i32;
                let mut builder = BatchBuilder::new().producer(7, 0, sequence);
                builder.push(ottla_io::unix_millis(), None, Some(&value), &[]);
                builder.build().expect("a batch")
            })
            .collect();
        building += cpu_seconds() - before;
        for batch in batches {
            bytes += batch.len();
            let checked = check(batch.into(), &settings, 0, ottla_io::unix_millis(), 12).await;
            sent.push(partition.append(checked.expect("a good batch"), Acks::All, AppendOrigin::Client));
        }
        done += in_flight;
        for append in sent.drain(..) {
            append.await.expect("an ack");
        }
    }
    let seconds = ottla_io::now().duration_since(started).as_secs_f64();
    let cpu = cpu_seconds() - cpu - building;
    println!(
        "{done} batches of {} bytes, {in_flight} in flight, {parked} parked: {seconds:.2} s, {:.0} a second, CPU {cpu:.2} s, \
         {:.2} µs a batch",
        bytes / done,
        done as f64 / seconds,
        cpu / done as f64 * 1e6
    );
    partition.delete().await.expect("the partition is removed");
}
