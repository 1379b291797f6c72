//! The committed code is what the definitions generate.

use std::path::{Path, PathBuf};

#[test]
fn generated_code_is_current() {
    let protocol = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let stale = ottla_protocol_generator::generate(&protocol, true).unwrap();
    assert_eq!(stale, Vec::<PathBuf>::new(), "run: cargo run -p ottla-protocol-generator");
}
