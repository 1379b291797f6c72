//! Lines of input, read ahead by a thread, so that what was typed goes out at once and a pipe fills whole batches.

use super::super::Failure;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvError, SyncSender, TryRecvError, sync_channel};
use std::thread;

/// No record of Kafka is longer by default than a 64th of this.
const LINE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Lines read ahead. They are counted in bytes when they are queued; this bounds the usual case of short ones.
const LINES_AHEAD: usize = 1024;

pub struct Lines {
    read: Receiver<io::Result<Vec<u8>>>,
    name: String,
    number: u64,
}

pub enum Line {
    /// Without its end, `\n` or `\r\n`.
    Text {
        number: u64,
        bytes: Vec<u8>,
    },
    NotYet,
    End,
}

impl Lines {
    pub fn from_file(path: &Path) -> Result<Lines, Failure> {
        if path == Path::new("-") {
            return Ok(Lines::from_stdin());
        }
        let file = File::open(path)
            .map_err(|error| Failure::failed(format!("cannot open '{}': {error}", path.display())))?;
        Ok(Lines::new(BufReader::with_capacity(256 * 1024, file), path.display().to_string()))
    }

    pub fn from_stdin() -> Lines {
        Lines::new(BufReader::with_capacity(256 * 1024, io::stdin()), "standard input".to_owned())
    }

    fn new(input: impl BufRead + Send + 'static, name: String) -> Lines {
        let (send, read) = sync_channel(LINES_AHEAD);
        // It ends with the input, or with the process: a read from a terminal can't be called off.
        thread::spawn(move || read_lines(input, &send));
        Lines { read, name, number: 0 }
    }

    /// The next line, waited for.
    pub fn wait(&mut self) -> Result<Line, Failure> {
        match self.read.recv() {
            Ok(line) => self.line(line),
            Err(RecvError) => Ok(Line::End),
        }
    }

    /// The next line if it is there.
    pub fn ready(&mut self) -> Result<Line, Failure> {
        match self.read.try_recv() {
            Ok(line) => self.line(line),
            Err(TryRecvError::Empty) => Ok(Line::NotYet),
            Err(TryRecvError::Disconnected) => Ok(Line::End),
        }
    }

    fn line(&mut self, line: io::Result<Vec<u8>>) -> Result<Line, Failure> {
        self.number += 1;
        match line {
            Ok(bytes) => Ok(Line::Text { number: self.number, bytes }),
            Err(error) => {
                Err(Failure::failed(format!("cannot read line {} of {}: {error}", self.number, self.name)))
            }
        }
    }
}

fn read_lines(mut input: impl BufRead, lines: &SyncSender<io::Result<Vec<u8>>>) {
    loop {
        let mut line = Vec::new();
        let read = (&mut input).take(LINE_BYTES_MAX as u64 + 1).read_until(b'\n', &mut line);
        let line = match read {
            Ok(0) => return,
            Ok(_) if line.len() > LINE_BYTES_MAX => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("it is longer than {LINE_BYTES_MAX} bytes"),
            )),
            Ok(_) => {
                if line.last() == Some(&b'\n') {
                    line.pop();
                    if line.last() == Some(&b'\r') {
                        line.pop();
                    }
                }
                Ok(line)
            }
            Err(error) => Err(error),
        };
        let over = line.is_err();
        if lines.send(line).is_err() || over {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(input: &'static [u8]) -> Vec<Vec<u8>> {
        let mut lines = Lines::new(input, "a test".to_owned());
        let mut found = Vec::new();
        while let Line::Text { number, bytes } = lines.wait().unwrap() {
            found.push(bytes);
            assert_eq!(number as usize, found.len());
        }
        found
    }

    #[test]
    fn lines_end_in_either_way_and_the_last_need_not_end() {
        assert_eq!(all(b"a\r\nb\n\n\rc\xff"), [&b"a"[..], b"b", b"", b"\rc\xff"]);
        assert!(all(b"").is_empty());
    }

    #[test]
    fn an_endless_line_is_refused() {
        let mut lines = Lines::new(BufReader::new(io::repeat(b'x')), "a test".to_owned());
        let failure = lines.wait().err().unwrap();
        assert!(failure.message.contains("longer than"), "{failure}");
        assert!(matches!(lines.wait(), Ok(Line::End)));
    }
}
