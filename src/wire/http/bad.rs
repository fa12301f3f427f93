//! Reasons to refuse a head: one for each strict rule, of requests and of responses.
//!
//! After any of them nothing more is parsed on the connection (RFC 9112 §9.6), because a reader
//! that disagrees about one head disagrees about every later byte too. The statuses are those of a
//! refused request; a refused response is always a fault of the gateway.

use crate::wire::reason::reasons;
use crate::wire::target;

reasons! {
    /// The reason why a head was refused.
    pub enum Bad {
        EmptyLines = 400, "empty-lines", "RFC 9112 §2.2",
            "More than two empty lines stand before the request line.";
        BareLf = 400, "bare-lf", "RFC 9112 §2.2",
            "A line of the head ends in LF without CR.";
        BareCr = 400, "bare-cr", "RFC 9112 §2.2",
            "The head holds a CR that is not followed by LF.";
        RequestLine = 400, "request-line", "RFC 9112 §3",
            "The request line is not a method, a target and a version with one blank between them.";
        MethodByte = 400, "method-byte", "RFC 9110 §9.1",
            "The method holds a byte that is not allowed in a token.";
        MethodTooLong = 501, "method-too-long", "RFC 9112 §3",
            "The method is longer than any method this server implements.";
        TargetByte = 400, "target-byte", "RFC 3986 §3.3",
            "The request target holds a byte that must be percent-encoded.";
        TargetFragment = 400, "target-fragment", "RFC 9112 §3.2",
            "The request target has a fragment, which is never sent.";
        TargetForm = 400, "target-form", "RFC 9112 §3.2",
            "The request target has none of the forms that its method allows.";
        TargetAuthority = 400, "target-authority", "RFC 9112 §3.2.2",
            "The authority of the request target is not a valid host and port.";
        TargetTooLong = 414, "target-too-long", "RFC 9110 §15.5.15",
            "The request target is longer than this server accepts.";
        VersionSyntax = 400, "version-syntax", "RFC 9112 §2.3",
            "The first line has no version of the form HTTP/1.1 at its end.";
        VersionUnsupported = 505, "version-unsupported", "RFC 9110 §15.6.6",
            "This server implements only HTTP/1.0 and HTTP/1.1.";
        StatusLine = 502, "status-line", "RFC 9112 §4",
            "The status line is not a version, a status code and a reason between single blanks.";
        StatusCode = 502, "status-code", "RFC 9110 §15",
            "The status code is not a number from 100 to 999.";
        ReasonByte = 502, "reason-byte", "RFC 9112 §4",
            "The reason phrase holds a control byte.";
        Upgraded = 502, "unasked-upgrade", "RFC 9110 §15.2.2",
            "The server switches to a protocol that was not requested.";
        LeadingBlank = 400, "leading-blank", "RFC 9112 §2.2",
            "Blanks stand between the first line and the first field.";
        ObsFold = 400, "obs-fold", "RFC 9112 §5.2",
            "A field value is continued on a second line.";
        FieldName = 400, "field-name", "RFC 9110 §5.1",
            "A field line does not begin with a token and a colon.";
        SpaceBeforeColon = 400, "space-before-colon", "RFC 9112 §5.1",
            "A blank stands between a field name and its colon.";
        ValueByte = 400, "value-byte", "RFC 9110 §5.5",
            "A field value holds NUL or another control byte.";
        HeadTooLarge = 431, "head-too-large", "RFC 6585 §5",
            "The head is larger than this server accepts.";
        TooManyFields = 431, "too-many-fields", "RFC 6585 §5",
            "The head has more fields than this server accepts.";
        HostMissing = 400, "host-missing", "RFC 9112 §3.2",
            "An HTTP/1.1 request must have a Host field.";
        HostEmpty = 400, "host-empty", "RFC 9110 §7.2",
            "The Host field is empty.";
        HostRepeated = 400, "host-repeated", "RFC 9112 §3.2",
            "The request has more than one Host field.";
        HostInvalid = 400, "host-invalid", "RFC 9112 §3.2",
            "The Host field is not a valid host and port.";
        LengthInvalid = 400, "length-invalid", "RFC 9112 §6.3",
            "Content-Length is not a plain decimal number.";
        LengthTooLarge = 400, "length-too-large", "RFC 9110 §8.6",
            "Content-Length is a number that does not fit into 64 bits.";
        LengthRepeated = 400, "length-repeated", "RFC 9112 §6.3",
            "Content-Length is given more than once.";
        LengthAndCoding = 400, "length-and-coding", "RFC 9112 §6.3",
            "Content-Length and Transfer-Encoding exclude each other.";
        CodingNotFinal = 400, "coding-not-final", "RFC 9112 §6.3",
            "Transfer-Encoding does not end in exactly one chunked.";
        CodingUnknown = 501, "coding-unknown", "RFC 9112 §6.1",
            "Transfer-Encoding names a coding other than chunked.";
        CodingBeforeHttp11 = 400, "coding-before-http-1-1", "RFC 9112 §6.1",
            "Transfer-Encoding is not defined in HTTP/1.0.";
        ExpectationFailed = 417, "expectation-failed", "RFC 9110 §10.1.1",
            "Expect asks for something other than 100-continue.";
    }
}

impl From<target::Bad> for Bad {
    fn from(bad: target::Bad) -> Bad {
        match bad {
            target::Bad::Fragment => Bad::TargetFragment,
            target::Bad::Authority => Bad::TargetAuthority,
            target::Bad::Form => Bad::TargetForm,
            // The other reasons are about decoding, which a head does not do.
            target::Bad::Byte
            | target::Bad::Escape
            | target::Bad::Nul
            | target::Bad::EncodedSlash
            | target::Bad::ParentSegment => Bad::TargetByte,
        }
    }
}
