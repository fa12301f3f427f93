//! A server under one model, or under all models at once.

use pentad::study::Model;
use pentad::study::gauge::processes;
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

pub const PATIENCE: Duration = Duration::from_secs(10);
pub const SERVICE_TIME: Duration = Duration::from_millis(50);

pub struct Server {
    pub child: Child,
    pub addr: SocketAddr,
    data: PathBuf,
}

/// Creates a directory for one user.
pub fn place() -> PathBuf {
    static PLACES: AtomicUsize = AtomicUsize::new(0);
    let number = PLACES.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("pentad-models-{}-{number}", std::process::id()))
}

pub fn pentad(args: &[&str]) -> Command {
    // Like a script that starts a background command: with SIGINT ignored.
    let mut command = Command::new("/bin/sh");
    let program = env!("CARGO_BIN_EXE_pentad");
    command.args(["-c", "trap '' INT; exec \"$0\" \"$@\"", program]).env_clear().args(args);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command.stderr(Stdio::null());
    command
}

impl Server {
    pub fn start(model: Model, service: &str, more: &[&str]) -> Server {
        let command = pentad(&["study", "serve", "--model", model.name()]);
        Server::launch(command, service, more)
    }

    /// Starts `command` with these arguments after its own.
    pub fn launch(mut command: Command, service: &str, more: &[&str]) -> Server {
        let data = place();
        command.args(["--service", service, "--listen", "127.0.0.1:0", "--seed", "7"]);
        let mut child = command.arg("--data").arg(&data).args(more).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let listening = lines.next().expect("it says where it listens");
        let addr = listening.strip_prefix(&format!("listening {service} tcp ")).unwrap();
        let addr = addr.parse().unwrap();
        assert_eq!(lines.next().as_deref(), Some("ready"));
        Server { child, addr, data }
    }

    pub fn legacy(model: Model, service_time: Duration, more: &[&str]) -> Server {
        let time = format!("{}ms", service_time.as_millis());
        Server::start(model, "legacy", &[&["--service-time", &time], more].concat())
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.addr).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends `say`, and returns the answer up to the end of the connection.
    pub fn ask(&self, say: &[u8]) -> Vec<u8> {
        let mut stream = self.connect();
        stream.write_all(say).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answer
    }

    pub fn processes(&self) -> Vec<u32> {
        processes(self.child.id())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.data);
    }
}

/// Runs `body` for every model, all at the same time.
pub fn each<T: Send>(body: impl Fn(Model) -> T + Sync) -> Vec<(Model, T)> {
    thread::scope(|scope| {
        let body = &body;
        let threads = Model::ALL.map(|model| (model, scope.spawn(move || body(model))));
        threads.map(|(model, thread)| (model, thread.join().unwrap())).into_iter().collect()
    })
}

pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Returns true if the process is gone, or a zombie that its new parent has not reaped yet.
pub fn is_gone(pid: u32) -> bool {
    match fs::read_to_string(format!("/proc/{pid}/stat")) {
        Err(_) => true,
        Ok(stat) => stat.rsplit(')').next().is_some_and(|rest| rest.starts_with(" Z")),
    }
}

pub fn signal(pid: u32, signal: Signal) {
    let _ = kill_process(Pid::from_raw(pid as i32).unwrap(), signal);
}
