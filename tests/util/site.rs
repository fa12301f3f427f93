//! A directory of files, a server for it, and a client that reads bodies as bytes.

use super::process::{PATIENCE, Place, Server, eventually};
use pentad::limits::SETTLE;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// A site; see the module.
#[derive(Debug)]
pub struct Site {
    pub place: Arc<Place>,
    pub server: Server,
}

/// An answer whose body is bytes.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Site {
    /// Starts a server for these files, which are older than any pause of a writer.
    pub fn new(files: &[(&str, &[u8])], args: &[&str]) -> Site {
        let place = Place::new();
        let root = place.path("root");
        fs::create_dir_all(&root).unwrap();
        for (name, bytes) in files {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        let root = format!("--root={}", root.display());
        let server = Server::start_in(&place, &[&[root.as_str()], args].concat());
        Site { place, server }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.place.path("root").join(name)
    }

    pub fn get(&self, path: &str) -> Answer {
        self.get_with(path, "")
    }

    /// Sends further fields, each with its CRLF.
    pub fn get_with(&self, path: &str, fields: &str) -> Answer {
        self.ask("GET", path, fields)
    }

    pub fn ask(&self, method: &str, path: &str, fields: &str) -> Answer {
        ask(self.server.web(), method, path, fields)
    }
}

/// Waits until the last change of a file is so old that the server expects no further one.
pub fn await_settled(path: &Path) {
    eventually("a file that rests", || {
        let file = fs::metadata(path).unwrap();
        let since_epoch = Duration::new(file.ctime() as u64, file.ctime_nsec() as u32);
        let age = SystemTime::UNIX_EPOCH.elapsed().unwrap().saturating_sub(since_epoch);
        (age > SETTLE).then_some(())
    });
}

/// Sends one request on a connection of its own.
pub fn ask(addr: SocketAddr, method: &str, path: &str, fields: &str) -> Answer {
    let mut stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head =
        format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{fields}\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    let body = bytes.split_off(end);
    let head = String::from_utf8(bytes).unwrap();
    Answer { status: head[9..12].parse().unwrap(), head, body }
}

impl Answer {
    pub fn field(&self, name: &str) -> Option<&str> {
        let prefix = format!("{name}: ");
        self.head.lines().find_map(|line| line.strip_prefix(prefix.as_str()))
    }

    /// Returns the value of a field that must exist.
    pub fn need(&self, name: &str) -> String {
        let value = self.field(name);
        value.unwrap_or_else(|| panic!("no {name} in {}", self.head)).to_string()
    }

    /// Returns true if the body is as long as announced.
    pub fn is_whole(&self) -> bool {
        self.field("Content-Length").is_some_and(|length| length == self.body.len().to_string())
    }
}
