//! Whether changes that another machine makes would go unnoticed.

use std::path::Path;

/// `f_type` of Linux file systems that tell of no change made elsewhere: those that GNU `tail` polls
/// (coreutils `src/stat.c`, "remote"), with 9p, which is how WSL shows Windows drives, and FUSE.
#[cfg(target_os = "linux")]
const REMOTE: [u64; 22] = [
    0x6163_6673, // acfs
    0x5346_414f, // afs
    0x1983_0326, // beegfs
    0x00c3_6400, // ceph
    0xff53_4d42, // cifs
    0x7375_7245, // coda
    0x6573_5546, // fuse: sshfs, virtiofs and many others
    0x0116_1970, // gfs
    0x4750_4653, // gpfs
    0x0131_11a8, // ibrix
    0x6b41_4653, // kafs
    0x0bd0_0bd0, // lustre
    0x564c,      // ncp
    0x6969,      // nfs
    0x7461_636f, // ocfs2
    0xaad7_aaea, // panfs
    0x7c7c_6673, // prl_fs
    0xfe53_4d42, // smb2
    0x517b,      // smb
    0xbeef_dead, // snfs
    0x786f_4256, // vboxsf
    0x0102_1997, // 9p
];

/// True on a network file system, or one that may be one.
#[cfg(target_os = "linux")]
pub(super) fn is_remote(directory: &Path) -> bool {
    rustix::fs::statfs(directory).is_ok_and(|statfs| {
        #[allow(clippy::unnecessary_cast)]
        let magic = statfs.f_type as u64 & 0xffff_ffff;
        REMOTE.contains(&magic)
    })
}

/// True on a file system that the system does not call local (macOS `sys/mount.h`, `MNT_LOCAL`).
#[cfg(target_vendor = "apple")]
pub(super) fn is_remote(directory: &Path) -> bool {
    const MNT_LOCAL: u32 = 0x1000;
    rustix::fs::statfs(directory).is_ok_and(|statfs| statfs.f_flags & MNT_LOCAL == 0)
}

/// True on a share, also one that has a letter.
#[cfg(windows)]
pub(super) fn is_remote(directory: &Path) -> bool {
    use std::path::{Component, Prefix};
    let real = std::fs::canonicalize(directory);
    real.is_ok_and(|real| match real.components().next() {
        Some(Component::Prefix(prefix)) => matches!(prefix.kind(), Prefix::UNC(..) | Prefix::VerbatimUNC(..)),
        _ => false,
    })
}
