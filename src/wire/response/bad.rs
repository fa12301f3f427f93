//! Why a response head was refused: one reason for each strict rule.
//!
//! After any of them nothing more is read from the connection. Where one is passed on to a client
//! of ours, it is the gateway's fault.

use crate::wire::http::{framing, lines};
use crate::wire::reason::reasons;

reasons! {
    /// Why a response head was refused.
    pub enum Bad {
        VersionSyntax = 502, "version-syntax", "RFC 9112 §2.3",
            "The status line does not begin with a version of the form HTTP/1.1.";
        VersionUnsupported = 502, "version-unsupported", "RFC 9110 §2.5",
            "Only HTTP/1.0 and HTTP/1.1 are spoken here.";
        StatusLine = 502, "status-line", "RFC 9112 §4",
            "The status line is not a version, a status code and a reason between single blanks.";
        StatusCode = 502, "status-code", "RFC 9110 §15",
            "The status code is not a number from 100 to 599.";
        ReasonByte = 502, "reason-byte", "RFC 9112 §4",
            "The reason phrase holds a control byte.";
        Upgraded = 502, "unasked-upgrade", "RFC 9110 §15.2.2",
            "The server switches to a protocol that nobody asked for.";
        BareLf = 502, "bare-lf", "RFC 9112 §2.2",
            "A line of the response head ends in LF without CR.";
        BareCr = 502, "bare-cr", "RFC 9112 §2.2",
            "The response head holds a CR that is not followed by LF.";
        LeadingBlank = 502, "leading-blank", "RFC 9112 §2.2",
            "Blanks stand between the status line and the first field.";
        ObsFold = 502, "obs-fold", "RFC 9112 §5.2",
            "A field value is continued on a second line.";
        FieldName = 502, "field-name", "RFC 9110 §5.1",
            "A field line does not begin with a token and a colon.";
        SpaceBeforeColon = 502, "space-before-colon", "RFC 9112 §5.1",
            "A blank stands between a field name and its colon.";
        ValueByte = 502, "value-byte", "RFC 9110 §5.5",
            "A field value holds NUL or another control byte.";
        HeadTooLarge = 502, "head-too-large", "RFC 9110 §5.4",
            "The response head is larger than this client accepts.";
        TooManyFields = 502, "too-many-fields", "RFC 9110 §5.4",
            "The response head has more fields than this client accepts.";
        LengthInvalid = 502, "length-invalid", "RFC 9112 §6.3",
            "Content-Length is not a plain decimal number.";
        LengthTooLarge = 502, "length-too-large", "RFC 9110 §8.6",
            "Content-Length is a number that does not fit into 64 bits.";
        LengthRepeated = 502, "length-repeated", "RFC 9112 §6.3",
            "Content-Length is given more than once.";
        LengthAndCoding = 502, "length-and-coding", "RFC 9112 §6.3",
            "Content-Length and Transfer-Encoding exclude each other.";
        CodingNotFinal = 502, "coding-not-final", "RFC 9112 §6.3",
            "Transfer-Encoding does not end in exactly one chunked.";
        CodingUnknown = 502, "coding-unknown", "RFC 9112 §6.1",
            "Transfer-Encoding names a coding other than chunked.";
        CodingBeforeHttp11 = 502, "coding-before-http-1-1", "RFC 9112 §6.1",
            "Transfer-Encoding is not defined in HTTP/1.0.";
    }
}

impl From<lines::Wrong> for Bad {
    fn from(wrong: lines::Wrong) -> Bad {
        match wrong {
            lines::Wrong::BareLf => Bad::BareLf,
            lines::Wrong::BareCr => Bad::BareCr,
            lines::Wrong::LeadingBlank => Bad::LeadingBlank,
            lines::Wrong::ObsFold => Bad::ObsFold,
            lines::Wrong::FieldName => Bad::FieldName,
            lines::Wrong::SpaceBeforeColon => Bad::SpaceBeforeColon,
            lines::Wrong::ValueByte => Bad::ValueByte,
            lines::Wrong::TooManyFields => Bad::TooManyFields,
        }
    }
}

impl From<framing::Wrong> for Bad {
    fn from(wrong: framing::Wrong) -> Bad {
        match wrong {
            framing::Wrong::LengthInvalid => Bad::LengthInvalid,
            framing::Wrong::LengthTooLarge => Bad::LengthTooLarge,
            framing::Wrong::LengthRepeated => Bad::LengthRepeated,
            framing::Wrong::LengthAndCoding => Bad::LengthAndCoding,
            framing::Wrong::CodingNotFinal => Bad::CodingNotFinal,
            framing::Wrong::CodingUnknown => Bad::CodingUnknown,
            framing::Wrong::CodingBeforeHttp11 => Bad::CodingBeforeHttp11,
        }
    }
}
