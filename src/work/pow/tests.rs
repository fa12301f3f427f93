//! Every kernel and job against a naive implementation.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::puzzle::{Alphabet, Puzzle};
use super::sha256::{self, BLOCK};
use super::{
    Job, Kernel, LETTERS, Outcome, SEED_LEN_MAX, cost_blocks, fastest, hash, kernel_speed,
    leading_zero_bits, plain_speed, search,
};

/// SHA-256 as the standard describes it, one block after the other.
fn naive_hash(bytes: &[u8]) -> [u8; 32] {
    let mut padded = bytes.to_vec();
    padded.push(0x80);
    padded.resize((padded.len() + 8).next_multiple_of(BLOCK) - 8, 0);
    padded.extend_from_slice(&(8 * bytes.len() as u64).to_be_bytes());
    let mut state = sha256::START;
    for block in padded.as_chunks().0 {
        sha256::compress(&mut state, block);
    }
    let mut hash = [0; 32];
    for (bytes, word) in hash.as_chunks_mut().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    hash
}

/// Returns the first seed of a range, trying one after the other.
fn naive_search(puzzle: &Puzzle, mut range: std::ops::Range<u64>) -> Option<u64> {
    range.find(|&index| {
        let bytes = [puzzle.seed(index).as_bytes(), puzzle.message()].concat();
        leading_zero_bits(&naive_hash(&bytes)) >= puzzle.bits()
    })
}

fn puzzle(message: &[u8], bits: u32, seed_len: u8) -> Puzzle {
    Puzzle::new(message.to_vec(), bits, seed_len, Alphabet::letters())
}

fn message(random: &mut fastrand::Rng, len: usize) -> Vec<u8> {
    (0..len).map(|_| random.u8(..)).collect()
}

/// Cuts a job until nothing is left to cut, and merges the pieces in random order.
fn run(job: &mut Job, blocks: u64, random: &mut fastrand::Rng) -> Outcome {
    let mut out = Vec::new();
    loop {
        while out.len() < 5
            && let Some(slice) = job.cut(blocks)
        {
            out.push(slice);
        }
        let slice = out.swap_remove(random.usize(..out.len()));
        if let Some(outcome) = job.merge(slice.run()) {
            assert!(out.iter().all(|slice| job.merge(slice.run()).is_none()), "one answer");
            assert!(job.cut(blocks).is_none(), "no more work after the answer");
            return outcome;
        }
    }
}

#[test]
fn the_naive_twin_agrees_with_the_standard_and_with_the_crate() {
    let hex = |hash: [u8; 32]| hash.map(|byte| format!("{byte:02x}")).concat();
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(hex(naive_hash(b"abc")), abc);
    let mut random = fastrand::Rng::with_seed(1);
    for len in (0..300).chain([8192, 8197]) {
        let bytes = message(&mut random, len);
        let (first, second) = bytes.split_at(len.min(5));
        assert_eq!(naive_hash(&bytes), hash(first, second), "{len} bytes");
    }
}

#[test]
fn every_kernel_finds_the_seed_that_the_naive_twin_finds() {
    let mut random = fastrand::Rng::with_seed(2);
    for len in (0..300).chain([1000, 8192]) {
        let message = message(&mut random, len);
        let seed_len = 5 + (len % 6) as u8;
        let puzzle = puzzle(&message, random.u32(0..=9), seed_len);
        // Near the end of a page in half of the cases, and beyond it.
        let page = random.u64(..puzzle.seeds() / puzzle.page_len() - 1);
        let from = page * puzzle.page_len() + random.u64(3700..3844);
        let range = from..from + random.u64(1..400);
        let expected = naive_search(&puzzle, range.clone());
        for kernel in Kernel::available() {
            let found = search(kernel, &puzzle, range.clone());
            assert_eq!(found, expected, "{} with {len} bytes", kernel.name());
        }
    }
}

#[test]
fn every_lane_is_looked_at_and_none_beyond_the_range() {
    let puzzle = puzzle(b"lanes", 7, 5);
    let solutions: Vec<u64> = (0..2000).filter(|&i| puzzle.is_solved_by(i)).collect();
    assert!(solutions.len() > 8);
    for kernel in Kernel::available() {
        for &solution in &solutions {
            for before in 0..40.min(solution) {
                let from = solution - before;
                let first = solutions.iter().copied().find(|&i| i >= from);
                assert_eq!(search(kernel, &puzzle, from..solution + 1), first);
                let none = first.filter(|&i| i < solution);
                assert_eq!(search(kernel, &puzzle, from..solution), none);
            }
        }
    }
}

#[test]
fn all_small_difficulties_are_solved_and_the_hash_says_so() {
    let mut random = fastrand::Rng::with_seed(3);
    for kernel in Kernel::available() {
        for bits in 0..=14 {
            let message = message(&mut random, 3 * bits as usize);
            let mut job = Job::new(message.clone(), bits, 5, random.u64(..), kernel, 1);
            let Outcome::Found { seed, hash, tried } = run(&mut job, 5000, &mut random) else {
                panic!("{bits} bits are not too many");
            };
            assert_eq!(hash, naive_hash(&[seed.as_bytes(), &message].concat()));
            assert!(leading_zero_bits(&hash) >= bits);
            assert!(seed.as_str().len() == 5 && tried >= 1);
            assert!(seed.as_bytes().iter().all(|letter| LETTERS.contains(letter)));
        }
    }
}

#[test]
fn a_job_that_is_exhausted_has_tried_every_seed_once() {
    let mut random = fastrand::Rng::with_seed(4);
    for kernel in Kernel::available() {
        for (letters, seed_len) in [(b"abc".as_slice(), 5), (b"xy", 7), (b"0123456", 5)] {
            let puzzle = Puzzle::new(b"none".to_vec(), 256, seed_len, Alphabet::of(letters));
            let seeds = (letters.len() as u64).pow(u32::from(seed_len));
            assert_eq!(puzzle.seeds(), seeds);
            let mut job = Job::of_puzzle(puzzle, random.u64(..), kernel, 1);
            let outcome = run(&mut job, random.u64(..300), &mut random);
            assert_eq!(outcome, Outcome::Exhausted { tried: seeds });
        }
    }
}

#[test]
fn a_job_finds_a_seed_if_and_only_if_there_is_one() {
    let mut random = fastrand::Rng::with_seed(5);
    let (mut found, mut exhausted) = (0, 0);
    for number in 0..60 {
        let kernel = Kernel::ALL[number % 3];
        if !kernel.is_available() {
            continue;
        }
        let message = message(&mut random, number);
        let alphabet = Alphabet::of(b"abc");
        let puzzle = Puzzle::new(message.clone(), 8, 5, alphabet.clone());
        let is_solvable = naive_search(&puzzle, 0..puzzle.seeds()).is_some();
        let mut job = Job::of_puzzle(puzzle, random.u64(..), kernel, 1);
        match run(&mut job, 20, &mut random) {
            Outcome::Found { seed, .. } => {
                found += 1;
                assert!(is_solvable && naive_hash(&[seed.as_bytes(), &message].concat())[0] == 0);
            }
            Outcome::Exhausted { tried } => {
                exhausted += 1;
                assert!(!is_solvable && tried == 243);
            }
        }
    }
    assert!(found > 5 && exhausted > 5, "{found} {exhausted}");
}

#[test]
fn seeds_are_all_different_and_all_there() {
    for (letters, seed_len) in [(b"abc".as_slice(), 5), (b"ab", 10)] {
        let puzzle = Puzzle::new(Vec::new(), 0, seed_len, Alphabet::of(letters));
        let seeds: HashSet<_> =
            (0..puzzle.seeds()).map(|index| puzzle.seed(index).to_string()).collect();
        assert_eq!(seeds.len() as u64, puzzle.seeds());
        assert!(seeds.iter().all(|seed| seed.bytes().all(|letter| letters.contains(&letter))));
    }
    let longest = puzzle(b"", 0, SEED_LEN_MAX);
    assert_eq!(longest.seed(0).as_str(), "AAAAAAAAAA");
    assert_eq!(longest.seed(longest.seeds() - 1).as_str(), "9999999999");
}

/// χ² over the 62 values of each letter exceeds 150 once in 10⁹ times, with 61 degrees of freedom.
#[test]
fn found_seeds_begin_with_any_letter() {
    let mut random = fastrand::Rng::with_seed(6);
    let mut counts = [[0_u32; 256]; 5];
    for number in 0..6200_u32 {
        let mut job =
            Job::new(number.to_be_bytes().to_vec(), 4, 5, random.u64(..), Kernel::detect(), 1);
        let Some(Outcome::Found { seed, .. }) = job.try_few(1000) else {
            panic!("a thousand seeds are enough for four bits");
        };
        for (counts, &letter) in counts.iter_mut().zip(seed.as_bytes()) {
            counts[usize::from(letter)] += 1;
        }
    }
    for counts in counts {
        let deviation = |&letter: &u8| (f64::from(counts[usize::from(letter)]) - 100.0).powi(2);
        let chi_square = LETTERS.iter().map(deviation).sum::<f64>() / 100.0;
        assert!(chi_square < 150.0, "{chi_square}");
    }
}

#[test]
fn a_few_seeds_in_place_are_not_tried_again_by_slices() {
    let puzzle = Puzzle::new(b"few".to_vec(), 256, 5, Alphabet::of(b"abc"));
    let mut job = Job::of_puzzle(puzzle, 1 << 63, Kernel::Sha2, 1);
    assert_eq!(job.try_few(100), None);
    assert_eq!(job.tried(), 100);
    let mut random = fastrand::Rng::with_seed(7);
    assert_eq!(run(&mut job, 10, &mut random), Outcome::Exhausted { tried: 243 });
    assert_eq!(job.try_few(100), None);
}

#[test]
fn more_bits_than_a_word_has_are_checked_one_by_one() {
    for kernel in Kernel::available() {
        let unsolved = puzzle(b"", 33, 5);
        assert_eq!(unsolved.first_word_mask(), u32::MAX);
        assert_eq!(search(kernel, &unsolved, 0..10_000), None);
    }
    let masks = [0, 1, 4, 31, 32, 64].map(|bits| puzzle(b"", bits, 5).first_word_mask());
    assert_eq!(masks, [0, 1 << 31, 0xf << 28, !1, u32::MAX, u32::MAX]);
}

#[test]
fn cost_counts_the_padding() {
    for (len, seed_len, blocks) in [(0, 5, 1), (50, 5, 1), (51, 5, 2), (45, 10, 1), (46, 10, 2)] {
        assert_eq!(cost_blocks(len, seed_len), blocks);
        assert_eq!(puzzle(&vec![0; len], 0, seed_len).cost(), blocks);
    }
    let job = Job::new(vec![0; 8192], 4, 5, 0, Kernel::Sha2, 3);
    assert_eq!((job.cost_blocks(), job.weight(), job.bits()), (129, 3, 4));
}

#[test]
fn a_slice_is_no_larger_than_its_budget_but_never_empty() {
    for kernel in Kernel::available() {
        for len in [0, 100, 8192] {
            let mut job = Job::new(vec![b'x'; len], 256, 5, 0, kernel, 1);
            let batch = kernel.lanes() * job.cost_blocks();
            for blocks in [0, 1, 1000, 100_000] {
                let slice = job.cut(blocks).unwrap();
                assert!(slice.blocks() <= blocks.max(batch) && slice.blocks() >= batch);
            }
        }
    }
}

#[test]
fn zero_bits_are_counted_from_the_front() {
    let mut hash = [0; 32];
    assert_eq!(leading_zero_bits(&hash), 256);
    hash[31] = 1;
    assert_eq!(leading_zero_bits(&hash), 255);
    hash[2] = 0x1f;
    assert_eq!(leading_zero_bits(&hash), 19);
    hash[0] = 0x80;
    assert_eq!(leading_zero_bits(&hash), 0);
}

#[test]
fn speed_is_hashes_by_the_clock_that_was_passed_in() {
    let mut now = Duration::ZERO;
    let mut clock = || {
        now += Duration::from_millis(10);
        now
    };
    let speed = kernel_speed(Kernel::Sha2, Duration::from_millis(10), &mut clock);
    assert_eq!(speed, 384_400.0);
    assert_eq!(plain_speed(Duration::from_millis(20), &mut clock), 100_000.0);
    assert!(fastest(clock).is_available());
}

#[test]
fn counters_see_what_was_tried_as_it_comes_back() {
    let counters = [(); 2].map(|()| Arc::new(AtomicU64::new(0)));
    let mut job = Job::new(b"counted".to_vec(), 200, 5, 0, Kernel::Sha2, 1);
    counters.iter().for_each(|counter| job.count_in(Arc::clone(counter)));
    let slices = [job.cut(100), job.cut(50)].map(|slice| slice.expect("there are seeds left"));
    for slice in slices {
        assert_eq!(job.merge(slice.run()), None);
        for counter in &counters {
            assert_eq!(counter.load(Ordering::Relaxed), job.tried());
        }
    }
    assert_eq!(job.tried(), 150);
}

#[test]
fn five_letters_are_good_for_seven_digits_and_not_for_eight() {
    assert_eq!(super::bits_max(5), 28);
    assert_eq!(super::bits_max(6), 34);
    assert_eq!(super::bits_max(10), 57);
}
