//! Whose files a command leaves: root types commands, and the server runs as a user of its own.
//!
//! What root made in a folder that is somebody else's becomes theirs when the command ends, or the
//! server could not write to it afterwards.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Gid, Mode, OFlags, Uid};

use super::show;

const ROOT: u32 = 0;

/// Hands a folder over when dropped; to be made before whatever writes into it is.
pub(super) struct HandedOver(PathBuf);

impl HandedOver {
    /// When this goes, what root left in the folder is its owner's.
    pub(super) fn at_the_end(folder: &Path) -> HandedOver {
        HandedOver(folder.to_owned())
    }
}

impl Drop for HandedOver {
    fn drop(&mut self) {
        if let Err(why) = hand_over(&self.0) {
            let folder = self.0.display();
            show::warn(&format!("cannot give what was made in {folder} to the folder's owner: {why}"));
        }
    }
}

fn hand_over(folder: &Path) -> io::Result<()> {
    let Ok(owner) = folder.metadata() else { return Ok(()) };
    if owner.uid() == ROOT {
        return Ok(());
    }
    let mut folders = vec![folder.to_owned()];
    while let Some(inside) = folders.pop() {
        for entry in inside.read_dir()? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(entry.path());
            }
            if (kind.is_dir() || kind.is_file()) && entry.metadata()?.uid() == ROOT {
                give(&entry.path(), &owner)?;
            }
        }
    }
    Ok(())
}

/// Only what is still root's once it is open, and has no other name: whoever owns the folder could
/// put a link to a file of root's there.
fn give(path: &Path, owner: &std::fs::Metadata) -> io::Result<()> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let open = rustix::fs::open(path, flags, Mode::empty())?;
    let now = rustix::fs::fstat(&open)?;
    let is_folder = rustix::fs::FileType::from_raw_mode(now.st_mode).is_dir();
    if now.st_uid == ROOT && (is_folder || now.st_nlink == 1) {
        rustix::fs::fchown(&open, Some(Uid::from_raw(owner.uid())), Some(Gid::from_raw(owner.gid())))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{chown, symlink};

    use super::*;

    /// Only root can give files away, so for anybody else there is nothing to see.
    #[test]
    fn what_root_made_becomes_the_folders_owners_and_nothing_else_does() {
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (one, other) = (folder.path().join("keys"), elsewhere.path().join("roots"));
        std::fs::create_dir(&one).unwrap();
        for file in [one.join("dkim.pem"), one.join("theirs"), other.clone()] {
            std::fs::write(file, "").unwrap();
        }
        symlink(&other, one.join("symbolic")).unwrap();
        std::fs::hard_link(&other, folder.path().join("hard")).unwrap();
        let us = one.metadata().unwrap().uid();
        if us != ROOT || chown(folder.path(), Some(1234), Some(4321)).is_err() {
            return;
        }
        chown(one.join("theirs"), Some(77), Some(78)).unwrap();
        drop(HandedOver::at_the_end(folder.path()));
        let owned = |path: &Path| path.symlink_metadata().map(|m| (m.uid(), m.gid())).unwrap();
        for (path, expected) in [
            (one.clone(), (1234, 4321)),
            (one.join("dkim.pem"), (1234, 4321)),
            (one.join("theirs"), (77, 78)),
            (one.join("symbolic"), (0, 0)),
            (other, (0, 0)),
        ] {
            assert_eq!(owned(&path), expected, "{}", path.display());
        }
    }

    #[test]
    fn a_folder_of_ones_own_or_none_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), "").unwrap();
        hand_over(folder.path()).unwrap();
        hand_over(&folder.path().join("absent")).unwrap();
    }
}
