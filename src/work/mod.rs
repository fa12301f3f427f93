//! Slow things: jobs that run on worker threads, in slices.

pub mod pi;
pub mod pow;
