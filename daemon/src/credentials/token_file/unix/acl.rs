//! POSIX access lists: whom a file's list lets in, beside its owner.

use std::{fs::File, io};

/// Where Linux keeps the list (`acl(5)`); the format is that of `linux/posix_acl_xattr.h`.
const NAME: &str = "system.posix_acl_access";
const VERSION: u32 = 2;
/// Tags of entries that let nobody in beside the owner and whom the entry names.
const USER_OBJ: u16 = 0x01;
const USER: u16 = 0x02;
const MASK: u16 = 0x10;

/// Whether the list of `file` lets in nobody but its owner and `uid`; none: it has no list.
///
/// # Errors
/// What the system says.
pub(super) fn only_for(file: &File, uid: u32) -> io::Result<Option<bool>> {
    let mut list = [0_u8; 4096];
    match rustix::fs::fgetxattr(file, NAME, &mut list) {
        Ok(length) => Ok(list.get(..length).map(|list| names_only(list, uid))),
        Err(rustix::io::Errno::NODATA | rustix::io::Errno::OPNOTSUPP) => Ok(None),
        // Longer than any list that names one user.
        Err(rustix::io::Errno::RANGE) => Ok(Some(false)),
        Err(error) => Err(error.into()),
    }
}

fn names_only(list: &[u8], uid: u32) -> bool {
    let Some((version, entries)) = list.split_first_chunk::<4>() else { return false };
    let (entries, rest) = entries.as_chunks::<8>();
    u32::from_le_bytes(*version) == VERSION
        && rest.is_empty()
        && entries.iter().all(|&[t0, t1, p0, p1, i0, i1, i2, i3]| {
            let (tag, permissions) = (u16::from_le_bytes([t0, t1]), u16::from_le_bytes([p0, p1]));
            let id = u32::from_le_bytes([i0, i1, i2, i3]);
            // May not write either: then it could not be told who did.
            let reads = permissions & !0o4 == 0;
            tag == USER_OBJ || tag == MASK && reads || tag == USER && id == uid && reads || permissions == 0
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(entries: &[(u16, u16, u32)]) -> Vec<u8> {
        let entry = |&(tag, permissions, id): &(u16, u16, u32)| {
            [tag.to_le_bytes().as_slice(), &permissions.to_le_bytes(), &id.to_le_bytes()].concat()
        };
        [VERSION.to_le_bytes().to_vec(), entries.iter().flat_map(entry).collect()].concat()
    }

    #[test]
    fn a_list_may_name_the_agents_user_and_nobody_else() {
        let (group_obj, group, other, none) = (0x04, 0x08, 0x20, u32::MAX);
        // What systemd makes.
        let base = [(USER_OBJ, 4, none), (USER, 4, 1000), (group_obj, 0, none), (MASK, 4, none), (other, 0, none)];
        let with = |n: usize, entry| {
            let mut entries = base;
            entries[n] = entry;
            names_only(&list(&entries), 1000)
        };
        assert!(names_only(&list(&base), 1000));
        assert!(!names_only(&list(&base), 1001), "another user");
        assert!(!with(1, (USER, 6, 1000)), "may write");
        assert!(!with(2, (group_obj, 4, none)), "a group may read");
        assert!(!with(2, (group, 4, 5)), "a named group may read");
        assert!(!with(3, (MASK, 7, none)));
        assert!(!with(4, (other, 4, none)), "everybody may read");
        assert!(!names_only(&list(&base)[..22], 1000), "cut");
        assert!(!names_only(&[3, 0, 0, 0], 1000) && !names_only(&[], 1000), "another version");
    }
}
