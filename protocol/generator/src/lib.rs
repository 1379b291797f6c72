//! Kafka's message definitions in Ottla's notation, and the Rust that they become.

pub mod definition;
mod emit;

use definition::Api;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Every API and header, by the order of its file's name. `protocol` is the folder of that name.
///
/// # Errors
/// File, line and what is wrong with it.
pub fn definitions(protocol: &Path) -> Result<Vec<Api>, String> {
    read(protocol, "api")
}

/// Every record that coordinators store, in the same way.
///
/// # Errors
/// As [`definitions`].
pub fn records(protocol: &Path) -> Result<Vec<Api>, String> {
    read(protocol, "record")
}

fn read(protocol: &Path, extension: &str) -> Result<Vec<Api>, String> {
    let mut sources: Vec<PathBuf> = fs::read_dir(protocol.join("definitions"))
        .map_err(|error| format!("cannot read the definitions: {error}"))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    sources.sort();
    let mut apis = Vec::new();
    for path in sources {
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        apis.push(definition::parse(&text).map_err(|error| format!("{}:{error}", path.display()))?);
    }
    Ok(apis)
}

/// Files that differ from what is generated; with `check` they are left as they are.
///
/// # Errors
/// A definition, a file or `rustfmt` fails.
pub fn generate(protocol: &Path, check: bool) -> Result<Vec<PathBuf>, String> {
    let mut apis = definitions(protocol)?;
    apis.extend(records(protocol)?);
    apis.sort_by(|a, b| a.name.cmp(&b.name));
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for message in apis.iter().flat_map(|api| &api.messages) {
        files.insert(format!("{}.rs", message.module()), emit::message(message));
    }
    files.insert("mod.rs".to_owned(), emit::table_of_contents(&apis));
    files.insert("api_key.rs".to_owned(), emit::api_keys(&apis));
    let target = protocol.join("src/generated");
    let mut stale = Vec::new();
    for (name, code) in &files {
        let path = target.join(name);
        let code = format_code(code)?;
        if fs::read_to_string(&path).ok().as_deref() != Some(&code) {
            if !check {
                fs::write(&path, &code).map_err(|error| format!("{}: {error}", path.display()))?;
                continue;
            }
            stale.push(path);
        }
    }
    for entry in fs::read_dir(&target).map_err(|error| error.to_string())?.flatten() {
        if !files.contains_key(&*entry.file_name().to_string_lossy()) {
            if check {
                stale.push(entry.path());
            } else {
                fs::remove_file(entry.path()).map_err(|error| error.to_string())?;
            }
        }
    }
    Ok(stale)
}

fn format_code(code: &str) -> Result<String, String> {
    use std::io::Write;
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--config", "max_width=110,use_small_heuristics=Max"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot run rustfmt: {error}"))?;
    let mut input = child.stdin.take().ok_or("rustfmt has no input")?;
    let code = code.to_owned();
    let writer = std::thread::spawn(move || input.write_all(code.as_bytes()));
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    writer.join().map_err(|_| "the writer to rustfmt ended")?.map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err("rustfmt refuses the generated code".to_owned());
    }
    String::from_utf8(output.stdout).map_err(|error| error.to_string())
}
