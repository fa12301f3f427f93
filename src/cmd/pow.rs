//! `pentad pow`: find a proof of work, check one, and see how fast this machine is.
//!
//! It asks no server: the kernels run here, on every core.

use super::{Exit, complain, print, read_options};
use crate::config::table::{Group, Opt, help, put, valued};
use crate::config::{Syntax, suggest, value};
use crate::service::pow::verify::{Claim, judge};
use crate::wire::pow as wire;
use crate::work::pow::bits_max;
use crate::work::pow::{
    Job, Kernel, Outcome, SEED_LEN_MAX, SEED_LEN_MIN, fastest, kernel_speed, plain_speed,
};
use rand::TryRng;
use rand::rngs::SysRng;
use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::num::NonZero;
use std::os::unix::ffi::OsStringExt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The arguments of the command.
pub(super) static SYNTAX: Syntax<Draft> =
    Syntax { groups: &GROUPS, operand: Draft::operand, finish: |_| Ok(()) };

/// The values of the first argument.
pub(super) const COMMANDS: [(&str, &str); 3] = [
    (
        "solve",
        "Print MESSAGE,SEED,HASH where HASH = SHA-256 of SEED and MESSAGE begins with zeros; exit \
         code 1 if no seed does it",
    ),
    ("verify", "Check such a line: exit code 0 if it is a proof, 1 if not"),
    ("speed", "Print the hashes a second of each kernel, and of a plain loop"),
];

static GROUPS: [Group<Draft>; 1] = [Group { title: "Options", options: &OPTIONS }];

static OPTIONS: [Opt<Draft>; 5] = [
    valued(
        "difficulty",
        "N",
        "",
        "Zeros in hexadecimal digits: 0 to 7, more with longer seeds; without it and --bits, 3",
        |d: &mut Draft, v| put(&mut d.digits, value::count(v, 0..=u32::MAX).map(Some)),
    )
    .short("d"),
    valued("bits", "N", "", "Zeros in bits: 0 to 28, more with longer seeds", |d, v| {
        put(&mut d.bits, value::count(v, 0..=u32::MAX).map(Some))
    }),
    valued("seed-len", "N", "5", "Letters of the seed: 5 to 10", |d, v| {
        put(&mut d.seed_len, value::count(v, SEED_LEN_MIN..=SEED_LEN_MAX))
    }),
    valued("kernel", "avx512|avx2|sha2", "", "The kernel; without it, the fastest here", |d, v| {
        put(&mut d.kernel, value::kernel(v).map(Some))
    }),
    help(),
];

/// The arguments as they were typed.
#[derive(Default)]
pub(super) struct Draft {
    words: Vec<OsString>,
    digits: Option<u32>,
    bits: Option<u32>,
    seed_len: u8,
    kernel: Option<Kernel>,
}

#[derive(Debug, PartialEq, Eq)]
enum Task {
    Solve(Wanted, Option<Kernel>, Vec<u8>),
    Verify(Wanted, Vec<u8>),
    Speed,
}

/// The requirements of a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wanted {
    bits: u32,
    seed_len: u8,
}

/// Runs the command with its arguments.
pub(super) fn command(args: Vec<OsString>) -> Exit {
    match read_options("pow", task(args)) {
        Ok(Task::Solve(wanted, kernel, message)) => solve(wanted, kernel, &message),
        Ok(Task::Verify(wanted, proof)) => verify(wanted, &proof),
        Ok(Task::Speed) => speed(),
        Err(exit) => exit,
    }
}

impl Draft {
    fn operand(&mut self, word: &OsStr) -> Result<(), String> {
        if self.words.len() == 2 {
            return Err(format!("one at a time: {word:?} is too many"));
        }
        self.words.push(word.to_owned());
        Ok(())
    }
}

/// The task that the arguments name; `None` if they ask for help.
fn task(args: Vec<OsString>) -> Result<Option<Task>, String> {
    let Some(draft) = SYNTAX.read(args, Draft::default())? else { return Ok(None) };
    let Draft { words, digits, bits, seed_len, kernel } = draft;
    let wanted = Wanted { bits: zero_bits(digits, bits, seed_len)?, seed_len };
    let mut words = words.into_iter();
    let what = words.next().ok_or("which command: solve, verify or speed?")?;
    Ok(Some(match (what.to_str(), words.next()) {
        (Some("solve"), Some(message)) => Task::Solve(wanted, kernel, message.into_vec()),
        (Some("solve"), None) => return Err("solve: which MESSAGE?".into()),
        (Some("verify"), Some(proof)) => Task::Verify(wanted, proof.into_vec()),
        (Some("verify"), None) => return Err("verify: which PROOF?".into()),
        (Some("speed"), None) => Task::Speed,
        (Some("speed"), Some(extra)) => return Err(format!("speed takes no {extra:?}")),
        (Some(_) | None, _) => {
            let hint = suggest::hint(&what.to_string_lossy(), COMMANDS.map(|(name, _)| name));
            return Err(format!("{what:?} is none of solve, verify, speed{hint}"));
        }
    }))
}

fn zero_bits(digits: Option<u32>, bits: Option<u32>, seed_len: u8) -> Result<u32, String> {
    let wanted = match (digits, bits) {
        (Some(_), Some(_)) => return Err("-d and --bits exclude each other".into()),
        (Some(digits), None) => digits.saturating_mul(4),
        (None, Some(bits)) => bits,
        (None, None) => 12,
    };
    let most = bits_max(seed_len);
    if wanted > most {
        let digits = most / 4;
        return Err(format!(
            "too difficult: seeds of {seed_len} letters are good for {digits} digits, {most} bits"
        ));
    }
    Ok(wanted)
}

fn solve(wanted: Wanted, kernel: Option<Kernel>, message: &[u8]) -> Exit {
    let begun = Instant::now();
    let kernel = kernel.unwrap_or_else(|| fastest(|| begun.elapsed()));
    let start = match SysRng.try_next_u64() {
        Ok(start) => start,
        Err(error) => {
            complain(format_args!("pow solve: no randomness: {error}"));
            return Exit::Failed;
        }
    };
    let job = Job::new(message.to_vec(), wanted.bits, wanted.seed_len, start, kernel, 1);
    match search(job, thread::available_parallelism().map_or(1, NonZero::get)) {
        Outcome::Found { seed, hash, .. } => {
            let mut line = Vec::new();
            wire::print(message, seed.as_bytes(), &hash, &mut line);
            line.push(b'\n');
            write(&line)
        }
        Outcome::Exhausted { tried } => {
            complain(format_args!("pow solve: none of all {tried} seeds is a proof"));
            Exit::Failed
        }
    }
}

/// A search that several threads share, and what it came to.
struct Shared {
    job: Job,
    outcome: Option<Outcome>,
}

fn search(job: Job, threads: usize) -> Outcome {
    let shared = Mutex::new(Shared { job, outcome: None });
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| work(&shared));
        }
    });
    let shared = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
    shared.outcome.expect("the last piece of a search brings its outcome")
}

fn work(shared: &Mutex<Shared>) {
    let lock = || -> MutexGuard<'_, Shared> {
        // A kernel that panics does so without the lock, and takes the whole search down.
        shared.lock().unwrap_or_else(PoisonError::into_inner)
    };
    loop {
        let Some(slice) = lock().job.cut_fair() else { return };
        let piece = slice.run();
        let mut shared = lock();
        if let Some(outcome) = shared.job.merge(piece) {
            shared.outcome = Some(outcome);
        }
    }
}

fn verify(wanted: Wanted, proof: &[u8]) -> Exit {
    let verdict = judge(Claim::Line(proof), wanted.bits, wanted.seed_len);
    match verdict.wrong {
        None => print(&format!("valid zeros={} bits={}\n", verdict.zeros(), verdict.bits())),
        Some(wrong) => {
            print(&format!("invalid {}\n", wrong.name()));
            Exit::Failed
        }
    }
}

/// Bytes as they are: a message need not be text.
fn write(line: &[u8]) -> Exit {
    let mut out = io::stdout().lock();
    match out.write_all(line).and_then(|()| out.flush()) {
        Ok(()) => Exit::Ok,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Ok,
        Err(error) => {
            complain(format_args!("cannot write to standard output: {error}"));
            Exit::Failed
        }
    }
}

/// Turns of each kernel and how long one lasts: one after the other, so that a slow moment of
/// the machine hits all alike; the best turn counts.
const TURNS: u32 = 30;
const TURN: Duration = Duration::from_millis(4);

fn speed() -> Exit {
    let begun = Instant::now();
    let clock = || begun.elapsed();
    let mut plain = 0_f64;
    let mut speeds = Kernel::available().map(|kernel| (kernel, 0_f64)).collect::<Vec<_>>();
    for _ in 0..TURNS {
        plain = plain.max(plain_speed(TURN, clock));
        for (kernel, best) in &mut speeds {
            *best = best.max(kernel_speed(*kernel, TURN, clock));
        }
    }
    let named = speeds.iter().map(|(kernel, best)| (kernel.name(), *best));
    let lines = [("plain", plain)].into_iter().chain(named).map(|(name, best)| {
        format!("kernel {name}  {:.2} MH/s  {:.2} x plain\n", best / 1e6, best / plain)
    });
    print(&lines.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(args: &str) -> Result<Option<Task>, String> {
        task(args.split_whitespace().map(OsString::from).collect())
    }

    #[test]
    fn tasks_are_read_in_any_order_of_options() {
        let wanted = |bits, seed_len| Wanted { bits, seed_len };
        let solve =
            |bits, seed_len| Ok(Some(Task::Solve(wanted(bits, seed_len), None, b"m".to_vec())));
        assert_eq!(read("solve m"), solve(12, 5));
        assert_eq!(read("solve -d 0 m"), solve(0, 5));
        assert_eq!(read("-d7 solve m"), solve(28, 5));
        assert_eq!(read("solve m --bits=28"), solve(28, 5));
        assert_eq!(read("solve --seed-len 6 -d 8 m"), solve(32, 6));
        let dashes = Ok(Some(Task::Solve(wanted(12, 5), None, b"-d".to_vec())));
        assert_eq!(read("solve -- -d"), dashes);
        let verify = Ok(Some(Task::Verify(wanted(20, 5), b"p".to_vec())));
        assert_eq!(read("verify p -d 5"), verify);
        assert_eq!(read("speed"), Ok(Some(Task::Speed)));
        assert_eq!(read("solve --help"), Ok(None));
    }

    #[test]
    fn slips_are_usage() {
        for wrong in [
            "",
            "dance",
            "solve",
            "solve a b",
            "verify",
            "speed up",
            "solve -d 8 m",
            "solve --bits 29 m",
            "solve -d 3 --bits 12 m",
            "solve -d +3 m",
            "solve -d x m",
            "solve -d -1 m",
            "solve --seed-len 4 m",
            "solve --seed-len 11 m",
            "solve --kernel gpu m",
            "solve --color m",
        ] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn threads_share_a_search_and_agree_on_its_end() {
        for threads in [1, 2, 7] {
            let job = Job::new(b"shared".to_vec(), 12, 5, 99, Kernel::Sha2, 1);
            let Outcome::Found { seed, .. } = search(job, threads) else { panic!("there is one") };
            assert_eq!(judge(Claim::Parts(b"shared", seed.as_bytes(), None), 12, 5).wrong, None);
        }
    }
}
