//! A disk that loses power: files and directories in memory, and what of them was made durable.
//!
//! | changed since the last sync | after the cut |
//! | --- | --- |
//! | sectors of a file | each as it was or as it is, by a lot drawn for the file: all kept, all lost, or each for itself |
//! | a file's length | as it was or as it is |
//! | names in a directory | each change kept or lost; what follows a lost one of its name is lost too |
//!
//! A sync of a file says nothing of the directory that names it, and the other way round: POSIX promises no more.

use rand::RngExt;
use rand::rngs::SmallRng;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::{OsStr, OsString};

pub const ROOT: u64 = 1;
const SECTOR_BYTES: usize = 512;

/// Errors are the kernel's numbers.
pub type Result<T> = std::result::Result<T, i32>;

#[derive(Clone, Debug)]
pub enum Inode {
    File(FileNode),
    Dir(DirNode),
}

#[derive(Clone, Debug, Default)]
pub struct FileNode {
    now: Vec<u8>,
    /// Sectors that changed since the last sync, as they were; shorter where the file ended.
    before: BTreeMap<usize, Vec<u8>>,
    durable_len: usize,
}

#[derive(Clone, Debug, Default)]
pub struct DirNode {
    now: BTreeMap<OsString, u64>,
    durable: BTreeMap<OsString, u64>,
    changes: Vec<Vec<(OsString, Option<u64>)>>,
}

#[derive(Clone, Debug)]
pub struct Disk {
    inodes: HashMap<u64, Inode>,
    next: u64,
    /// The planted fault: a sync of these files is answered and does nothing.
    pub forgetful: BTreeSet<u64>,
    /// Syncs so far.
    pub syncs: u64,
}

impl Disk {
    pub fn new() -> Disk {
        let root = Inode::Dir(DirNode::default());
        Disk { inodes: HashMap::from([(ROOT, root)]), next: ROOT + 1, forgetful: BTreeSet::new(), syncs: 0 }
    }

    pub fn inode(&self, ino: u64) -> Result<&Inode> {
        self.inodes.get(&ino).ok_or(libc::ENOENT)
    }

    fn file(&mut self, ino: u64) -> Result<&mut FileNode> {
        match self.inodes.get_mut(&ino) {
            Some(Inode::File(file)) => Ok(file),
            Some(Inode::Dir(_)) => Err(libc::EISDIR),
            None => Err(libc::ENOENT),
        }
    }

    fn dir(&mut self, ino: u64) -> Result<&mut DirNode> {
        match self.inodes.get_mut(&ino) {
            Some(Inode::Dir(dir)) => Ok(dir),
            Some(Inode::File(_)) => Err(libc::ENOTDIR),
            None => Err(libc::ENOENT),
        }
    }

    pub fn lookup(&mut self, parent: u64, name: &OsStr) -> Result<u64> {
        self.dir(parent)?.now.get(name).copied().ok_or(libc::ENOENT)
    }

    /// Names and inodes of a directory.
    pub fn entries(&mut self, ino: u64) -> Result<Vec<(OsString, u64)>> {
        Ok(self.dir(ino)?.now.iter().map(|(name, ino)| (name.clone(), *ino)).collect())
    }

    pub fn make(&mut self, parent: u64, name: &OsStr, inode: Inode) -> Result<u64> {
        let ino = self.next;
        let dir = self.dir(parent)?;
        if dir.now.contains_key(name) {
            return Err(libc::EEXIST);
        }
        dir.change(vec![(name.to_owned(), Some(ino))]);
        self.inodes.insert(ino, inode);
        self.next += 1;
        Ok(ino)
    }

    pub fn remove(&mut self, parent: u64, name: &OsStr, is_dir: bool) -> Result<()> {
        let ino = self.lookup(parent, name)?;
        match (self.inode(ino)?, is_dir) {
            (Inode::Dir(dir), true) if !dir.now.is_empty() => return Err(libc::ENOTEMPTY),
            (Inode::Dir(_), false) => return Err(libc::EISDIR),
            (Inode::File(_), true) => return Err(libc::ENOTDIR),
            _ => {}
        }
        self.dir(parent)?.change(vec![(name.to_owned(), None)]);
        Ok(())
    }

    /// Within a directory both names change at once, or neither.
    pub fn rename(&mut self, parent: u64, name: &OsStr, new_parent: u64, new_name: &OsStr) -> Result<()> {
        let ino = self.lookup(parent, name)?;
        let (from, to) = ((name.to_owned(), None), (new_name.to_owned(), Some(ino)));
        if parent == new_parent {
            self.dir(parent)?.change(vec![from, to]);
        } else {
            self.dir(new_parent)?.change(vec![to]);
            self.dir(parent)?.change(vec![from]);
        }
        Ok(())
    }

    pub fn len(&mut self, ino: u64) -> Result<u64> {
        Ok(self.file(ino)?.now.len() as u64)
    }

    pub fn read(&mut self, ino: u64, offset: u64, len: usize) -> Result<&[u8]> {
        let file = self.file(ino)?;
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(file.now.len());
        let to = from.saturating_add(len).min(file.now.len());
        Ok(&file.now[from..to])
    }

    pub fn write(&mut self, ino: u64, offset: u64, bytes: &[u8]) -> Result<()> {
        let from = usize::try_from(offset).map_err(|_| libc::EFBIG)?;
        self.file(ino)?.write(from, bytes);
        Ok(())
    }

    pub fn set_len(&mut self, ino: u64, len: u64) -> Result<()> {
        let len = usize::try_from(len).map_err(|_| libc::EFBIG)?;
        self.file(ino)?.set_len(len);
        Ok(())
    }

    /// Makes a file's content, or a directory's names, durable.
    pub fn sync(&mut self, ino: u64) -> Result<()> {
        self.syncs += 1;
        if self.forgetful.contains(&ino) {
            return self.inode(ino).map(|_| ());
        }
        match self.inodes.get_mut(&ino).ok_or(libc::ENOENT)? {
            Inode::File(file) => file.sync(),
            Inode::Dir(dir) => dir.sync(),
        }
        Ok(())
    }

    /// The power goes: what is left is durable, and what no name leads to is gone.
    pub fn cut(&mut self, rng: &mut SmallRng) {
        // In one order whatever the map's, so that a seed gives one outcome.
        let mut inos: Vec<u64> = self.inodes.keys().copied().collect();
        inos.sort_unstable();
        for ino in inos {
            match self.inodes.get_mut(&ino) {
                Some(Inode::File(file)) => file.cut(rng),
                Some(Inode::Dir(dir)) => dir.cut(rng),
                None => {}
            }
        }
        let mut found = BTreeSet::from([ROOT]);
        let mut open = vec![ROOT];
        while let Some(ino) = open.pop() {
            if let Some(Inode::Dir(dir)) = self.inodes.get(&ino) {
                open.extend(dir.now.values().filter(|child| found.insert(**child)));
            }
        }
        self.inodes.retain(|ino, _| found.contains(ino));
    }
}

impl Default for Disk {
    fn default() -> Disk {
        Disk::new()
    }
}

impl FileNode {
    /// Keeps the sectors that `[from, to)` touches as they were, once.
    fn keep(&mut self, from: usize, to: usize) {
        let durable = self.durable_len;
        for sector in from / SECTOR_BYTES..to.div_ceil(SECTOR_BYTES) {
            let start = sector * SECTOR_BYTES;
            if !self.before.contains_key(&sector) {
                let end = (start + SECTOR_BYTES).min(self.now.len()).min(durable.max(start));
                let old = self.now.get(start..end).unwrap_or_default().to_vec();
                self.before.insert(sector, old);
            }
        }
    }

    fn write(&mut self, from: usize, bytes: &[u8]) {
        let to = from + bytes.len();
        self.keep(from, to);
        if self.now.len() < to {
            self.now.resize(to, 0);
        }
        self.now[from..to].copy_from_slice(bytes);
    }

    fn set_len(&mut self, len: usize) {
        if len < self.now.len() {
            self.keep(len, self.now.len());
        }
        self.now.resize(len, 0);
    }

    fn sync(&mut self) {
        self.before.clear();
        self.durable_len = self.now.len();
    }

    fn cut(&mut self, rng: &mut SmallRng) {
        let now_len = self.now.len();
        let len = if rng.random() { now_len } else { self.durable_len };
        let kept = rng.random_range(0..4);
        for (sector, old) in std::mem::take(&mut self.before) {
            let is_kept = match kept {
                0 => true,
                1 => false,
                _ => rng.random(),
            };
            if is_kept {
                continue;
            }
            let start = sector * SECTOR_BYTES;
            let end = start + SECTOR_BYTES;
            if self.now.len() < end {
                self.now.resize(end, 0);
            }
            self.now[start..end].fill(0);
            self.now[start..start + old.len()].copy_from_slice(&old);
        }
        self.now.resize(len, 0);
        self.sync();
    }
}

impl DirNode {
    fn change(&mut self, effects: Vec<(OsString, Option<u64>)>) {
        apply(&mut self.now, &effects);
        self.changes.push(effects);
    }

    fn sync(&mut self) {
        self.changes.clear();
        self.durable = self.now.clone();
    }

    fn cut(&mut self, rng: &mut SmallRng) {
        let mut lost = BTreeSet::new();
        for effects in std::mem::take(&mut self.changes) {
            if rng.random() && !effects.iter().any(|(name, _)| lost.contains(name)) {
                apply(&mut self.durable, &effects);
            } else {
                lost.extend(effects.into_iter().map(|(name, _)| name));
            }
        }
        self.now = self.durable.clone();
    }
}

fn apply(names: &mut BTreeMap<OsString, u64>, effects: &[(OsString, Option<u64>)]) {
    for (name, ino) in effects {
        match ino {
            Some(ino) => names.insert(name.clone(), *ino),
            None => names.remove(name),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn with_file(content: &[u8]) -> (Disk, u64) {
        let mut disk = Disk::new();
        let ino = disk.make(ROOT, OsStr::new("f"), Inode::File(FileNode::default())).unwrap();
        disk.write(ino, 0, content).unwrap();
        disk.sync(ino).unwrap();
        disk.sync(ROOT).unwrap();
        (disk, ino)
    }

    fn after_cuts(disk: &Disk, look: impl Fn(&mut Disk) -> Vec<u8>) -> BTreeSet<Vec<u8>> {
        (0..200)
            .map(|seed| {
                let mut disk = disk.clone();
                disk.cut(&mut SmallRng::seed_from_u64(seed));
                look(&mut disk)
            })
            .collect()
    }

    #[test]
    fn what_was_synced_survives_and_what_was_not_is_kept_lost_or_torn() {
        let (mut disk, ino) = with_file(&[1; 1024]);
        let content = |disk: &mut Disk| disk.read(ino, 0, 9999).unwrap().to_vec();
        assert_eq!(after_cuts(&disk, content).len(), 1);
        disk.write(ino, 0, &[2; 1024]).unwrap();
        let seen = after_cuts(&disk, content);
        let torn = [[1; 512], [2; 512]].concat();
        for wanted in [vec![1; 1024], vec![2; 1024], torn] {
            assert!(seen.contains(&wanted));
        }
        assert_eq!(seen.len(), 4);
        disk.sync(ino).unwrap();
        assert_eq!(after_cuts(&disk, content), BTreeSet::from([vec![2; 1024]]));
        disk.set_len(ino, 100).unwrap();
        disk.write(ino, 100, &[3; 10]).unwrap();
        assert!(after_cuts(&disk, content).contains(&vec![2; 1024]));
    }

    #[test]
    fn a_rename_is_whole_or_not_at_all_until_its_directory_is_synced() {
        let (mut disk, ino) = with_file(b"new");
        let old = disk.make(ROOT, OsStr::new("g"), Inode::File(FileNode::default())).unwrap();
        disk.sync(ROOT).unwrap();
        disk.rename(ROOT, OsStr::new("f"), ROOT, OsStr::new("g")).unwrap();
        let names = |disk: &mut Disk| {
            disk.entries(ROOT)
                .unwrap()
                .iter()
                .flat_map(|(name, ino)| [name.len() as u8, *ino as u8])
                .collect()
        };
        let (new, old) = (vec![1, ino as u8], vec![1, ino as u8, 1, old as u8]);
        assert_eq!(after_cuts(&disk, names), BTreeSet::from([new.clone(), old]));
        disk.sync(ROOT).unwrap();
        assert_eq!(after_cuts(&disk, names), BTreeSet::from([new]));
    }

    #[test]
    fn the_planted_disk_forgets_what_it_said_was_durable() {
        let (mut disk, ino) = with_file(&[1; 512]);
        disk.forgetful.insert(ino);
        disk.write(ino, 0, &[2; 512]).unwrap();
        disk.sync(ino).unwrap();
        let seen = after_cuts(&disk, |disk| disk.read(ino, 0, 9999).unwrap().to_vec());
        assert!(seen.contains(&vec![1; 512]));
    }
}
