//! Power loss under a real process: [`disk::Disk`] as a file system, by FUSE.
//!
//! ```text
//! broker ─▶ kernel ─▶ FUSE ─▶ Mounted ─▶ Disk     RWF_DSYNC, O_DSYNC, fsync, fdatasync all arrive as a sync of the file
//!                       cut ─▶ every request fails ─▶ the process is killed ─▶ what survives is mounted again
//! ```

pub mod disk;

use disk::{Disk, FileNode, Inode, ROOT};
use fuser::*;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Nothing is cached by name or attribute: what survives a cut differs.
const TTL: Duration = Duration::ZERO;
const BLOCK_BYTES: u32 = 4096;
const CAPACITY_BLOCKS: u64 = 16 << 20;

/// A mounted disk. Dropping it unmounts.
pub struct Power {
    path: PathBuf,
    shared: Arc<Mutex<Shared>>,
    session: Option<BackgroundSession>,
    rng: SmallRng,
}

struct Shared {
    disk: Disk,
    /// Which mount is in force. A killed process's ring may still have requests for the one before.
    generation: u64,
    is_cut: bool,
    forgets: bool,
}

impl Power {
    /// Mounts an empty disk at `path`, which is made. `forgets`: the planted fault, a disk that ignores syncs of segments.
    /// # Errors
    /// The kernel does not allow it.
    pub fn mount(path: &Path, seed: u64, forgets: bool) -> io::Result<Power> {
        std::fs::create_dir_all(path)?;
        let shared =
            Arc::new(Mutex::new(Shared { disk: Disk::new(), generation: 0, is_cut: false, forgets }));
        let rng = SmallRng::seed_from_u64(seed);
        let mut power = Power { path: path.to_owned(), shared, session: None, rng };
        power.start()?;
        Ok(power)
    }

    fn start(&mut self) -> io::Result<()> {
        let options = [MountOption::FSName("ottla-power".into()), MountOption::NoAtime];
        let mounted = Mounted { shared: self.shared.clone(), generation: self.shared().generation };
        self.session = Some(spawn_mount2(mounted, &self.path, &options)?);
        Ok(())
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The power goes: nothing that comes from now on has an effect, or a good answer.
    pub fn cut(&self) {
        self.shared().is_cut = true;
    }

    /// Syncs that arrived so far.
    pub fn syncs(&self) -> u64 {
        self.shared().disk.syncs
    }

    /// After a [`Power::cut`], once nobody uses the disk: what survived is mounted again.
    /// # Errors
    /// It cannot be mounted.
    pub fn restore(&mut self) -> io::Result<()> {
        self.unmount();
        let shared = self.shared.clone();
        let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
        shared.disk.cut(&mut self.rng);
        (shared.generation, shared.is_cut) = (shared.generation + 1, false);
        drop(shared);
        self.start()
    }

    /// At once, though the kernel may not have closed all files of a killed process yet.
    fn unmount(&mut self) {
        let detached = std::process::Command::new("umount").arg("--lazy").arg(&self.path).output();
        // Without the tool the session does what it can.
        drop(detached);
        self.session = None;
    }
}

impl Drop for Power {
    fn drop(&mut self) {
        self.unmount();
    }
}

struct Mounted {
    shared: Arc<Mutex<Shared>>,
    generation: u64,
}

impl Mounted {
    fn forgets(&self) -> bool {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).forgets
    }

    /// Runs `work` on the disk, unless its power is gone.
    fn on<T>(&self, work: impl FnOnce(&mut Disk) -> disk::Result<T>) -> disk::Result<T> {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if shared.is_cut || shared.generation != self.generation {
            Err(libc::EIO)
        } else {
            work(&mut shared.disk)
        }
    }
}

/// `00000000000000000000.log`
fn is_segment(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.len() == 24 && name.ends_with(b".log")
}

fn attributes(disk: &mut Disk, ino: u64) -> disk::Result<FileAttr> {
    let (kind, perm, size) = match disk.inode(ino)? {
        Inode::Dir(_) => (FileType::Directory, 0o755, 0),
        Inode::File(_) => (FileType::RegularFile, 0o644, disk.len(ino)?),
    };
    let time: SystemTime = UNIX_EPOCH;
    Ok(FileAttr {
        ino,
        size,
        blocks: size.div_ceil(512),
        atime: time,
        mtime: time,
        ctime: time,
        crtime: time,
        kind,
        perm,
        nlink: 1,
        uid: 0,
        gid: 0,
        rdev: 0,
        blksize: BLOCK_BYTES,
        flags: 0,
    })
}

fn done(reply: ReplyEmpty, result: disk::Result<()>) {
    match result {
        Ok(()) => reply.ok(),
        Err(code) => reply.error(code),
    }
}

fn entry(reply: ReplyEntry, result: disk::Result<FileAttr>) {
    match result {
        Ok(attr) => reply.entry(&TTL, &attr, 0),
        Err(code) => reply.error(code),
    }
}

fn attr(reply: ReplyAttr, result: disk::Result<FileAttr>) {
    match result {
        Ok(attr) => reply.attr(&TTL, &attr),
        Err(code) => reply.error(code),
    }
}

impl Filesystem for Mounted {
    fn lookup(&mut self, _: &Request<'_>, parent: u64, name: &OsStr, reply: ReplyEntry) {
        entry(
            reply,
            self.on(|disk| {
                let ino = disk.lookup(parent, name)?;
                attributes(disk, ino)
            }),
        );
    }

    fn getattr(&mut self, _: &Request<'_>, ino: u64, _: Option<u64>, reply: ReplyAttr) {
        attr(reply, self.on(|disk| attributes(disk, ino)));
    }

    fn setattr(
        &mut self,
        _: &Request<'_>,
        ino: u64,
        _: Option<u32>,
        _: Option<u32>,
        _: Option<u32>,
        size: Option<u64>,
        _: Option<TimeOrNow>,
        _: Option<TimeOrNow>,
        _: Option<SystemTime>,
        _: Option<u64>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<u32>,
        reply: ReplyAttr,
    ) {
        attr(
            reply,
            self.on(|disk| {
                if let Some(size) = size {
                    disk.set_len(ino, size)?;
                }
                attributes(disk, ino)
            }),
        );
    }

    fn mkdir(&mut self, _: &Request<'_>, parent: u64, name: &OsStr, _: u32, _: u32, reply: ReplyEntry) {
        entry(
            reply,
            self.on(|disk| {
                let ino = disk.make(parent, name, Inode::Dir(disk::DirNode::default()))?;
                attributes(disk, ino)
            }),
        );
    }

    fn create(
        &mut self,
        _: &Request<'_>,
        parent: u64,
        name: &OsStr,
        _: u32,
        _: u32,
        _: i32,
        reply: ReplyCreate,
    ) {
        let forgets = self.forgets() && is_segment(name);
        let made = self.on(|disk| {
            let ino = disk.make(parent, name, Inode::File(FileNode::default()))?;
            if forgets {
                disk.forgetful.insert(ino);
            }
            attributes(disk, ino)
        });
        match made {
            Ok(attr) => reply.created(&TTL, &attr, 0, 0, 0),
            Err(code) => reply.error(code),
        }
    }

    fn unlink(&mut self, _: &Request<'_>, parent: u64, name: &OsStr, reply: ReplyEmpty) {
        done(reply, self.on(|disk| disk.remove(parent, name, false)));
    }

    fn rmdir(&mut self, _: &Request<'_>, parent: u64, name: &OsStr, reply: ReplyEmpty) {
        done(reply, self.on(|disk| disk.remove(parent, name, true)));
    }

    fn rename(
        &mut self,
        _: &Request<'_>,
        parent: u64,
        name: &OsStr,
        new_parent: u64,
        new_name: &OsStr,
        flags: u32,
        reply: ReplyEmpty,
    ) {
        let rename = |disk: &mut Disk| match flags {
            0 => disk.rename(parent, name, new_parent, new_name),
            _ => Err(libc::EINVAL),
        };
        done(reply, self.on(rename));
    }

    fn read(
        &mut self,
        _: &Request<'_>,
        ino: u64,
        _: u64,
        offset: i64,
        size: u32,
        _: i32,
        _: Option<u64>,
        reply: ReplyData,
    ) {
        match self.on(|disk| Ok(disk.read(ino, offset.unsigned_abs(), size as usize)?.to_vec())) {
            Ok(bytes) => reply.data(&bytes),
            Err(code) => reply.error(code),
        }
    }

    fn write(
        &mut self,
        _: &Request<'_>,
        ino: u64,
        _: u64,
        offset: i64,
        data: &[u8],
        _: u32,
        _: i32,
        _: Option<u64>,
        reply: ReplyWrite,
    ) {
        match self.on(|disk| disk.write(ino, offset.unsigned_abs(), data)) {
            Ok(()) => reply.written(u32::try_from(data.len()).unwrap_or(u32::MAX)),
            Err(code) => reply.error(code),
        }
    }

    fn fsync(&mut self, _: &Request<'_>, ino: u64, _: u64, _: bool, reply: ReplyEmpty) {
        done(reply, self.on(|disk| disk.sync(ino)));
    }

    fn fsyncdir(&mut self, _: &Request<'_>, ino: u64, _: u64, _: bool, reply: ReplyEmpty) {
        done(reply, self.on(|disk| disk.sync(ino)));
    }

    /// Space is always there; with mode 0 the file grows.
    fn fallocate(
        &mut self,
        _: &Request<'_>,
        ino: u64,
        _: u64,
        offset: i64,
        length: i64,
        mode: i32,
        reply: ReplyEmpty,
    ) {
        let allocate = |disk: &mut Disk| {
            let end = offset.unsigned_abs().saturating_add(length.unsigned_abs());
            if mode == 0 && disk.len(ino)? < end { disk.set_len(ino, end) } else { Ok(()) }
        };
        done(reply, self.on(allocate));
    }

    fn flush(&mut self, _: &Request<'_>, _: u64, _: u64, _: u64, reply: ReplyEmpty) {
        reply.ok();
    }

    fn readdir(&mut self, _: &Request<'_>, ino: u64, _: u64, offset: i64, mut reply: ReplyDirectory) {
        let listed = self.on(|disk| {
            let entries = disk.entries(ino)?;
            let kind = |disk: &Disk, ino| match disk.inode(ino) {
                Ok(Inode::Dir(_)) => FileType::Directory,
                _ => FileType::RegularFile,
            };
            Ok(entries.into_iter().map(|(name, ino)| (name, ino, kind(disk, ino))).collect::<Vec<_>>())
        });
        let entries = match listed {
            Ok(entries) => entries,
            Err(code) => return reply.error(code),
        };
        let dots = [(".".into(), ino, FileType::Directory), ("..".into(), ROOT, FileType::Directory)];
        let skip = usize::try_from(offset).unwrap_or(0);
        for (next, (name, ino, kind)) in (1i64..).zip(dots.into_iter().chain(entries)).skip(skip) {
            if reply.add(ino, next, kind, name) {
                break;
            }
        }
        reply.ok();
    }

    fn statfs(&mut self, _: &Request<'_>, _: u64, reply: ReplyStatfs) {
        let blocks = CAPACITY_BLOCKS;
        reply.statfs(blocks, blocks, blocks, 1 << 20, 1 << 20, BLOCK_BYTES, 255, BLOCK_BYTES);
    }
}
