//! Reasons to refuse a line.

use crate::wire::reason::reasons;

reasons! {
    /// The reason why a line was refused. The status is the code of the reply.
    pub enum Bad {
        TooLong = 413, "line-too-long", "the chat protocol",
            "A line has at most 4096 bytes before its ending.";
        Encoding = 422, "invalid-utf8", "RFC 3629 §3",
            "A line is UTF-8; this one was dropped.";
        Command = 400, "unknown-command", "the chat protocol",
            "There is no such command; /help lists them.";
        Arguments = 400, "bad-arguments", "the chat protocol",
            "The command takes other arguments; /help shows them.";
        Name = 400, "bad-name", "the chat protocol",
            "A name has 1 to 32 characters, one blank between words, and none of <>|#:, in it.";
        Rating = 400, "bad-rating", "the chat protocol",
            "A rating is a number from 1 to 5.";
        ServerLine = 400, "bad-server-line", "the chat protocol",
            "A line of a server begins with +OK, -ERR, a star, < or a blank.";
    }
}
