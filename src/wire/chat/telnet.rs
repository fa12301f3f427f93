//! The telnet filter: removes option negotiation from the input.
//!
//! ```text
//!   Data ─IAC→ Command ─WILL WONT DO DONT→ Option ─any→ Data
//!     ▲          ├─ IAC: the byte 255 itself ──────────▶ Data
//!     │          ├─ SB → Sub ─IAC→ SubCommand ─SE→ Data
//!     └──────────┴─ any other command
//! ```
//! One state is kept between bytes, so sequences may be cut anywhere. Nothing is answered, which
//! RFC 854 treats as a refusal in the end.

/// Interpret as command (RFC 854).
const IAC: u8 = 255;
const SE: u8 = 240;
const SB: u8 = 250;
const WILL: u8 = 251;
const DONT: u8 = 254;

/// The position of the filter in a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Telnet {
    /// Outside any sequence.
    #[default]
    Data,
    /// After IAC.
    Command,
    /// After WILL, WONT, DO or DONT.
    Option,
    /// In a subnegotiation.
    Sub,
    /// After IAC in a subnegotiation.
    SubCommand,
}

impl Telnet {
    /// Consumes one byte and returns it if it is data.
    pub fn filter(&mut self, byte: u8) -> Option<u8> {
        let (next, data) = match (*self, byte) {
            (Telnet::Data, IAC) => (Telnet::Command, None),
            (Telnet::Data, byte) => (Telnet::Data, Some(byte)),
            (Telnet::Command, IAC) => (Telnet::Data, Some(IAC)),
            (Telnet::Command, SB) => (Telnet::Sub, None),
            (Telnet::Command, WILL..=DONT) => (Telnet::Option, None),
            (Telnet::Command | Telnet::Option, _) => (Telnet::Data, None),
            (Telnet::Sub, IAC) => (Telnet::SubCommand, None),
            (Telnet::SubCommand, SE) => (Telnet::Data, None),
            (Telnet::Sub | Telnet::SubCommand, _) => (Telnet::Sub, None),
        };
        *self = next;
        data
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_vanish_wherever_they_are() {
        let filtered = |bytes: &[u8]| {
            let mut telnet = Telnet::default();
            bytes.iter().filter_map(|byte| telnet.filter(*byte)).collect::<Vec<_>>()
        };
        assert_eq!(filtered(b"a\xff\xfb\x1fb"), b"ab", "WILL NAWS");
        assert_eq!(filtered(b"a\xff\xf1b"), b"ab", "NOP");
        assert_eq!(filtered(b"a\xff\xffb"), b"a\xffb", "an escaped 255");
        assert_eq!(filtered(b"a\xff\xfa\x18\0x\n\xff\xff\xff\xf0b"), b"ab", "a subnegotiation");
        assert_eq!(filtered(b"a\xff"), b"a");
    }
}
