//! A file of the site as the cache holds it: its state, and its content in the encodings that
//! somebody asked for, each with the lines that a response about it begins with.

use super::{Rules, media};
use crate::wire::accept;
use crate::wire::conditional::{Tag, Validators};
use crate::work::files::{Coding, Content, Mark, State, Wish};
use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A file that is kept in memory.
#[derive(Debug)]
pub struct Resource {
    /// The state that it was read in.
    pub state: State,
    /// When it was found to be in that state.
    pub checked: Instant,
    /// When it was last asked for.
    pub used: Instant,
    /// Whether somebody is looking whether that is still its state.
    pub checking: bool,
    /// Whether it would be compressed for those who accept that.
    pub packs: bool,
    variants: [Option<Arc<Variant>>; 4],
}

/// A file in one encoding.
#[derive(Debug)]
pub struct Variant {
    /// How it is encoded.
    pub coding: Coding,
    /// What is in it, as far as it was read.
    pub content: Content,
    /// Its length; unknown if it would have to be compressed first.
    pub bytes: Option<u64>,
    /// When it was read.
    pub read: Instant,
    /// The opaque part of the entity tag.
    etag: String,
    modified: Option<SystemTime>,
    /// `Content-Type` and `Content-Encoding`, which only go with content.
    typed: String,
    /// What goes with every response about it.
    common: String,
    /// All lines of a response with the whole of it.
    pub lines: Arc<[u8]>,
}

/// Compressed is what was found uncompressed: from this length on …
pub const PACK_BYTES_MIN: u64 = 512;

impl Resource {
    /// A file in this state, of which nothing is in memory yet.
    pub fn new(state: State, packs: bool, now: Instant) -> Resource {
        Resource {
            state,
            checked: now,
            used: now,
            checking: false,
            packs,
            variants: [None, None, None, None],
        }
    }

    /// The file in that encoding, if it is in memory.
    pub fn variant(&self, coding: Coding) -> Option<&Arc<Variant>> {
        self.variants[coding as usize].as_ref()
    }

    /// Whether the encoding that such a wish comes to is in memory.
    pub fn has(&self, wish: Wish) -> bool {
        let is_there = |coding: &&Coding| match coding {
            Coding::Identity => true,
            Coding::Gzip if self.packs => true,
            Coding::Br | Coding::Zstd | Coding::Gzip => {
                self.state.sidecars[**coding as usize].is_some()
            }
        };
        let coding = wish.codings().iter().find(is_there).unwrap_or(&Coding::Identity);
        self.variant(*coding).is_some()
    }

    /// Adds the file in one more encoding.
    pub fn add(&mut self, variant: Arc<Variant>) {
        let place = variant.coding as usize;
        self.variants[place] = Some(variant);
    }

    /// Memory that it takes.
    pub fn bytes(&self) -> usize {
        self.variants.iter().flatten().map(|variant| variant.memory()).sum()
    }

    /// The encoding that suits these values of `Accept-Encoding` best.
    pub fn choose<'b>(&self, accepted: impl Iterator<Item = &'b [u8]>) -> Coding {
        choose(&self.state, self.packs, accepted)
    }
}

/// The encoding of a file in this state that suits these values of `Accept-Encoding` best.
pub fn choose<'b>(state: &State, packs: bool, accepted: impl Iterator<Item = &'b [u8]>) -> Coding {
    if !packs && state.sidecars == [None; 3] {
        return Coding::Identity;
    }
    let is_there = |coding: &accept::Coding| match coding {
        accept::Coding::Identity => true,
        accept::Coding::Gzip if packs => true,
        accept::Coding::Br | accept::Coding::Zstd | accept::Coding::Gzip => {
            state.sidecars[*coding as usize].is_some()
        }
    };
    let mut available = [accept::Coding::Identity; 4];
    let mut count = 0;
    for coding in accept::Coding::ALL.iter().filter(|coding| is_there(coding)) {
        available[count] = *coding;
        count += 1;
    }
    accept::coding(accepted, &available[..count]).map_or(Coding::Identity, own)
}

/// The encodings that these values of `Accept-Encoding` welcome, in their order.
pub fn wish<'b>(accepted: &(impl Iterator<Item = &'b [u8]> + Clone)) -> Wish {
    let mut left = accept::Coding::ALL.to_vec();
    let mut order = Vec::new();
    while let Some(best) = accept::coding(accepted.clone(), &left) {
        left.retain(|coding| *coding != best);
        order.push(own(best));
        if best == accept::Coding::Identity {
            break;
        }
    }
    Wish::new(order)
}

fn own(coding: accept::Coding) -> Coding {
    match coding {
        accept::Coding::Br => Coding::Br,
        accept::Coding::Zstd => Coding::Zstd,
        accept::Coding::Gzip => Coding::Gzip,
        accept::Coding::Identity => Coding::Identity,
    }
}

fn token(coding: Coding) -> Option<&'static str> {
    match coding {
        Coding::Br => Some("br"),
        Coding::Zstd => Some("zstd"),
        Coding::Gzip => Some("gzip"),
        Coding::Identity => None,
    }
}

/// What a variant is made of.
pub struct Parts<'a> {
    /// The path of the file, with the name of the index.
    pub path: &'a [u8],
    /// How it is encoded.
    pub coding: Coding,
    /// The state of the file that was read.
    pub mark: Mark,
    /// Whether it was compressed by us.
    pub packed: bool,
    /// Whether there are other encodings.
    pub varies: bool,
    /// What is in it.
    pub content: Content,
    /// Its length, if that is known.
    pub bytes: Option<u64>,
    /// When it was read.
    pub read: Instant,
}

impl Variant {
    /// A file in one encoding.
    pub fn new(parts: Parts<'_>, rules: &Rules) -> Variant {
        let Parts { path, coding, mark, packed, varies, content, bytes, read } = parts;
        let (length, stamp) = (mark.bytes, mark.stamp);
        let how = match (packed, token(coding)) {
            (true, _) => "-packed",
            (false, Some(token)) => &format!("-{token}"),
            (false, None) => "",
        };
        let etag = format!("{length:x}-{stamp:x}{how}");
        let modified = mark.dated.then(|| time(stamp));
        let mut common = format!("ETag: \"{etag}\"\r\n");
        if let Some(modified) = modified {
            let date = httpdate::fmt_http_date(modified.max(UNIX_EPOCH));
            let _ = write!(common, "Last-Modified: {date}\r\n");
        }
        let says = rules.headers.lines().any(|line| {
            let name = line.split(':').next().unwrap_or(line);
            name.eq_ignore_ascii_case("cache-control")
        });
        let _ = match rules.max_age {
            _ if says => Ok(()),
            None => write!(common, "Cache-Control: no-cache\r\n"),
            Some(seconds) => write!(common, "Cache-Control: max-age={seconds}\r\n"),
        };
        if varies {
            common.push_str("Vary: Accept-Encoding\r\n");
        }
        common.push_str(&rules.headers);
        let mut typed = format!("Content-Type: {}\r\n", media::of(path));
        if let Some(token) = token(coding) {
            let _ = write!(typed, "Content-Encoding: {token}\r\n");
        }
        let lines = format!("{typed}Accept-Ranges: bytes\r\n{common}").into_bytes().into();
        Variant { coding, content, bytes, read, etag, modified, typed, common, lines }
    }

    /// What conditions are held against.
    pub fn validators(&self) -> Validators<'_> {
        Validators { etag: Some(Tag::strong(self.etag.as_bytes())), modified: self.modified }
    }

    /// The lines of a response with a part of it, or without content.
    pub fn lines_with(&self, typed: bool, more: &str) -> Arc<[u8]> {
        let typed = if typed { self.typed.as_str() } else { "" };
        [typed, &self.common, more].concat().into_bytes().into()
    }

    /// The lines of a response that only borrows its content.
    pub fn lines_of_content(&self) -> Arc<[u8]> {
        self.typed.clone().into_bytes().into()
    }

    fn memory(&self) -> usize {
        let content = match &self.content {
            Content::Bytes(bytes) => bytes.len(),
            Content::Sealed(file) => file.mark().bytes as usize,
            Content::File(_) | Content::None => 0,
        };
        content + self.etag.len() + self.typed.len() + self.common.len() + self.lines.len()
    }
}

/// A stamp as the time that it is.
fn time(stamp: i64) -> SystemTime {
    let distance = Duration::from_nanos(stamp.unsigned_abs());
    let time =
        if stamp < 0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) };
    time.unwrap_or(UNIX_EPOCH)
}
