//! The roles of a caller, and the commands of each.

use super::lobby::Visit;

/// The role of a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Unknown,
    Visitor(Visit),
    Agent(usize),
}

impl Role {
    /// Returns the list of commands.
    pub(super) fn help(self) -> &'static [&'static str] {
        match self {
            Role::Unknown => &[
                "/hello NAME            ask for an agent, as does a line of text. A name has 1 to \
                 32 characters, one blank between words, none of <>|#:, and does not look like an \
                 agent's",
                "/resume TOKEN since=N  resume a session after N received lines",
                "/agent NAME SECRET     sign in as an agent",
                "/ping /help /quit",
            ],
            Role::Visitor(_) => &[
                "/queue                 show your position",
                "/leave                 leave the queue or the chat",
                "/rate N [comment]      rate the chat when it is over, 1 to 5",
                "/transcript            show the transcript",
                "/ping /help /quit",
                "anything else is text; //text begins with a slash",
            ],
            Role::Agent(_) => &[
                "/online /away [reason] take chats, or no new ones",
                "/cap N                 take up to N chats at a time",
                "/to CHAT text          send text to a chat",
                "/use CHAT              make it the chat for text without a number",
                "/list /queue /agents   show your chats, waiting visitors, your colleagues",
                "/close [CHAT]          end a chat",
                "/transfer CHAT AGENT   hand a chat to another agent, or back to the queue",
                "/history CHAT          show its transcript",
                "/stats [me|all|NAME]   show figures",
                "/quit /quit!           sign out; with ! your visitors return to the queue",
            ],
        }
    }
}
