//! `pentad pow`: find a proof of work, check one, and see how fast this machine is.
//!
//! It asks no server: the kernels run here, on every core.

use super::{Exit, complain, print};
use crate::config::suggest;
use crate::service::pow::verify::{Claim, judge};
use crate::wire::pow as wire;
use crate::work::pow::bits_max;
use crate::work::pow::{
    Job, Kernel, Outcome, SEED_LEN_MAX, SEED_LEN_MIN, fastest, kernel_speed, plain_speed,
};
use lexopt::Arg;
use rand::TryRng;
use rand::rngs::SysRng;
use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::num::NonZero;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

const HELP: &str = "\
Find, check and time proofs of work

Usage: pentad pow solve [-d N | --bits N] [--seed-len N] [--kernel NAME] MESSAGE
       pentad pow verify PROOF [-d N | --bits N] [--seed-len N]
       pentad pow speed

  solve     Print MESSAGE,SEED,HASH where HASH = SHA-256 of SEED and MESSAGE begins with zeros;
            exit code 1 if no seed does it
  verify    Check such a line: exit code 0 if it is a proof, 1 if not
  speed     Print the hashes a second of each kernel, and of a plain loop

Options:
  -d N           Zeros in hexadecimal digits: 0 to 7, more with longer seeds [default: 3]
  --bits N       Zeros in bits: 0 to 28, more with longer seeds
  --seed-len N   Letters of the seed: 5 to 10 [default: 5]
  --kernel NAME  avx512, avx2 or sha2 [default: the fastest here]
  --             What follows is no option: for a MESSAGE that begins with a dash
";

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
enum Task {
    Help,
    Solve(Wanted, Option<Kernel>, Vec<u8>),
    Verify(Wanted, Vec<u8>),
    Speed,
}

/// What a proof has to be like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wanted {
    bits: u32,
    seed_len: u8,
}

/// The command with its arguments.
pub(super) fn command(args: Vec<OsString>) -> Exit {
    match task(args) {
        Ok(Task::Help) => print(HELP),
        Ok(Task::Solve(wanted, kernel, message)) => solve(wanted, kernel, &message),
        Ok(Task::Verify(wanted, proof)) => verify(wanted, &proof),
        Ok(Task::Speed) => speed(),
        Err(error) => {
            let error = suggest::explained(&error, HELP);
            complain(format_args!("pow: {error}\n\n{HELP}"));
            Exit::Usage
        }
    }
}

fn task(args: impl IntoIterator<Item = OsString>) -> Result<Task, lexopt::Error> {
    let mut parser = lexopt::Parser::from_args(args);
    let (mut values, mut kernel, mut seed_len) = (Vec::new(), None, SEED_LEN_MIN);
    let (mut digits, mut bits) = (None, None);
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Task::Help),
            Arg::Short('d') | Arg::Long("difficulty") => digits = Some(number(&mut parser)?),
            Arg::Long("bits") => bits = Some(number(&mut parser)?),
            Arg::Long("seed-len") => {
                let known = |length: &u8| (SEED_LEN_MIN..=SEED_LEN_MAX).contains(length);
                let length = u8::try_from(number(&mut parser)?).ok().filter(known);
                seed_len = length.ok_or("--seed-len: a seed has 5 to 10 letters")?;
            }
            Arg::Long("kernel") => kernel = Some(self::kernel(&parser.value()?)?),
            Arg::Value(value) => values.push(value),
            Arg::Short(_) | Arg::Long(_) => return Err(arg.unexpected()),
        }
    }
    let wanted = Wanted { bits: zero_bits(digits, bits, seed_len)?, seed_len };
    let mut values = values.into_iter();
    let what = values.next().ok_or("what is to be done: solve, verify or speed?")?;
    let operand = values.next();
    if let Some(extra) = values.next() {
        return Err(format!("one at a time: {extra:?} is too many").into());
    }
    match (what.to_str(), operand) {
        (Some("solve"), Some(message)) => Ok(Task::Solve(wanted, kernel, message.into_vec())),
        (Some("solve"), None) => Err("solve: which MESSAGE?".into()),
        (Some("verify"), Some(proof)) => Ok(Task::Verify(wanted, proof.into_vec())),
        (Some("verify"), None) => Err("verify: which PROOF?".into()),
        (Some("speed"), None) => Ok(Task::Speed),
        (Some("speed"), Some(extra)) => Err(format!("speed takes no {extra:?}").into()),
        (Some(_) | None, _) => {
            let hint = suggest::hint(&what.to_string_lossy(), ["solve", "verify", "speed"]);
            Err(format!("{what:?} is none of solve, verify, speed{hint}").into())
        }
    }
}

fn number(parser: &mut lexopt::Parser) -> Result<u32, lexopt::Error> {
    let value = parser.value()?;
    let digits = value.as_bytes();
    let number = value.to_str().and_then(|text| text.parse().ok());
    let number = number.filter(|_| digits.iter().all(u8::is_ascii_digit));
    number.ok_or_else(|| format!("{value:?} is no number").into())
}

fn kernel(name: &OsStr) -> Result<Kernel, lexopt::Error> {
    let kernel = name.to_str().and_then(Kernel::from_name);
    let kernel =
        kernel.ok_or_else(|| format!("--kernel: {name:?} is none of avx512, avx2, sha2"))?;
    if !kernel.is_available() {
        return Err(format!("--kernel: this processor cannot run {}", kernel.name()).into());
    }
    Ok(kernel)
}

fn zero_bits(digits: Option<u32>, bits: Option<u32>, seed_len: u8) -> Result<u32, lexopt::Error> {
    let wanted = match (digits, bits) {
        (Some(_), Some(_)) => return Err("-d and --bits say the same: one of them".into()),
        (Some(digits), None) => digits.saturating_mul(4),
        (None, Some(bits)) => bits,
        (None, None) => 12,
    };
    let most = bits_max(seed_len);
    if wanted > most {
        let digits = most / 4;
        return Err(format!(
            "too difficult: seeds of {seed_len} letters are good for {digits} digits, {most} bits"
        )
        .into());
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

    fn read(args: &str) -> Result<Task, String> {
        task(args.split_whitespace().map(OsString::from)).map_err(|error| error.to_string())
    }

    #[test]
    fn tasks_are_read_in_any_order_of_options() {
        let wanted = |bits, seed_len| Wanted { bits, seed_len };
        let solve = |bits, seed_len| Ok(Task::Solve(wanted(bits, seed_len), None, b"m".to_vec()));
        assert_eq!(read("solve m"), solve(12, 5));
        assert_eq!(read("solve -d 0 m"), solve(0, 5));
        assert_eq!(read("-d7 solve m"), solve(28, 5));
        assert_eq!(read("solve m --bits=28"), solve(28, 5));
        assert_eq!(read("solve --seed-len 6 -d 8 m"), solve(32, 6));
        let dashes = Ok(Task::Solve(wanted(12, 5), None, b"-d".to_vec()));
        assert_eq!(read("solve -- -d"), dashes);
        assert_eq!(read("verify p -d 5"), Ok(Task::Verify(wanted(20, 5), b"p".to_vec())));
        assert_eq!(read("speed"), Ok(Task::Speed));
        assert_eq!(read("solve --help"), Ok(Task::Help));
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
