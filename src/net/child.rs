//! A child process as a peer: its output is received like bytes from a socket, and it does not
//! outlive the connection.
//!
//! It is always this program, with other arguments. The loop never waits for its exit.

use super::system::cannot;
use mio::net::UnixStream;
use std::io::{self, ErrorKind, Read};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdStream;
use std::path::Path;
use std::process::{Child as Process, Command, Stdio};
use std::thread;

/// The child; see the module.
#[derive(Debug)]
pub struct Child {
    /// Our end of its standard output.
    pub stdout: UnixStream,
    process: Option<Process>,
}

impl Child {
    /// Starts `program` with these arguments, an empty environment and no standard input.
    ///
    /// # Errors
    /// Returns the operating system's error.
    pub fn start(program: &Path, args: &[String]) -> io::Result<Child> {
        let pair = StdStream::pair().and_then(|(ours, theirs)| {
            ours.set_nonblocking(true)?;
            Ok((ours, theirs))
        });
        let (ours, theirs) = pair.map_err(cannot("open a pair of sockets for a child"))?;
        let process = Command::new(program)
            .args(args)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::from(OwnedFd::from(theirs)))
            .stderr(Stdio::null())
            .spawn()
            .map_err(cannot(format_args!("start {}", program.display())))?;
        Ok(Child { stdout: UnixStream::from_std(ours), process: Some(process) })
    }

    /// Reads its output. The reset that follows if it exits with unread input counts as the end,
    /// too.
    ///
    /// # Errors
    /// Returns the errors of a non-blocking read.
    pub fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.stdout.read(into) {
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(0),
            other => other,
        }
    }
}

impl Drop for Child {
    /// Kills the child, unless it has exited; a separate thread waits for it.
    fn drop(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        let _ = process.kill();
        if !matches!(process.try_wait(), Ok(Some(_))) {
            let _ = thread::Builder::new().name("reaper".to_owned()).spawn(move || process.wait());
        }
    }
}
