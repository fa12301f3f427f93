//! The law of the two buffers: each is compared with one `Vec`.

use crate::buf::Opened;
use crate::buf::{RecvBuf, SendBuf};
use std::io::IoSlice;
use std::sync::{Arc, OnceLock};

/// The bytes of the input as choices, one after the other, then 0 forever.
struct Choices<'a>(std::slice::Iter<'a, u8>);

impl Choices<'_> {
    fn next(&mut self) -> usize {
        self.0.next().map_or(0, |byte| usize::from(*byte))
    }

    fn left(&self) -> bool {
        !self.0.as_slice().is_empty()
    }

    /// Returns up to a few thousand bytes, mostly few, that differ from place to place.
    fn bytes(&mut self) -> Vec<u8> {
        let (first, length) = (self.next() as u8, self.next());
        let length = if length > 200 { (length - 199) * 150 } else { length };
        (0..length).map(|place| first.wrapping_add((place % 251) as u8)).collect()
    }
}

/// Buffers: after any sequence of operations they hold what their oracles hold.
pub fn buffers(input: &[u8]) {
    received(Choices(input.iter()));
    sent(Choices(input.iter()));
}

fn received(mut choices: Choices<'_>) {
    let (mut buffer, mut oracle) = (RecvBuf::default(), Vec::new());
    while choices.left() {
        match choices.next() % 5 {
            0 => {
                let bytes = choices.bytes();
                buffer.extend(&bytes);
                oracle.extend_from_slice(&bytes);
            }
            1 => {
                let bytes = choices.bytes();
                let room = bytes.len() + choices.next();
                let filled = buffer.fill(room, |into| {
                    into[..bytes.len()].copy_from_slice(&bytes);
                    Ok(bytes.len())
                });
                assert_eq!(filled.ok(), Some(bytes.len()));
                oracle.extend_from_slice(&bytes);
            }
            2 => {
                let failed = buffer.fill(choices.next(), |_| Err(std::io::ErrorKind::Other.into()));
                assert!(failed.is_err(), "a failed read appends nothing");
            }
            3 => {
                let count = choices.next().min(oracle.len());
                buffer.consume(count);
                oracle.drain(..count);
            }
            _ => {
                let parked = buffer.park();
                assert!(buffer.is_empty());
                assert_eq!(parked.is_none(), oracle.is_empty());
                buffer = parked.unwrap_or_default();
            }
        }
        assert_eq!(buffer.bytes(), oracle);
        assert_eq!((buffer.len(), buffer.is_empty()), (oracle.len(), oracle.is_empty()));
    }
}

static CONSTANT: [u8; 5000] = [b'c'; 5000];

/// A memory file with [`CONSTANT`] in it.
fn file() -> &'static Arc<Opened> {
    static FILE: OnceLock<Arc<Opened>> = OnceLock::new();
    FILE.get_or_init(|| Arc::new(Opened::sealed(&CONSTANT, None).expect("there is memory for it")))
}

fn sent(mut choices: Choices<'_>) {
    // For each byte, true if it comes from a file.
    let (mut buffer, mut oracle) = (SendBuf::default(), Vec::new());
    let append = |oracle: &mut Vec<_>, bytes: &[u8], file| {
        oracle.extend(bytes.iter().map(|byte| (*byte, file)));
    };
    while choices.left() {
        match choices.next() % 7 {
            0 => {
                let bytes = choices.bytes();
                buffer.push(&bytes);
                append(&mut oracle, &bytes, false);
            }
            1 => {
                let bytes = choices.bytes();
                append(&mut oracle, &bytes, false);
                buffer.push_owned(bytes);
            }
            2 => {
                let bytes: Arc<[u8]> = choices.bytes().into();
                let start = choices.next().min(bytes.len());
                buffer.push_shared(&bytes, start..bytes.len());
                append(&mut oracle, &bytes[start..], false);
            }
            3 => {
                let length = 20 * choices.next().min(250);
                buffer.push_static(&CONSTANT[..length]);
                append(&mut oracle, &CONSTANT[..length], false);
            }
            4 => {
                let (start, length) = (choices.next() * 4, choices.next() * 16);
                let end = CONSTANT.len().min(start + length);
                buffer.push_file(file(), start as u64..end as u64);
                append(&mut oracle, &CONSTANT[start..end], true);
            }
            5 => {
                let count = (choices.next() * 20).min(oracle.len());
                buffer.advance(count);
                oracle.drain(..count);
            }
            _ => {
                let parked = buffer.park();
                assert!(buffer.is_empty());
                assert_eq!(parked.is_none(), oracle.is_empty());
                buffer = parked.map_or_else(SendBuf::default, |parked| *parked);
            }
        }
        offers_its_beginning(&buffer, &oracle, choices.next() * 50);
    }
}

/// Asserts that the offer is the front of the output: a range of a file, or slices, which cover
/// everything up to the next file if there is room for that.
fn offers_its_beginning(buffer: &SendBuf, oracle: &[(u8, bool)], most: usize) {
    assert_eq!((buffer.len(), buffer.is_empty()), (oracle.len(), oracle.is_empty()));
    let stretch = oracle.iter().take_while(|(_, file)| *file == oracle[0].1);
    let stretch = stretch.map(|(byte, _)| *byte).collect::<Vec<_>>();
    if let Some((file, range)) = buffer.file() {
        assert!(oracle[0].1, "it is the file's turn");
        let mut bytes = vec![0; (range.end - range.start) as usize];
        assert_eq!(file.read_at(&mut bytes, range.start).ok(), Some(bytes.len()));
        assert!(stretch.starts_with(&bytes));
        assert_eq!(buffer.slices(&mut [IoSlice::new(b"")], most), (0, 0));
        return;
    }
    assert!(oracle.is_empty() || !oracle[0].1, "it is not a file's turn");
    let mut slices = [IoSlice::new(b""); 3];
    let (filled, bytes) = buffer.slices(&mut slices, most);
    let offered = slices[..filled].iter().flat_map(|slice| slice.iter()).copied();
    let offered = offered.collect::<Vec<_>>();
    assert_eq!((offered.len(), offered.as_slice()), (bytes, &stretch[..bytes]));
    assert!(bytes <= most && slices[..filled].iter().all(|slice| !slice.is_empty()));
    let whole = most.min(stretch.len());
    assert!(filled == slices.len() || bytes == whole, "{filled} slices, {bytes} of {whole}");
    assert_eq!(buffer.is_file_at(bytes), oracle.get(bytes).is_some_and(|(_, file)| *file));
}
