//! A file's bytes, in pages that its volatile and its durable state share.

use std::collections::BTreeMap;
use std::rc::Rc;

pub(super) const PAGE_BYTES: u64 = 4096;

type Page = Rc<[u8; PAGE_BYTES as usize]>;

/// Missing pages are zeros, and so is what lies beyond `len` on a page that is there.
#[derive(Clone, Default)]
pub(in crate::sim) struct Content {
    len: u64,
    pages: BTreeMap<u64, Page>,
}

/// The parts of `[offset, offset + len)` page by page: page, start within it, length.
fn pieces(offset: u64, len: u64) -> impl Iterator<Item = (u64, usize, usize)> {
    let end = offset + len;
    let mut at = offset;
    std::iter::from_fn(move || {
        (at < end).then(|| {
            let (page, start) = (at / PAGE_BYTES, at % PAGE_BYTES);
            let count = (PAGE_BYTES - start).min(end - at);
            at += count;
            (page, start as usize, count as usize)
        })
    })
}

impl Content {
    pub(in crate::sim) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn page_count(&self) -> u64 {
        self.pages.len() as u64
    }

    /// Pages of `[offset, offset + len)` that are not there yet.
    pub(super) fn missing_pages(&self, offset: u64, len: u64) -> u64 {
        pieces(offset, len).filter(|(page, ..)| !self.pages.contains_key(page)).count() as u64
    }

    /// The bytes at `offset`, as many as there are up to `into`'s length.
    pub(in crate::sim) fn read(&self, offset: u64, into: &mut [u8]) -> usize {
        let count = self.len.saturating_sub(offset).min(into.len() as u64);
        let mut done = 0;
        for (page, start, len) in pieces(offset, count) {
            let to = &mut into[done..done + len];
            match self.pages.get(&page) {
                Some(page) => to.copy_from_slice(&page[start..start + len]),
                None => to.fill(0),
            }
            done += len;
        }
        done
    }

    pub(in crate::sim) fn write(&mut self, offset: u64, bytes: &[u8]) {
        let mut done = 0;
        for (page, start, len) in pieces(offset, bytes.len() as u64) {
            let page = self.pages.entry(page).or_insert_with(|| Rc::new([0; PAGE_BYTES as usize]));
            Rc::make_mut(page)[start..start + len].copy_from_slice(&bytes[done..done + len]);
            done += len;
        }
        if !bytes.is_empty() {
            self.len = self.len.max(offset + bytes.len() as u64);
        }
    }

    /// Cuts, or extends with zeros.
    pub(in crate::sim) fn set_len(&mut self, len: u64) {
        if len < self.len {
            drop(self.pages.split_off(&len.div_ceil(PAGE_BYTES)));
            if let Some(page) = self.pages.get_mut(&(len / PAGE_BYTES)) {
                Rc::make_mut(page)[(len % PAGE_BYTES) as usize..].fill(0);
            }
        }
        self.len = len;
    }

    /// Gives the range pages of its own, without changing the length or what is read.
    pub(super) fn allocate(&mut self, offset: u64, len: u64) {
        for (page, ..) in pieces(offset, len) {
            self.pages.entry(page).or_insert_with(|| Rc::new([0; PAGE_BYTES as usize]));
        }
    }

    /// Takes over the pages of `from` that hold `[offset, offset + len)`; the length stays.
    pub(super) fn share(&mut self, from: &Content, offset: u64, len: u64) {
        for (page, ..) in pieces(offset, len) {
            match from.pages.get(&page) {
                Some(shared) => drop(self.pages.insert(page, shared.clone())),
                None => drop(self.pages.remove(&page)),
            }
        }
    }

    /// The length alone, where the pages are known to be right.
    pub(super) fn assume_len(&mut self, len: u64) {
        self.len = len;
    }

    pub(in crate::sim) fn to_vec(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.len as usize];
        self.read(0, &mut bytes);
        bytes
    }
}
