//! The resources of a server as `/proc` shows them: memory, threads, processes, context switches,
//! of a process and its children.
//!
//! It samples: anything that starts and ends between two samples is missed. The memory figures are
//! the highest sums over the processes at one moment; the switches are those of each thread when it
//! was last seen, so they are a lower bound for threads that end.

use std::collections::HashMap;
use std::fs;
use std::time::{Duration, Instant};

/// The gauge; see the module.
#[derive(Debug)]
pub struct Gauge {
    root: u32,
    idle_pss_bytes: u64,
    peak: Peak,
    /// Context switches by process and thread.
    switches: HashMap<(u32, u32), u64>,
}

/// The maximum of each figure at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Peak {
    /// Resident memory, each process with all its pages.
    pub rss_bytes: u64,
    /// Resident memory, a page that k processes share counting 1/k for each.
    pub pss_bytes: u64,
    /// Threads.
    pub threads: u64,
    /// Processes.
    pub processes: u64,
}

/// Pause after a sample, as a multiple of its duration: sampling should hardly affect the server.
const PAUSE_PER_SAMPLE: u32 = 4;
const PAUSE_MIN: Duration = Duration::from_millis(20);

impl Gauge {
    /// Creates a gauge of an idle server: its present memory is not attributed to clients.
    pub fn of(root: u32) -> Gauge {
        let mut gauge =
            Gauge { root, idle_pss_bytes: 0, peak: Peak::default(), switches: HashMap::new() };
        gauge.sample();
        gauge.idle_pss_bytes = gauge.peak.pss_bytes;
        gauge
    }

    /// Takes a sample. Returns the pause before the next one.
    pub fn sample(&mut self) -> Duration {
        let began = Instant::now();
        let mut now = Peak::default();
        for process in processes(self.root) {
            let path = format!("/proc/{process}");
            let Ok(status) = fs::read_to_string(format!("{path}/status")) else { continue };
            now.processes += 1;
            now.threads += field(&status, "Threads:");
            now.rss_bytes += field(&status, "VmHWM:") * 1024;
            let rollup = fs::read_to_string(format!("{path}/smaps_rollup")).unwrap_or_default();
            now.pss_bytes += field(&rollup, "Pss:") * 1024;
            for thread in numbers(&format!("{path}/task")) {
                let status = fs::read_to_string(format!("{path}/task/{thread}/status"));
                if let Ok(status) = status {
                    let switches = field(&status, "voluntary_ctxt_switches:")
                        + field(&status, "nonvoluntary_ctxt_switches:");
                    self.switches.insert((process, thread), switches);
                }
            }
        }
        self.peak.rss_bytes = self.peak.rss_bytes.max(now.rss_bytes);
        self.peak.pss_bytes = self.peak.pss_bytes.max(now.pss_bytes);
        self.peak.threads = self.peak.threads.max(now.threads);
        self.peak.processes = self.peak.processes.max(now.processes);
        (began.elapsed() * PAUSE_PER_SAMPLE).max(PAUSE_MIN)
    }

    /// Returns the maximum figures.
    pub fn peak(&self) -> Peak {
        self.peak
    }

    /// Returns the maximum growth of proportional memory since the server was idle.
    pub fn growth_bytes(&self) -> u64 {
        self.peak.pss_bytes.saturating_sub(self.idle_pss_bytes)
    }

    /// Returns the context switches of every thread seen, voluntary or not.
    pub fn context_switches(&self) -> u64 {
        self.switches.values().sum()
    }
}

/// Returns a process and its children, if it lives.
pub fn processes(root: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{root}/task/{root}/children"));
    let children = children.unwrap_or_default();
    let children = children.split_whitespace().filter_map(|pid| pid.parse().ok());
    [root].into_iter().chain(children).collect()
}

fn numbers(folder: &str) -> Vec<u32> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// Returns the number after `name`; 0 if the kernel does not report it.
fn field(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_sees_this_process_grow() {
        let mut gauge = Gauge::of(std::process::id());
        // More than the other tests of this process may free meanwhile.
        let ballast = vec![1_u8; 256 * 1024 * 1024];
        std::hint::black_box(&ballast);
        let pause = gauge.sample();
        assert!(pause >= PAUSE_MIN);
        assert!(gauge.growth_bytes() > 128 * 1024 * 1024, "{gauge:?}");
        assert!(gauge.peak().rss_bytes >= gauge.growth_bytes());
        assert!(gauge.peak().threads >= 1 && gauge.peak().processes >= 1);
        assert!(gauge.context_switches() > 0);
    }

    #[test]
    fn a_process_that_is_gone_takes_nothing() {
        let gauge = Gauge::of(u32::MAX);
        assert_eq!((gauge.peak(), gauge.context_switches()), (Peak::default(), 0));
    }
}
