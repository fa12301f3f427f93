//! Free space on a disk.

use rustix::fs::{StatVfs, statvfs};
use std::path::Path;

/// Returns the bytes that an unprivileged user may still write to the file system of `folder`, if
/// known.
pub fn room(folder: &Path) -> Option<u64> {
    left(&statvfs(folder).ok()?)
}

/// Some file systems do not count blocks (FUSE without `statfs`, those of the kernel): for them
/// zero free blocks mean nothing.
fn left(disk: &StatVfs) -> Option<u64> {
    match disk.f_blocks {
        0 => None,
        _ => disk.f_bavail.checked_mul(disk.f_frsize),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_system_that_counts_no_blocks_is_not_full() {
        let mut disk = statvfs("/").unwrap();
        (disk.f_blocks, disk.f_bavail, disk.f_frsize) = (0, 0, 4096);
        assert_eq!(left(&disk), None);
        (disk.f_blocks, disk.f_bavail) = (100, 0);
        assert_eq!(left(&disk), Some(0), "this one is");
        disk.f_bavail = 7;
        assert_eq!(left(&disk), Some(7 * 4096));
    }
}
