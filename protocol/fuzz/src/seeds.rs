//! Writes the corpora that fuzzing begins with: `seeds CORPUS_FOLDER`. Messages and batches are `protocol/golden`'s, which Kafka wrote.

use ottla_protocol::records::BatchBuilder;
use ottla_protocol::{ApiKey, Compression};
use std::fs;
use std::path::{Path, PathBuf};

fn main() -> std::io::Result<()> {
    let corpora = PathBuf::from(std::env::args().nth(1).expect("a folder for the corpora"));
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../golden");
    let save = |target: &str, name: &str, parts: &[&[u8]]| -> std::io::Result<()> {
        fs::create_dir_all(corpora.join(target))?;
        fs::write(corpora.join(target).join(name), parts.concat())
    };

    for api in ApiKey::ALL {
        let text = fs::read_to_string(golden.join(format!("{}.txt", api.name())))?;
        for line in text.lines() {
            let [kind, version, "full", hex] = line.split(' ').collect::<Vec<_>>()[..] else { continue };
            let key = (*api as i16).to_be_bytes();
            let version: u8 = version.parse().expect("a version");
            let response = u8::from(kind == "response");
            let name = format!("{}-{kind}-{version}", api.name());
            save("messages", &name, &[&key, &[response, version], &unhex(hex)])?;
        }
    }
    for header in ["RequestHeader", "ResponseHeader"] {
        let text = fs::read_to_string(golden.join(format!("{header}.txt")))?;
        for (index, line) in text.lines().enumerate().skip(1) {
            save(
                "headers",
                &format!("{header}-{index}"),
                &[&unhex(line.rsplit(' ').next().unwrap_or_default())],
            )?;
        }
    }

    let text = fs::read_to_string(golden.join("batches.txt"))?;
    let mut batches: Vec<Vec<u8>> =
        text.lines().filter_map(|line| line.strip_prefix("bytes ")).map(unhex).collect();
    for codec in Compression::ALL {
        let mut builder = BatchBuilder::new().compression(codec, None).producer(1, 0, 0);
        for index in 0..5 {
            builder.push(1_700_000_000_000 + index, Some(b"key"), Some(&[7; 200]), &[]);
        }
        batches.push(builder.build().expect("a small batch"));
    }
    for (index, batch) in batches.iter().enumerate() {
        save("batches", &format!("batch-{index}"), &[batch])?;
        save("decompress", &format!("batch-{index}"), &[&[batch[22] & 7], &batch[61..]])?;
        for file in [0, 1] {
            save("log_files", &format!("segment-{file}-{index}"), &[&[file], batch])?;
        }
    }

    let texts: [(u8, &[u8]); 6] = [
        (5, b"0\n2\n0 0\n3 17\n"),
        (6, b"0\n2\nt 0 5\nother-topic 11 12345\n"),
        (7, b"version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAQ"),
        (7, b"#\nnode.id=1\ndirectory.id=AAAAAAAAAAAAAAAAAAAAAg\nversion=1\ncluster.id=AAAAAAAAAAAAAAAAAAAAAw\n"),
        (7, b"{\"version\":0,\"brokerEpoch\":12}"),
        (7, b"00000000000000000017.log"),
    ];
    for (index, (file, text)) in texts.iter().enumerate() {
        save("log_files", &format!("text-{index}"), &[&[*file], text])?;
    }
    let numbers = |numbers: &[(usize, i64)]| -> Vec<u8> {
        numbers.iter().flat_map(|(bytes, number)| number.to_be_bytes()[8 - bytes..].to_vec()).collect()
    };
    save("log_files", "offset-index", &[&[2], &numbers(&[(4, 3), (4, 100), (4, 9), (4, 400)])])?;
    save("log_files", "time-index", &[&[3], &numbers(&[(8, 1000), (4, 3), (8, 2000), (4, 9)])])?;
    save("log_files", "transactions", &[&[4], &numbers(&[(2, 0), (8, 7), (8, 3), (8, 9), (8, 3)])])?;
    let producer = [(8, 7), (2, 1), (4, 20), (8, 99), (4, 4), (8, 1000), (4, 0), (8, -1)];
    let snapshot = [&[(2, 1), (4, 0), (4, 1)], producer.as_slice()].concat();
    save("log_files", "producers", &[&[8], &numbers(&snapshot)])
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap_or_default(), 16);
    text.as_bytes().chunks(2).map(|pair| digits(pair).expect("hexadecimal digits")).collect()
}
