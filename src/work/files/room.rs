//! How much more a disk takes.

use rustix::fs::statvfs;
use std::path::Path;

/// Bytes that whoever is not root may still write to the file system of `folder`, if that is
/// known.
pub fn room(folder: &Path) -> Option<u64> {
    let disk = statvfs(folder).ok()?;
    disk.f_bavail.checked_mul(disk.f_frsize)
}
