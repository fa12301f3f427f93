//! The real binary: started on free ports in a directory of its own, controlled by signals, and
//! killed by its process id when the test is over.

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

/// Time after which a test gives up: nothing here takes nearly as long on an idle machine, and a
/// loaded one may be slow without an error.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The meaning of "promptly": far below every deadline that a test sets, far above any pause of a
/// loaded machine.
pub const PROMPTLY: Duration = Duration::from_secs(5);

/// Repeats `ask` until there is an answer.
///
/// # Panics
/// If there is none after [`PATIENCE`].
pub fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < until, "never happened: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// A directory of its own, deleted with its last user.
#[derive(Debug)]
pub struct Place(PathBuf);

impl Place {
    pub fn new() -> Arc<Place> {
        static PLACES: AtomicUsize = AtomicUsize::new(0);
        let number = PLACES.fetch_add(1, Ordering::Relaxed);
        let name = format!("pentad-server-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Arc::new(Place(path))
    }

    /// Returns the path of `name` in here.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Creates `pentad` with these arguments and the data directory of this place.
    pub fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pentad"));
        command.arg("--data").arg(self.path("data")).args(args);
        self.furnish(&mut command);
        command
    }

    /// Creates the same command in a shell that runs `first` before it becomes `pentad`.
    pub fn command_after(&self, first: &str, args: &[&str]) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{first}; exec \"$@\""), "sh"]);
        command.arg(env!("CARGO_BIN_EXE_pentad")).arg("--data").arg(self.path("data")).args(args);
        self.furnish(&mut command);
        command
    }

    /// Creates the same command with an empty `/proc`, if this machine permits that.
    pub fn command_without_proc<'a>(
        &self,
        args: impl IntoIterator<Item = &'a str>,
    ) -> Option<Command> {
        const HIDE: &str = "mount -t tmpfs none /proc && exec \"$@\"";
        let flags: [&[&str]; 2] = [&["--mount"], &["--user", "--map-root-user", "--mount"]];
        let works = |flags: &&&[&str]| {
            let mut probe = Command::new("unshare");
            probe.args(**flags).args(["sh", "-c", HIDE, "sh", "true"]);
            let probe = probe.stdout(Stdio::null()).stderr(Stdio::null());
            probe.status().is_ok_and(|status| status.success())
        };
        let flags = flags.iter().find(works)?;
        let mut command = Command::new("unshare");
        command.args(*flags).args(["sh", "-c", HIDE, "sh"]);
        command.arg(env!("CARGO_BIN_EXE_pentad")).args(args);
        self.furnish(&mut command);
        Some(command)
    }

    /// Runs `pentad` with just these arguments to its end.
    pub fn pentad(&self, args: &[&str]) -> Run {
        let _ = fs::remove_file(self.path("stderr"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_pentad"));
        self.furnish(command.args(args));
        self.run(command)
    }

    /// Runs a command to its end, which is expected soon.
    pub fn run(&self, mut command: Command) -> Run {
        let stdout = self.path("stdout");
        command.stdout(File::create(&stdout).unwrap());
        let mut child = Guard(command.spawn().unwrap());
        let status = eventually("the end of the process", || child.0.try_wait().unwrap());
        Run { status, stdout: fs::read_to_string(stdout).unwrap(), stderr: self.stderr() }
    }

    fn furnish(&self, command: &mut Command) {
        let stderr = File::options().append(true).create(true).open(self.path("stderr"));
        command.current_dir(&self.0).env_clear().stdin(Stdio::null()).stderr(stderr.unwrap());
    }

    fn stderr(&self) -> String {
        fs::read_to_string(self.path("stderr")).unwrap_or_default()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The result of a process.
#[derive(Debug)]
pub struct Run {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

/// A process that is killed on drop.
#[derive(Debug)]
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A server that is ready.
#[derive(Debug)]
pub struct Server {
    process: Guard,
    place: Arc<Place>,
    listening: Vec<(String, String, SocketAddr)>,
    stdout: Receiver<String>,
}

/// Every service on a free port, agents for the chat, and reproducible randomness.
pub const FREE: [&str; 12] = [
    "--web=127.0.0.1:0",
    "--panel=127.0.0.1:0",
    "--legacy=127.0.0.1:0",
    "--pow=127.0.0.1:0",
    "--catalog-1=127.0.0.1:0",
    "--catalog-2=127.0.0.1:0",
    "--order-1=127.0.0.1:0",
    "--order-2=127.0.0.1:0",
    "--chat=127.0.0.1:0",
    "--agent=bo:bo",
    "--agent=cy:cy",
    "--seed=1",
];

impl Server {
    /// Starts a server in a place of its own.
    pub fn start(args: &[&str]) -> Server {
        Server::start_in(&Place::new(), args)
    }

    /// Starts a server in a place that may have been used before.
    pub fn start_in(place: &Arc<Place>, args: &[&str]) -> Server {
        Server::launch(place, place.command(FREE.iter().chain(args)))
    }

    /// Starts a server from `command`, and waits until it is ready.
    pub fn launch(place: &Arc<Place>, command: Command) -> Server {
        Server::launch_announcing(place, command, str::to_string)
    }

    /// Does the same; `read` converts the announcements of the server to the usual lines.
    pub fn launch_announcing(
        place: &Arc<Place>,
        command: Command,
        read: impl Fn(&str) -> String,
    ) -> Server {
        Server::launch_reading(place, command, read, |_| true)
    }

    /// Does the same as [`Server::launch`], but does not read its standard output after `ready`.
    pub fn launch_unread(place: &Arc<Place>, command: Command) -> Server {
        Server::launch_reading(place, command, str::to_string, |line| line != "ready")
    }

    fn launch_reading(
        place: &Arc<Place>,
        mut command: Command,
        read: impl Fn(&str) -> String,
        goes_on: impl Fn(&str) -> bool + Send + 'static,
    ) -> Server {
        let mut process = Guard(command.stdout(Stdio::piped()).spawn().unwrap());
        let output = BufReader::new(process.0.stdout.take().unwrap());
        let (sender, stdout) = mpsc::channel();
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let goes_on = goes_on(&line);
                if sender.send(line).is_err() {
                    return;
                }
                if !goes_on {
                    // The pipe stays open, without being read.
                    loop {
                        thread::park();
                    }
                }
            }
        });
        let place = Arc::clone(place);
        let mut server = Server { process, place, listening: Vec::new(), stdout };
        loop {
            let line = server.line().unwrap_or_else(|| panic!("it ended: {}", server.stderr()));
            let line = read(&line);
            if line == "ready" {
                return server;
            }
            let words = line.split(' ').collect::<Vec<_>>();
            let ["listening", service, transport, addr] = words[..] else {
                panic!("not the announcement of a listener: {line}");
            };
            let addr = addr.parse().unwrap();
            server.listening.push((service.to_string(), transport.to_string(), addr));
        }
    }

    /// Returns the address of `service` for `transport`.
    pub fn addr(&self, service: &str, transport: &str) -> SocketAddr {
        let mut listening = self.listening.iter();
        let found = listening.find(|(name, by, _)| name == service && by == transport);
        found.unwrap_or_else(|| panic!("no {service} by {transport}")).2
    }

    /// Returns the number of announced listeners.
    pub fn listeners(&self) -> usize {
        self.listening.len()
    }

    pub fn web(&self) -> SocketAddr {
        self.addr("web", "tcp")
    }

    pub fn panel(&self) -> SocketAddr {
        self.addr("panel", "tcp")
    }

    /// Returns the address of the legacy server, the same on both transports.
    pub fn legacy(&self) -> SocketAddr {
        self.addr("legacy", "tcp")
    }

    /// Returns the next line on standard output, or `None` at its end.
    pub fn line(&self) -> Option<String> {
        match self.stdout.recv_timeout(PATIENCE) {
            Ok(line) => Some(line),
            Err(mpsc::RecvTimeoutError::Disconnected) => None,
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("nothing on standard output"),
        }
    }

    /// Returns its standard error so far.
    pub fn stderr(&self) -> String {
        self.place.stderr()
    }

    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.process.0)
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Waits for its end. Its output can still be read.
    pub fn wait(&mut self) -> ExitStatus {
        eventually("the end of the server", || self.process.0.try_wait().unwrap())
    }

    /// Returns the path of a file of `/proc` about it.
    pub fn proc(&self, name: &str) -> PathBuf {
        Path::new("/proc").join(self.process.0.id().to_string()).join(name)
    }

    /// Counts the entries of a directory of `/proc` about it: `fd`, `task`.
    pub fn count(&self, name: &str) -> usize {
        fs::read_dir(self.proc(name)).unwrap().count()
    }

    /// Returns the processor time that it has used so far, on all cores.
    pub fn processor_time(&self) -> Duration {
        let stat = fs::read_to_string(self.proc("stat")).unwrap();
        // The second field is a name in parentheses; user and system time are the 14th and 15th.
        let fields = stat.rsplit_once(')').unwrap().1.split_ascii_whitespace();
        let ticks = fields.skip(11).take(2).map(|ticks| ticks.parse::<u32>().unwrap());
        TICK * ticks.sum::<u32>()
    }
}

/// The unit of `/proc/PID/stat`: USER_HZ is 100 wherever Linux runs.
const TICK: Duration = Duration::from_millis(10);

impl Drop for Server {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("standard error of the server:\n{}", self.stderr());
        }
    }
}

/// Returns how many of `wanted` items fit that need `each` descriptors in this process, or in a
/// server that it starts, after raising the limit as far as possible.
pub fn affordable(wanted: usize, each: usize) -> usize {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
    // The descriptors of the server itself, and of the rest of a test.
    let descriptors = maximum.map_or(usize::MAX, |most| most as usize).saturating_sub(200);
    let count = wanted.min(descriptors / each);
    if count < wanted {
        eprintln!("only {count} of {wanted}: the limit on descriptors allows no more");
    }
    count
}
