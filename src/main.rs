//! argv → command → exit code.

use pentad::cmd::{self, Exit};

fn main() -> Exit {
    cmd::main(std::env::args_os().skip(1))
}
