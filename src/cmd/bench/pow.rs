//! `pentad bench pow`: how many replies a second the classic client gets, for each difficulty.
//!
//! Without an address each difficulty is measured on a server of its own, a child process; so the
//! client shares nothing with it but the machine.

use super::super::{Exit, affordable, complain, print, read_options};
use super::server::Server;
use crate::app::{Endpoint, Transport};
use crate::client::line::{PowBench, Seen};
use crate::config::table::{Group, Opt, help, put, valued};
use crate::config::{Config, Syntax, value};
use crate::net::{Load, Loaded, Loader, NoAddress, Stop};
use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::num::NonZero;
use std::thread;
use std::time::Duration;

pub(super) const ABOUT: &str = "100 connections, then one per core, each of which sends a line and \
    waits for its reply: replies a second and connection errors, as a table. Without ADDR for the \
    difficulties 0 to 6, on servers started for it; with ADDR for that server";

/// The arguments of the bench.
pub(super) static SYNTAX: Syntax<Plan> =
    Syntax { groups: &GROUPS, operand: Plan::operand, finish: |_| Ok(()) };

static GROUPS: [Group<Plan>; 1] = [Group { title: "Options of bench pow", options: &OPTIONS }];

static OPTIONS: [Opt<Plan>; 2] = [
    valued("seconds", "N", "3", "How long each figure is measured: 1 to 3600", |d, v| {
        put(&mut d.time, value::count(v, 1..=3600).map(Duration::from_secs))
    }),
    help(),
];

/// The figures to measure.
#[derive(Debug, PartialEq, Eq, Default)]
pub(super) struct Plan {
    addr: Option<String>,
    time: Duration,
}

/// A column of the table.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Column {
    difficulty: u32,
    many: Row,
    few: Row,
}

/// The results of one crowd of clients.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Row {
    replies_per_second: f64,
    errors: u64,
}

/// The figures of the server from 2016: with a hundred connections, with one per core, and the
/// hundred's errors.
const HISTORIC: [(&str, &str, &str); 7] = [
    ("42011", "36748", "4"),
    ("10582", "8906", "3"),
    ("523", "497", "1"),
    ("37.7", "28.7", "0"),
    ("2.38", "2.85", "0"),
    ("0.167", "0.200", "0"),
    ("0", "0", "0"),
];

/// The larger crowd.
const MANY: usize = 100;

/// Time limit for looking up a name.
const LOOK_UP: Duration = Duration::from_secs(10);

/// Runs the bench with the arguments behind its name.
pub(super) fn command(args: Vec<OsString>) -> Exit {
    let plan = match read_options("bench pow", SYNTAX.read(args, Plan::default())) {
        Ok(plan) => plan,
        Err(exit) => return exit,
    };
    let mut columns = Vec::new();
    let ended = Bench::start(plan.time).and_then(|mut bench| match plan.addr {
        Some(addr) => bench.there(&addr, &mut columns),
        None => bench.here(&mut columns),
    });
    let printed = if columns.is_empty() { Exit::Ok } else { print(&table(&columns)) };
    match ended {
        Ok(Stop::Time | Stop::Gone | Stop::Enough) => printed,
        Ok(Stop::Interrupted) => Exit::Interrupted,
        Ok(Stop::Terminated) => Exit::Terminated,
        Err(error) => {
            complain(format_args!("bench pow: {error}"));
            Exit::Failed
        }
    }
}

impl Plan {
    fn operand(&mut self, addr: &OsStr) -> Result<(), String> {
        match self.addr.replace(addr.to_string_lossy().into_owned()) {
            None => Ok(()),
            Some(_) => Err(format!("one server at a time, not also {}", addr.display())),
        }
    }
}

/// The context of all measurements.
struct Bench {
    loader: Loader,
    time: Duration,
    many: usize,
    few: usize,
}

impl Bench {
    fn start(time: Duration) -> io::Result<Bench> {
        let few = thread::available_parallelism().map_or(1, NonZero::get);
        let many = affordable("bench pow", MANY);
        Ok(Bench { loader: Loader::start()?, time, many, few })
    }

    /// Measures another server. Its difficulty shows in its replies.
    fn there(&mut self, addr: &str, columns: &mut Vec<Column>) -> io::Result<Stop> {
        let addr = match self.loader.look_up(addr, LOOK_UP) {
            Ok(addr) => addr,
            Err(NoAddress::Stopped(stop)) => return Ok(stop),
            Err(NoAddress::Unknown(error)) => {
                return Err(io::Error::other(format!("{addr}: {error}")));
            }
        };
        let (column, stop) = self.column(addr, None)?;
        columns.extend(column);
        Ok(stop)
    }

    /// Measures servers of our own.
    fn here(&mut self, columns: &mut Vec<Column>) -> io::Result<Stop> {
        for difficulty in 0..HISTORIC.len() as u32 {
            let args = ["--pow-difficulty".to_owned(), difficulty.to_string()];
            let server = match Server::start(&["pow"], &args) {
                Ok(server) => server,
                // At a terminal an interrupt reaches the server too, which may not be ready.
                Err(error) => return self.loader.signalled().ok_or(error),
            };
            let (column, stop) = self.column(server.addr("pow"), Some(difficulty))?;
            columns.extend(column);
            match stop {
                Stop::Time | Stop::Gone | Stop::Enough => {}
                Stop::Interrupted | Stop::Terminated => return Ok(stop),
            }
        }
        Ok(Stop::Time)
    }

    /// Both crowds, one after the other. A run that was interrupted is measured as far as it got.
    fn column(
        &mut self,
        addr: SocketAddr,
        difficulty: Option<u32>,
    ) -> io::Result<(Option<Column>, Stop)> {
        let many = self.run(addr, self.many)?;
        let (many_row, mut zeros) = (row(&many), many.world.zeros_min);
        let (few_row, stop) = match many.stop {
            Stop::Time | Stop::Gone | Stop::Enough => {
                let few = self.run(addr, self.few)?;
                zeros = zeros.into_iter().chain(few.world.zeros_min).min();
                (row(&few), few.stop)
            }
            Stop::Interrupted | Stop::Terminated => {
                (Row { replies_per_second: 0.0, errors: 0 }, many.stop)
            }
        };
        let difficulty = difficulty.or(zeros);
        let column =
            difficulty.map(|difficulty| Column { difficulty, many: many_row, few: few_row });
        if let Some(column) = &column {
            say(column);
        } else {
            complain("bench pow: not a single reply");
        }
        Ok((column, stop))
    }

    fn run(&mut self, addr: SocketAddr, connections: usize) -> io::Result<Loaded<Seen>> {
        self.loader.run::<PowBench>(Load {
            to: Endpoint { transport: Transport::Tcp, addr },
            kind: (),
            connections,
            time: self.time,
            world: Seen::default(),
            limits: Config::default().limits,
            seed: 0,
            farewell: None,
        })
    }
}

fn row(loaded: &Loaded<Seen>) -> Row {
    let seen = loaded.world;
    let replies_per_second = seen.replies as f64 / loaded.elapsed.as_secs_f64().max(1e-9);
    Row { replies_per_second, errors: seen.lost + seen.wrong }
}

/// Reports the progress on standard error.
fn say(column: &Column) {
    let Column { difficulty, many, few } = column;
    let _ = writeln!(
        io::stderr(),
        "difficulty {difficulty}: {} and {} replies/s, {} errors",
        figure(many.replies_per_second),
        figure(few.replies_per_second),
        many.errors + few.errors
    );
}

fn table(columns: &[Column]) -> String {
    let historic = |column: &Column| HISTORIC.get(column.difficulty as usize);
    let line = |name: &str, cell: &dyn Fn(&Column) -> String| {
        let cells = columns.iter().map(|column| format!(" {} |", cell(column)));
        format!("| {name} |{}\n", cells.collect::<String>())
    };
    let past = |cell: fn(&(&'static str, &'static str, &'static str)) -> &'static str| {
        move |column: &Column| historic(column).map_or("–", cell).to_string()
    };
    [
        line("difficulty", &|column| column.difficulty.to_string()),
        format!("|---|{}\n", "---|".repeat(columns.len())),
        line("2016 server, 100 connections, replies/s", &past(|figures| figures.0)),
        line("2016 server, one connection per core", &past(|figures| figures.1)),
        line("errors (connection reset), 100 connections", &past(|figures| figures.2)),
        line("pentad, 100 connections, replies/s", &|c| figure(c.many.replies_per_second)),
        line("pentad, one connection per core", &|c| figure(c.few.replies_per_second)),
        line("errors, 100 connections", &|c| c.many.errors.to_string()),
        line("errors, one connection per core", &|c| c.few.errors.to_string()),
    ]
    .concat()
}

/// Three digits that count, as the historic figures have them.
fn figure(number: f64) -> String {
    match number {
        0.0 => "0".to_string(),
        100.0.. => format!("{number:.0}"),
        10.0.. => format!("{number:.1}"),
        1.0.. => format!("{number:.2}"),
        _ => format!("{number:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_the_shape_of_the_historic_one() {
        let row = |replies_per_second, errors| Row { replies_per_second, errors };
        let column = |difficulty| Column { difficulty, many: row(1234.5, 0), few: row(0.0, 1) };
        let text = table(&[column(0), column(7)]);
        let lines = text.lines().collect::<Vec<_>>();
        assert_eq!(lines[0], "| difficulty | 0 | 7 |");
        assert_eq!(lines[1], "|---|---|---|");
        assert_eq!(lines[2], "| 2016 server, 100 connections, replies/s | 42011 | – |");
        assert_eq!(lines[5], "| pentad, 100 connections, replies/s | 1234 | 1234 |");
        assert_eq!(lines[8], "| errors, one connection per core | 1 | 1 |");
        assert!(lines.iter().all(|line| line.matches('|').count() == 4));
    }

    #[test]
    fn figures_have_three_digits_that_count() {
        for (number, text) in
            [(42011.4, "42011"), (523.0, "523"), (37.7, "37.7"), (2.38, "2.38"), (0.1667, "0.167")]
        {
            assert_eq!(figure(number), text);
        }
        assert_eq!(figure(0.0), "0");
    }

    #[test]
    fn arguments_are_a_service_and_perhaps_a_server() {
        let read = |args: &str| {
            SYNTAX.read(args.split_whitespace().map(OsString::from).collect(), Plan::default())
        };
        let time = Duration::from_secs(3);
        assert_eq!(read(""), Ok(Some(Plan { addr: None, time })));
        let plan = Plan { addr: Some("h:1".to_string()), time: Duration::from_secs(1) };
        assert_eq!(read("--seconds 1 h:1"), Ok(Some(plan)));
        assert_eq!(read("--help"), Ok(None));
        for wrong in ["a b", "--seconds 0", "--seconds x", "-x"] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }
}
