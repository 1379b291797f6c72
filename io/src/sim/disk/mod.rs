//! A node's disk: files and directories with a state that programs see and one that a crash leaves.
//!
//! A write, a new length and a change of a directory take effect at once for programs. For the crash they are *pending*
//! until a sync, or for a write until its own durability, makes them durable: see [`crash`].
//!
//! Errors are errno values, as Linux gives them.

mod content;
pub(super) mod crash;

use bytes::Bytes;
pub(in crate::sim) use content::Content;
use content::PAGE_BYTES;
use smallvec::{SmallVec, smallvec};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::{Component, Path};

pub(super) type InodeId = u64;
pub(super) type Errno = i32;

const ROOT: InodeId = 0;

pub(super) struct Disk {
    inodes: BTreeMap<InodeId, Inode>,
    next_inode: InodeId,
    /// Directory changes that no sync has made durable, in order.
    changes: Vec<Change>,
    /// A name was taken away, so that an inode may be without one.
    garbage: bool,
    /// Inodes that are open, with the number of handles.
    open: BTreeMap<InodeId, u32>,
    locked: BTreeSet<InodeId>,
}

enum Inode {
    File(FileNode),
    Dir(DirNode),
}

#[derive(Default)]
pub(super) struct FileNode {
    pub(super) content: Content,
    durable: Content,
    pending: Vec<Pending>,
    modified_unix_millis: i64,
}

/// A change of a file that a crash may lose.
struct Pending {
    change: FileChange,
    /// A later durable write stands on it: a crash loses it no more.
    kept: bool,
}

enum FileChange {
    Write { offset: u64, parts: SmallVec<[Bytes; 1]> },
    SetLen(u64),
}

#[derive(Default)]
struct DirNode {
    parent: InodeId,
    entries: BTreeMap<OsString, InodeId>,
    durable: BTreeMap<OsString, InodeId>,
}

/// What happens to names, all of it or nothing: a rename has two or more.
struct Change {
    effects: SmallVec<[Effect; 2]>,
}

#[derive(Clone)]
struct Effect {
    dir: InodeId,
    name: OsString,
    inode: Option<InodeId>,
}

pub(super) struct Stat {
    pub(super) len: u64,
    pub(super) is_dir: bool,
    pub(super) modified_unix_millis: i64,
}

/// Where a path leads: a directory, and a name in it that need not be there. The root has no name.
struct Place<'a> {
    dir: InodeId,
    name: Option<&'a OsStr>,
    inode: Option<InodeId>,
}

impl Disk {
    pub(super) fn new() -> Disk {
        Disk {
            inodes: BTreeMap::from([(ROOT, Inode::Dir(DirNode::default()))]),
            next_inode: ROOT + 1,
            changes: Vec::new(),
            garbage: false,
            open: BTreeMap::new(),
            locked: BTreeSet::new(),
        }
    }

    fn dir(&self, inode: InodeId) -> Result<&DirNode, Errno> {
        match self.inodes.get(&inode) {
            Some(Inode::Dir(dir)) => Ok(dir),
            _ => Err(libc::ENOTDIR),
        }
    }

    fn is_dir(&self, inode: InodeId) -> bool {
        matches!(self.inodes.get(&inode), Some(Inode::Dir(_)))
    }

    pub(super) fn file(&self, inode: InodeId) -> Option<&FileNode> {
        match self.inodes.get(&inode) {
            Some(Inode::File(file)) => Some(file),
            _ => None,
        }
    }

    fn file_mut(&mut self, inode: InodeId) -> Result<&mut FileNode, Errno> {
        match self.inodes.get_mut(&inode) {
            Some(Inode::File(file)) => Ok(file),
            _ => Err(libc::EISDIR),
        }
    }

    /// Relative paths start at the root. The last part need not exist.
    fn locate<'a>(&self, path: &'a Path) -> Result<Place<'a>, Errno> {
        if path.as_os_str().is_empty() {
            return Err(libc::ENOENT);
        }
        let mut place = Place { dir: ROOT, name: None, inode: Some(ROOT) };
        for component in path.components() {
            let here = place.inode.ok_or(libc::ENOENT)?;
            let dir = self.dir(here)?;
            match component {
                Component::Normal(name) => {
                    place = Place { dir: here, name: Some(name), inode: dir.entries.get(name).copied() };
                }
                Component::ParentDir => {
                    place = Place { dir: dir.parent, name: None, inode: Some(dir.parent) };
                }
                Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
            }
        }
        Ok(place)
    }

    pub(super) fn lookup(&self, path: &Path) -> Result<InodeId, Errno> {
        self.locate(path)?.inode.ok_or(libc::ENOENT)
    }

    fn apply(&mut self, change: Change) {
        for effect in &change.effects {
            let Some(Inode::Dir(dir)) = self.inodes.get_mut(&effect.dir) else { continue };
            match effect.inode {
                Some(inode) => drop(dir.entries.insert(effect.name.clone(), inode)),
                None => drop(dir.entries.remove(&effect.name)),
            }
            if let Some(inode) = effect.inode
                && let Some(Inode::Dir(moved)) = self.inodes.get_mut(&inode)
            {
                moved.parent = effect.dir;
            }
        }
        self.garbage = true;
        self.changes.push(change);
    }

    fn make(&mut self, place: &Place<'_>, inode: Inode) -> InodeId {
        let id = self.next_inode;
        self.next_inode += 1;
        self.inodes.insert(id, inode);
        let name = place.name.unwrap_or_default().to_owned();
        self.apply(Change { effects: smallvec![Effect { dir: place.dir, name, inode: Some(id) }] });
        id
    }

    /// The inode that an open leads to, made if asked for.
    pub(super) fn open(
        &mut self,
        path: &Path,
        flags: &crate::driver::OpenFlags,
        now_unix_millis: i64,
    ) -> Result<InodeId, Errno> {
        let place = self.locate(path)?;
        let inode = match place.inode {
            Some(_) if flags.create_new => return Err(libc::EEXIST),
            Some(inode) if self.is_dir(inode) => {
                return if flags.write || flags.create || flags.truncate {
                    Err(libc::EISDIR)
                } else {
                    Ok(inode)
                };
            }
            Some(_) if flags.directory => return Err(libc::ENOTDIR),
            Some(inode) => inode,
            None if flags.create || flags.create_new => {
                let file = FileNode { modified_unix_millis: now_unix_millis, ..FileNode::default() };
                return Ok(self.make(&place, Inode::File(file)));
            }
            None => return Err(libc::ENOENT),
        };
        if flags.truncate {
            self.set_len(inode, 0, now_unix_millis)?;
        }
        Ok(inode)
    }

    pub(super) fn opened(&mut self, inode: InodeId) {
        *self.open.entry(inode).or_default() += 1;
    }

    pub(super) fn closed(&mut self, inode: InodeId) {
        if let Some(count) = self.open.get_mut(&inode) {
            *count -= 1;
            if *count == 0 {
                self.open.remove(&inode);
            }
        }
    }

    pub(super) fn lock(&mut self, inode: InodeId) -> Result<(), Errno> {
        if self.locked.insert(inode) { Ok(()) } else { Err(libc::EWOULDBLOCK) }
    }

    pub(super) fn unlock(&mut self, inode: InodeId) {
        self.locked.remove(&inode);
    }

    pub(super) fn write(
        &mut self,
        inode: InodeId,
        offset: u64,
        parts: SmallVec<[Bytes; 1]>,
        durable: bool,
        now_unix_millis: i64,
    ) -> Result<(), Errno> {
        let file = self.file_mut(inode)?;
        file.modified_unix_millis = now_unix_millis;
        let mut end = offset;
        for part in &parts {
            file.content.write(end, part);
            end += part.len() as u64;
        }
        if !durable {
            file.pending.push(Pending { change: FileChange::Write { offset, parts }, kept: false });
        } else if file.pending.is_empty() {
            file.durable.share(&file.content, offset, end - offset);
            file.durable.assume_len(file.content.len());
        } else {
            // It makes what it needs to be read back durable too: lengths. Earlier writes elsewhere it does not.
            for pending in &mut file.pending {
                pending.kept |= matches!(pending.change, FileChange::SetLen(_));
            }
            file.pending.push(Pending { change: FileChange::Write { offset, parts }, kept: true });
        }
        Ok(())
    }

    pub(super) fn set_len(&mut self, inode: InodeId, len: u64, now_unix_millis: i64) -> Result<(), Errno> {
        let file = self.file_mut(inode)?;
        file.modified_unix_millis = now_unix_millis;
        file.content.set_len(len);
        file.pending.push(Pending { change: FileChange::SetLen(len), kept: false });
        Ok(())
    }

    pub(super) fn allocate(&mut self, inode: InodeId, offset: u64, len: u64) -> Result<(), Errno> {
        self.file_mut(inode)?.content.allocate(offset, len);
        Ok(())
    }

    /// How many bytes of a write at `offset` find room in a disk of `capacity` bytes.
    pub(super) fn room_for(&self, inode: InodeId, offset: u64, len: u64, capacity: u64) -> u64 {
        let Some(file) = self.file(inode) else { return 0 };
        let missing = file.content.missing_pages(offset, len);
        if missing == 0 {
            return len;
        }
        let mut free = capacity.saturating_sub(self.used_bytes()) / PAGE_BYTES;
        if missing <= free {
            return len;
        }
        // Page by page until the room ends.
        let mut fits = 0;
        while fits < len {
            let count = (PAGE_BYTES - (offset + fits) % PAGE_BYTES).min(len - fits);
            let needed = file.content.missing_pages(offset + fits, count);
            if needed > free {
                break;
            }
            free -= needed;
            fits += count;
        }
        fits
    }

    /// Of files that have a name or are open.
    pub(super) fn used_bytes(&self) -> u64 {
        let mut reachable: BTreeSet<InodeId> = self.open.keys().copied().collect();
        self.inodes.values().for_each(|inode| {
            if let Inode::Dir(dir) = inode {
                reachable.extend(dir.entries.values());
            }
        });
        let pages = |inode| self.file(inode).map_or(0, |file| file.content.page_count());
        reachable.into_iter().map(pages).sum::<u64>() * PAGE_BYTES
    }

    pub(super) fn stat(&self, inode: InodeId) -> Result<Stat, Errno> {
        match self.inodes.get(&inode) {
            Some(Inode::File(file)) => Ok(Stat {
                len: file.content.len(),
                is_dir: false,
                modified_unix_millis: file.modified_unix_millis,
            }),
            Some(Inode::Dir(_)) => Ok(Stat { len: PAGE_BYTES, is_dir: true, modified_unix_millis: 0 }),
            None => Err(libc::ENOENT),
        }
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> Result<(), Errno> {
        let (source, target) = (self.locate(from)?, self.locate(to)?);
        let (Some(source_name), Some(target_name)) = (source.name, target.name) else {
            return Err(libc::EBUSY);
        };
        let moved = source.inode.ok_or(libc::ENOENT)?;
        if target.inode == Some(moved) {
            return Ok(());
        }
        if self.is_dir(moved) && self.lies_within(target.dir, moved) {
            return Err(libc::EINVAL);
        }
        if let Some(replaced) = target.inode {
            if self.lies_within(source.dir, replaced) {
                return Err(libc::ENOTEMPTY);
            }
            match (self.is_dir(moved), self.is_dir(replaced)) {
                (true, false) => return Err(libc::ENOTDIR),
                (false, true) => return Err(libc::EISDIR),
                (true, true) if !self.dir(replaced)?.entries.is_empty() => return Err(libc::ENOTEMPTY),
                _ => {}
            }
        }
        let effects = smallvec![
            Effect { dir: source.dir, name: source_name.to_owned(), inode: None },
            Effect { dir: target.dir, name: target_name.to_owned(), inode: Some(moved) },
        ];
        self.apply(Change { effects });
        Ok(())
    }

    fn lies_within(&self, mut dir: InodeId, ancestor: InodeId) -> bool {
        loop {
            if dir == ancestor {
                return true;
            }
            match self.dir(dir) {
                Ok(node) if dir != ROOT => dir = node.parent,
                _ => return false,
            }
        }
    }

    pub(super) fn unlink(&mut self, path: &Path) -> Result<(), Errno> {
        let place = self.locate(path)?;
        let Some(name) = place.name else { return Err(libc::EISDIR) };
        if self.is_dir(place.inode.ok_or(libc::ENOENT)?) {
            return Err(libc::EISDIR);
        }
        self.apply(Change {
            effects: smallvec![Effect { dir: place.dir, name: name.to_owned(), inode: None }],
        });
        Ok(())
    }

    pub(super) fn mkdir(&mut self, path: &Path) -> Result<(), Errno> {
        let place = self.locate(path)?;
        if place.inode.is_some() {
            return Err(libc::EEXIST);
        }
        let parent = place.dir;
        self.make(&place, Inode::Dir(DirNode { parent, ..DirNode::default() }));
        Ok(())
    }

    pub(super) fn read_dir(&self, path: &Path) -> Result<Vec<(OsString, bool)>, Errno> {
        let dir = self.dir(self.lookup(path)?)?;
        Ok(dir.entries.iter().map(|(name, inode)| (name.clone(), self.is_dir(*inode))).collect())
    }

    /// One entry after the other, each a change of its own, as unlinkat does it.
    pub(super) fn remove_dir_all(&mut self, path: &Path) -> Result<(), Errno> {
        let place = self.locate(path)?;
        let inode = place.inode.ok_or(libc::ENOENT)?;
        self.dir(inode)?;
        let Some(name) = place.name else { return Err(libc::EBUSY) };
        self.empty(inode);
        self.apply(Change {
            effects: smallvec![Effect { dir: place.dir, name: name.to_owned(), inode: None }],
        });
        Ok(())
    }

    fn empty(&mut self, dir: InodeId) {
        let Ok(node) = self.dir(dir) else { return };
        let entries: Vec<_> = node.entries.iter().map(|(name, inode)| (name.clone(), *inode)).collect();
        for (name, inode) in entries {
            self.empty(inode);
            self.apply(Change { effects: smallvec![Effect { dir, name, inode: None }] });
        }
    }

    /// Makes a file's bytes and length durable, or a directory's entries.
    pub(super) fn sync(&mut self, inode: InodeId) {
        match self.inodes.get_mut(&inode) {
            Some(Inode::File(file)) => file.sync(),
            Some(Inode::Dir(_)) => self.sync_dir(inode),
            None => {}
        }
    }

    /// Every change that concerns the directory, and earlier ones of the same names elsewhere that those stand on.
    fn sync_dir(&mut self, dir: InodeId) {
        let mut names: BTreeSet<(InodeId, OsString)> = BTreeSet::new();
        let mut later = Vec::new();
        let mut durable = Vec::new();
        for change in std::mem::take(&mut self.changes).into_iter().rev() {
            let concerned = change
                .effects
                .iter()
                .any(|effect| effect.dir == dir || names.contains(&(effect.dir, effect.name.clone())));
            if concerned {
                names.extend(change.effects.iter().map(|effect| (effect.dir, effect.name.clone())));
                durable.push(change);
            } else {
                later.push(change);
            }
        }
        later.reverse();
        self.changes = later;
        for change in durable.into_iter().rev() {
            self.make_durable(change);
        }
        self.collect_garbage();
    }

    fn make_durable(&mut self, change: Change) {
        for effect in change.effects {
            let Some(Inode::Dir(dir)) = self.inodes.get_mut(&effect.dir) else { continue };
            match effect.inode {
                Some(inode) => drop(dir.durable.insert(effect.name, inode)),
                None => drop(dir.durable.remove(&effect.name)),
            }
        }
    }

    /// Forgets inodes that nothing leads to and no crash can bring back.
    fn collect_garbage(&mut self) {
        if !std::mem::take(&mut self.garbage) {
            return;
        }
        loop {
            let mut reachable: BTreeSet<InodeId> = self.open.keys().copied().collect();
            reachable.insert(ROOT);
            for inode in self.inodes.values() {
                if let Inode::Dir(dir) = inode {
                    reachable.extend(dir.entries.values());
                    reachable.extend(dir.durable.values());
                }
            }
            for change in &self.changes {
                reachable.extend(change.effects.iter().filter_map(|effect| effect.inode));
            }
            let before = self.inodes.len();
            self.inodes.retain(|inode, _| reachable.contains(inode));
            // A directory that went may have been all that led to others.
            if self.inodes.len() == before {
                return;
            }
        }
    }

    /// Every file that a program would find, with its path.
    pub(super) fn files(&self) -> Vec<(std::path::PathBuf, u64)> {
        let mut found = Vec::new();
        let mut dirs = vec![(std::path::PathBuf::from("/"), ROOT)];
        while let Some((path, dir)) = dirs.pop() {
            let Ok(node) = self.dir(dir) else { continue };
            for (name, inode) in &node.entries {
                match self.inodes.get(inode) {
                    Some(Inode::Dir(_)) => dirs.push((path.join(name), *inode)),
                    Some(Inode::File(file)) => found.push((path.join(name), file.content.len())),
                    None => {}
                }
            }
        }
        found.sort();
        found
    }

    /// Changes a file behind everybody's back, durably: damage.
    pub(super) fn damage(&mut self, inode: InodeId, change: &mut dyn FnMut(&mut Content)) {
        if let Ok(file) = self.file_mut(inode) {
            change(&mut file.content);
            change(&mut file.durable);
        }
    }
}

impl FileNode {
    fn sync(&mut self) {
        for pending in self.pending.drain(..) {
            match pending.change {
                FileChange::Write { offset, parts } => {
                    let len = parts.iter().map(|part| part.len() as u64).sum();
                    self.durable.share(&self.content, offset, len);
                }
                FileChange::SetLen(len) => self.durable.set_len(len),
            }
        }
        self.durable.assume_len(self.content.len());
    }
}
