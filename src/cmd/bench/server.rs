//! A server of our own to measure: this program as a child process, on free ports, with files that
//! are gone when it is.

use crate::net::cannot;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, Stdio};
use std::{env, fs};

/// See the module. Dropping it ends it.
pub(super) struct Server {
    child: Child,
    listening: Vec<(String, SocketAddr)>,
    /// Its files, if it removes them itself.
    data: Option<PathBuf>,
}

impl Server {
    /// One that runs these services alone, with these options, and keeps nothing.
    pub(super) fn start(services: &[&str], options: &[String]) -> io::Result<Server> {
        let data = env::temp_dir().join(format!("pentad-bench-{}", process::id()));
        let listeners = services.iter().map(|service| (*service, FREE)).collect::<Vec<_>>();
        let mut server = Server::launch(&listeners, options, &data)?;
        server.data = Some(data);
        Ok(server)
    }

    /// One that runs these services, each on its address, and keeps its files here.
    pub(super) fn launch(
        services: &[(&str, SocketAddr)],
        options: &[String],
        data: &Path,
    ) -> io::Result<Server> {
        let names = services.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(",");
        let program = super::super::own_program().map_err(io::Error::other)?;
        let mut command = Command::new(program);
        command.args(["serve", "--quiet", "--only", &names]).args(options);
        command.args(services.iter().map(|(name, addr)| format!("--{name}={addr}")));
        command.arg("--data").arg(data).stdin(Stdio::null()).stdout(Stdio::piped());
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("PENTAD_") {
                command.env_remove(name);
            }
        }
        let mut child = command.spawn().map_err(cannot("start a server"))?;
        let stdout = child.stdout.take().expect("it is piped");
        // Dropped on the way out, it takes a child that is not ready along.
        let mut server = Server { child, listening: Vec::new(), data: None };
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            match line.split(' ').collect::<Vec<_>>()[..] {
                ["listening", name, "tcp", addr] => {
                    server.listening.extend(addr.parse().map(|addr| (name.to_owned(), addr)));
                }
                ["ready"] => return Ok(server),
                _ => {}
            }
        }
        Err(io::Error::other("the server did not start"))
    }

    /// Where it serves this.
    pub(super) fn addr(&self, service: &str) -> SocketAddr {
        let found = self.listening.iter().find(|(name, _)| name == service);
        found.expect("a server that is ready listens for what it was started for").1
    }

    /// All that it serves, and where.
    pub(super) fn listening(&self) -> &[(String, SocketAddr)] {
        &self.listening
    }

    /// Ends it as a loss of power would, as far as a process can be.
    pub(super) fn kill(&mut self) {
        // That it has ended already is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Any port.
pub(super) const FREE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(LOOPBACK), 0);
const LOOPBACK: std::net::Ipv4Addr = std::net::Ipv4Addr::LOCALHOST;

impl Drop for Server {
    /// It may have ended already: at a terminal, an interrupt reaches both of us.
    fn drop(&mut self) {
        // The number of one that has been waited for may be another's.
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
            let _ = self.child.wait();
        }
        if let Some(data) = &self.data {
            let _ = fs::remove_dir_all(data);
        }
    }
}
