//! Sends the pages of an immutable file without looking them up.
//!
//! sendfile(2) looks each page of the file up on each call. The pages of a sealed copy never
//! change, so they wait in a pipe; tee(2) duplicates them into the splice pipe, and splice(2) moves
//! them from there into the socket. Neither step copies a byte.

use crate::limits;
use rustix::pipe::{SpliceFlags, fcntl_setpipe_size, splice, tee};
use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::AsFd;

/// A pipe that is empty between two calls, and created on first use.
#[derive(Debug, Default)]
pub struct SplicePipe(Option<Ends>);

#[derive(Debug)]
struct Ends {
    reader: PipeReader,
    writer: PipeWriter,
}

impl SplicePipe {
    /// Sends at most `most` bytes of `pages`, from the first on. Returns `None` if the operating
    /// system has no pipe: then the file has to be sent another way.
    pub fn send(
        &mut self,
        pages: &PipeReader,
        most: usize,
        to: impl AsFd,
    ) -> Option<io::Result<usize>> {
        let ends = match &mut self.0 {
            Some(ends) => ends,
            none => none.insert(Ends::new().ok()?),
        };
        let offered = tee(pages, &ends.writer, most, SpliceFlags::NONBLOCK).ok()?;
        let sent = splice(&ends.reader, None, to, None, offered, SpliceFlags::NONBLOCK);
        if sent != Ok(offered) {
            // A rest in the pipe must not reach the next connection.
            self.0 = None;
        }
        Some(sent.map_err(io::Error::from))
    }
}

impl Ends {
    fn new() -> io::Result<Ends> {
        let (reader, writer) = io::pipe()?;
        fcntl_setpipe_size(&writer, limits::PAGES_BYTES_MAX)?;
        Ok(Ends { reader, writer })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buf::Opened;
    use std::io::Read;
    use std::os::unix::net::UnixStream;

    fn sealed(first: u8, bytes: usize) -> (Opened, Vec<u8>) {
        let bytes = (0..bytes).map(|at| first.wrapping_add((at % 251) as u8)).collect::<Vec<_>>();
        (Opened::sealed(&bytes, None).unwrap(), bytes)
    }

    fn pair() -> (UnixStream, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        (ours, theirs)
    }

    /// Returns all received bytes.
    fn received(ours: UnixStream, mut theirs: UnixStream) -> Vec<u8> {
        drop(ours);
        let mut bytes = Vec::new();
        theirs.read_to_end(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn pages_are_sent_any_number_of_times() {
        let (file, bytes) = sealed(1, 70_000);
        let mut splice_pipe = SplicePipe::default();
        for most in [70_000, 1, 4096, 5000, 100_000] {
            let (ours, theirs) = pair();
            let sent = splice_pipe.send(file.pages().unwrap(), most, &ours).unwrap().unwrap();
            assert_eq!(sent, most.min(bytes.len()));
            assert!(received(ours, theirs) == bytes[..sent], "{most}");
        }
    }

    #[test]
    fn what_one_socket_has_no_room_for_never_reaches_another() {
        let (file, bytes) = sealed(1, limits::PAGES_BYTES_MAX);
        let (other, others) = sealed(101, 5000);
        let mut splice_pipe = SplicePipe::default();
        for _ in 0..3 {
            let (ours, theirs) = pair();
            let mut sent = 0;
            let full = loop {
                match splice_pipe.send(file.pages().unwrap(), bytes.len(), &ours).unwrap() {
                    Ok(count) => sent += count,
                    Err(error) => break error,
                }
            };
            assert_eq!(full.kind(), io::ErrorKind::WouldBlock);
            let (next, nexts) = pair();
            assert_eq!(
                splice_pipe.send(other.pages().unwrap(), 5000, &next).unwrap().unwrap(),
                5000
            );
            assert!(received(next, nexts) == others);
            assert_eq!(received(ours, theirs).len(), sent);
        }
    }
}
