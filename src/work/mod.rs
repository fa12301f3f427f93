//! Slow things: jobs that run on worker threads, in slices.
