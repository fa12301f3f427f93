//! The two buffers against twins that are one `Vec` each.

use crate::buf::{RecvBuf, SendBuf};
use crate::work::files::Opened;
use std::io::IoSlice;
use std::sync::{Arc, OnceLock};

/// The bytes of the input as choices, one after the other, and 0 for ever after.
struct Choices<'a>(std::slice::Iter<'a, u8>);

impl Choices<'_> {
    fn next(&mut self) -> usize {
        self.0.next().map_or(0, |byte| usize::from(*byte))
    }

    fn left(&self) -> bool {
        !self.0.as_slice().is_empty()
    }

    /// Up to a few thousand bytes, mostly few, that differ from place to place.
    fn bytes(&mut self) -> Vec<u8> {
        let (first, length) = (self.next() as u8, self.next());
        let length = if length > 200 { (length - 199) * 150 } else { length };
        (0..length).map(|place| first.wrapping_add((place % 251) as u8)).collect()
    }
}

/// Buffers: whatever is done to them in whatever order, they hold what their twins hold.
pub fn buffers(input: &[u8]) {
    received(Choices(input.iter()));
    sent(Choices(input.iter()));
}

fn received(mut choices: Choices<'_>) {
    let (mut buffer, mut twin) = (RecvBuf::default(), Vec::new());
    while choices.left() {
        match choices.next() % 5 {
            0 => {
                let bytes = choices.bytes();
                buffer.extend(&bytes);
                twin.extend_from_slice(&bytes);
            }
            1 => {
                let bytes = choices.bytes();
                let room = bytes.len() + choices.next();
                let filled = buffer.fill(room, |into| {
                    into[..bytes.len()].copy_from_slice(&bytes);
                    Ok(bytes.len())
                });
                assert_eq!(filled.ok(), Some(bytes.len()));
                twin.extend_from_slice(&bytes);
            }
            2 => {
                let failed = buffer.fill(choices.next(), |_| Err(std::io::ErrorKind::Other.into()));
                assert!(failed.is_err(), "a failed read appends nothing");
            }
            3 => {
                let count = choices.next().min(twin.len());
                buffer.consume(count);
                twin.drain(..count);
            }
            _ => {
                let parked = buffer.park();
                assert!(buffer.is_empty());
                assert_eq!(parked.is_none(), twin.is_empty());
                buffer = parked.unwrap_or_default();
            }
        }
        assert_eq!(buffer.bytes(), twin);
        assert_eq!((buffer.len(), buffer.is_empty()), (twin.len(), twin.is_empty()));
    }
}

static CONSTANT: [u8; 5000] = [b'c'; 5000];

/// A file with that in it.
fn file() -> &'static Arc<Opened> {
    static FILE: OnceLock<Arc<Opened>> = OnceLock::new();
    FILE.get_or_init(|| Arc::new(Opened::sealed(&CONSTANT, None).expect("there is memory for it")))
}

fn sent(mut choices: Choices<'_>) {
    // Beside each byte: whether it is a file's.
    let (mut buffer, mut twin) = (SendBuf::default(), Vec::new());
    let append = |twin: &mut Vec<_>, bytes: &[u8], file| {
        twin.extend(bytes.iter().map(|byte| (*byte, file)));
    };
    while choices.left() {
        match choices.next() % 7 {
            0 => {
                let bytes = choices.bytes();
                buffer.push(&bytes);
                append(&mut twin, &bytes, false);
            }
            1 => {
                let bytes = choices.bytes();
                append(&mut twin, &bytes, false);
                buffer.push_owned(bytes);
            }
            2 => {
                let bytes: Arc<[u8]> = choices.bytes().into();
                let start = choices.next().min(bytes.len());
                buffer.push_shared(&bytes, start..bytes.len());
                append(&mut twin, &bytes[start..], false);
            }
            3 => {
                let length = 20 * choices.next().min(250);
                buffer.push_static(&CONSTANT[..length]);
                append(&mut twin, &CONSTANT[..length], false);
            }
            4 => {
                let (start, length) = (choices.next() * 4, choices.next() * 16);
                let end = CONSTANT.len().min(start + length);
                buffer.push_file(file(), start as u64..end as u64);
                append(&mut twin, &CONSTANT[start..end], true);
            }
            5 => {
                let count = (choices.next() * 20).min(twin.len());
                buffer.advance(count);
                twin.drain(..count);
            }
            _ => {
                let parked = buffer.park();
                assert!(buffer.is_empty());
                assert_eq!(parked.is_none(), twin.is_empty());
                buffer = parked.map_or_else(SendBuf::default, |parked| *parked);
            }
        }
        offers_its_beginning(&buffer, &twin, choices.next() * 50);
    }
}

/// What is offered is the beginning of what waits: a stretch of a file, or slices, which are all
/// of it up to the next file if there is room for that.
fn offers_its_beginning(buffer: &SendBuf, twin: &[(u8, bool)], most: usize) {
    assert_eq!((buffer.len(), buffer.is_empty()), (twin.len(), twin.is_empty()));
    let stretch = twin.iter().take_while(|(_, file)| *file == twin[0].1);
    let stretch = stretch.map(|(byte, _)| *byte).collect::<Vec<_>>();
    if let Some((file, range)) = buffer.file() {
        assert!(twin[0].1, "it is the file's turn");
        let mut bytes = vec![0; (range.end - range.start) as usize];
        assert_eq!(file.read_at(&mut bytes, range.start).ok(), Some(bytes.len()));
        assert!(stretch.starts_with(&bytes));
        assert_eq!(buffer.slices(&mut [IoSlice::new(b"")], most), (0, 0));
        return;
    }
    assert!(twin.is_empty() || !twin[0].1, "it is not a file's turn");
    let mut slices = [IoSlice::new(b""); 3];
    let (filled, bytes) = buffer.slices(&mut slices, most);
    let offered = slices[..filled].iter().flat_map(|slice| slice.iter()).copied();
    let offered = offered.collect::<Vec<_>>();
    assert_eq!((offered.len(), offered.as_slice()), (bytes, &stretch[..bytes]));
    assert!(bytes <= most && slices[..filled].iter().all(|slice| !slice.is_empty()));
    let whole = most.min(stretch.len());
    assert!(filled == slices.len() || bytes == whole, "{filled} slices, {bytes} of {whole}");
    assert_eq!(buffer.is_file_at(bytes), twin.get(bytes).is_some_and(|(_, file)| *file));
}
