#![no_main]

use libfuzzer_sys::fuzz_target;
use pentad::check;

fuzz_target!(|input: &[u8]| check::store_protocol(input));
