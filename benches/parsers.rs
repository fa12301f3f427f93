//! The cost of parsing, and of strictness: heads compared with bare `httparse`, chunked bodies,
//! targets.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use httparse::{EMPTY_HEADER, Request};
use pentad::limits::Limits;
use pentad::wire::Parse;
use pentad::wire::chunked::{Chunked, Piece};
use pentad::wire::http::{Fields, Scan, head};
use pentad::wire::target::{Target, decode_path, pairs};
use std::hint::black_box;

/// A request of a load generator.
const LOAD: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost:8080\r\n\r\n";

/// A browser's request for a page.
const BROWSER: &[u8] = b"GET /about.html?lang=en&q=a+b HTTP/1.1\r\n\
    Host: 127.0.0.1:8080\r\n\
    Connection: keep-alive\r\n\
    Cache-Control: max-age=0\r\n\
    Upgrade-Insecure-Requests: 1\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
    Chrome/124.0.0.0 Safari/537.36\r\n\
    Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8\r\n\
    Accept-Encoding: gzip, deflate, br, zstd\r\n\
    Accept-Language: en-US,en;q=0.9\r\n\
    Cookie: pentad_session=AAAAAAAAAAAAAAAAAAAAAA; theme=dark; consent=yes\r\n\
    If-None-Match: \"1f-17c9\"\r\n\
    If-Modified-Since: Mon, 01 Jan 2024 00:00:00 GMT\r\n\r\n";

fn heads(criterion: &mut Criterion) {
    let limits = Limits::default();
    for (name, input) in [("load", LOAD), ("browser", BROWSER)] {
        let mut group = criterion.benchmark_group(format!("head/{name}"));
        group.throughput(Throughput::Bytes(input.len() as u64));
        group.bench_function("httparse", |b| {
            b.iter(|| {
                let mut fields = [EMPTY_HEADER; 16];
                let mut request = Request::new(&mut fields);
                let status = request.parse(black_box(input));
                black_box(&request);
                status
            });
        });
        group.bench_function("strict", |b| {
            b.iter(|| {
                let (mut scan, mut fields) = (Scan::default(), Fields::new());
                let parsed = head(black_box(input), &mut scan, &limits, &mut fields);
                black_box(&parsed);
                matches!(parsed, Parse::Done(..))
            });
        });
        group.bench_function("strict, in two halves", |b| {
            b.iter(|| {
                let (mut scan, mut fields) = (Scan::default(), Fields::new());
                let half = &black_box(input)[..input.len() / 2];
                black_box(&head(half, &mut scan, &limits, &mut Fields::new()));
                let parsed = head(black_box(input), &mut scan, &limits, &mut fields);
                black_box(&parsed);
                matches!(parsed, Parse::Done(..))
            });
        });
        group.finish();
    }
}

fn bodies(criterion: &mut Criterion) {
    let limits = Limits::default();
    let mut group = criterion.benchmark_group("chunked");
    for size in [16, 1024, 16 * 1024] {
        let chunk = format!("{size:x}\r\n{}\r\n", "x".repeat(size));
        let body = format!("{}0\r\n\r\n", chunk.repeat(64 * 1024 / size)).into_bytes();
        // Data is passed on unchanged, so the cost is per chunk.
        group.throughput(Throughput::Elements(64 * 1024 / size as u64));
        group.bench_function(format!("chunks of {size}"), |b| {
            b.iter(|| {
                let (mut decoder, mut rest) = (Chunked::new(), black_box(&body[..]));
                while let Parse::Done(piece, used) = decoder.next(rest, &limits) {
                    rest = &rest[used..];
                    if black_box(piece) == Piece::End {
                        break;
                    }
                }
                rest.len()
            });
        });
    }
    group.finish();
}

fn targets(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("target");
    let raw = "/assets/images/a%20picture.png?width=640&height=480&q=a+b";
    group.bench_function("parse", |b| b.iter(|| Target::parse(black_box(raw))));
    group.bench_function("decode a plain path", |b| {
        b.iter(|| decode_path(black_box("/assets/images/picture.png")));
    });
    group.bench_function("decode escapes", |b| {
        b.iter(|| decode_path(black_box("/assets/images/a%20picture.png")));
    });
    group.bench_function("pairs", |b| {
        b.iter(|| pairs(black_box("width=640&height=480&q=a+b")).count());
    });
    group.finish();
}

criterion_group!(parsers, heads, bodies, targets);
criterion_main!(parsers);
