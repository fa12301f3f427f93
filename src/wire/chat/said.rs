//! Client lines: commands of visitors and agents, and text.

use super::{Bad, is_agent_name, is_name};
use crate::wire::Parse;

/// A line of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said<'a> {
    /// Blanks only.
    Nothing,
    /// Text for the other side.
    Text(&'a str),
    /// A visitor gives its name.
    Hello(&'a str),
    /// Asks for the length of the queue.
    Queue,
    /// A visitor leaves the queue or its chat.
    Leave,
    /// A rating from 1 to 5, and a comment.
    Rate(u8, &'a str),
    /// A visitor that was disconnected is back, and has received this many lines.
    Resume(&'a str, Option<u64>),
    /// Asks for the transcript so far.
    Transcript,
    /// Asks for a sign of life.
    Ping,
    /// Asks for the list of commands.
    Help,
    /// Closes the connection; `true` even if chats are open.
    Quit(bool),
    /// An agent signs in with its secret.
    Agent(&'a str, &'a str),
    /// An agent becomes available.
    Online,
    /// An agent takes no new chats, for this reason.
    Away(&'a str),
    /// An agent takes up to this many chats at a time.
    Cap(u32),
    /// Text for this chat.
    To(u32, &'a str),
    /// Text without a number goes to this chat from now on.
    Use(u32),
    /// Asks for the agent's own chats.
    List,
    /// Asks for the agents who are signed in.
    Agents,
    /// Ends a chat: this one, or the current one.
    Close(Option<u32>),
    /// Transfers a chat.
    Transfer(u32, Target<'a>),
    /// Asks for the transcript of this chat.
    History(u32),
    /// Asks for figures.
    Stats(Whose<'a>),
}

/// The destination of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    /// This agent.
    Agent(&'a str),
    /// The first agent who is free.
    Queue,
}

/// The subject of the figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose<'a> {
    /// The agent that asks.
    Me,
    /// All agents, in total and one by one.
    All,
    /// This agent.
    Agent(&'a str),
}

/// Parses a whole line; never returns [`Parse::More`].
pub fn said(line: &str) -> Parse<Said<'_>, Bad> {
    match parse(line) {
        Ok(said) => Parse::Done(said, line.len()),
        Err(bad) => Parse::Bad(bad),
    }
}

fn parse(line: &str) -> Result<Said<'_>, Bad> {
    let Some(command) = line.strip_prefix('/') else {
        return Ok(if line.trim().is_empty() { Said::Nothing } else { Said::Text(line) });
    };
    if command.starts_with('/') {
        return Ok(Said::Text(command));
    }
    let (word, rest) = word(command);
    match word {
        "hello" => name(only(rest)?).map(Said::Hello),
        "queue" => none(rest, Said::Queue),
        "leave" => none(rest, Said::Leave),
        "rate" => rate(rest),
        "resume" => resume(rest),
        "transcript" => none(rest, Said::Transcript),
        "ping" => Ok(Said::Ping),
        "help" => Ok(Said::Help),
        "quit" => none(rest, Said::Quit(false)),
        "quit!" => none(rest, Said::Quit(true)),
        "agent" => agent(rest),
        "online" => none(rest, Said::Online),
        "away" => Ok(Said::Away(rest)),
        "cap" => number(only(rest)?).map(Said::Cap),
        "to" => to(rest),
        "use" => number(only(rest)?).map(Said::Use),
        "list" => none(rest, Said::List),
        "agents" => none(rest, Said::Agents),
        "close" if rest.is_empty() => Ok(Said::Close(None)),
        "close" => number(only(rest)?).map(|chat| Said::Close(Some(chat))),
        "transfer" => transfer(rest),
        "history" => number(only(rest)?).map(Said::History),
        "stats" => stats(rest),
        _ => Err(Bad::Command),
    }
}

/// Splits off the first word and the blanks after it.
fn word(text: &str) -> (&str, &str) {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    (word, rest.trim())
}

/// Returns the only argument.
fn only(rest: &str) -> Result<&str, Bad> {
    if rest.is_empty() { Err(Bad::Arguments) } else { Ok(rest) }
}

fn none<'a>(rest: &str, said: Said<'a>) -> Result<Said<'a>, Bad> {
    if rest.is_empty() { Ok(said) } else { Err(Bad::Arguments) }
}

fn name(text: &str) -> Result<&str, Bad> {
    if is_name(text) { Ok(text) } else { Err(Bad::Name) }
}

fn agent_name(text: &str) -> Result<&str, Bad> {
    if is_agent_name(text) { Ok(text) } else { Err(Bad::Name) }
}

/// Parses digits only: `+5` is refused.
fn number(text: &str) -> Result<u32, Bad> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| digits).ok_or(Bad::Arguments)
}

fn rate(rest: &str) -> Result<Said<'_>, Bad> {
    let (stars, comment) = word(only(rest)?);
    match stars.as_bytes() {
        [digit @ b'1'..=b'5'] => Ok(Said::Rate(digit - b'0', comment)),
        _ => Err(Bad::Rating),
    }
}

fn resume(rest: &str) -> Result<Said<'_>, Bad> {
    let (token, rest) = word(only(rest)?);
    if rest.is_empty() {
        return Ok(Said::Resume(token, None));
    }
    let since = rest.strip_prefix("since=").ok_or(Bad::Arguments)?;
    number(since).map(|since| Said::Resume(token, Some(since.into())))
}

fn agent(rest: &str) -> Result<Said<'_>, Bad> {
    let (who, secret) = word(only(rest)?);
    Ok(Said::Agent(agent_name(who)?, only(secret)?))
}

fn to(rest: &str) -> Result<Said<'_>, Bad> {
    let (chat, text) = word(only(rest)?);
    Ok(Said::To(number(chat)?, only(text)?))
}

fn transfer(rest: &str) -> Result<Said<'_>, Bad> {
    let (chat, target) = word(only(rest)?);
    let target = match only(target)? {
        "queue" => Target::Queue,
        who => Target::Agent(agent_name(who)?),
    };
    Ok(Said::Transfer(number(chat)?, target))
}

fn stats(rest: &str) -> Result<Said<'_>, Bad> {
    match rest {
        "" | "me" => Ok(Said::Stats(Whose::Me)),
        "all" => Ok(Said::Stats(Whose::All)),
        who => agent_name(who).map(|who| Said::Stats(Whose::Agent(who))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_is_read() {
        for (line, said) in [
            ("hello", Said::Text("hello")),
            (" x", Said::Text(" x")),
            ("", Said::Nothing),
            ("  ", Said::Nothing),
            ("//etc", Said::Text("/etc")),
            ("/hello Ann", Said::Hello("Ann")),
            ("/hello  Ann ", Said::Hello("Ann")),
            ("/hello Mary Ann", Said::Hello("Mary Ann")),
            ("/queue", Said::Queue),
            ("/leave", Said::Leave),
            ("/rate 5", Said::Rate(5, "")),
            ("/rate 1 so so", Said::Rate(1, "so so")),
            ("/resume abc", Said::Resume("abc", None)),
            ("/resume abc since=12", Said::Resume("abc", Some(12))),
            ("/quit", Said::Quit(false)),
            ("/quit!", Said::Quit(true)),
            ("/agent bo pass word", Said::Agent("bo", "pass word")),
            ("/away", Said::Away("")),
            ("/away at lunch", Said::Away("at lunch")),
            ("/cap 3", Said::Cap(3)),
            ("/to 7 hi there", Said::To(7, "hi there")),
            ("/use 7", Said::Use(7)),
            ("/close", Said::Close(None)),
            ("/close 7", Said::Close(Some(7))),
            ("/transfer 7 queue", Said::Transfer(7, Target::Queue)),
            ("/transfer 7 bo", Said::Transfer(7, Target::Agent("bo"))),
            ("/history 7", Said::History(7)),
            ("/stats", Said::Stats(Whose::Me)),
            ("/stats all", Said::Stats(Whose::All)),
            ("/stats bo", Said::Stats(Whose::Agent("bo"))),
        ] {
            assert_eq!(parse(line), Ok(said), "{line}");
        }
    }

    #[test]
    fn anything_else_has_its_reason() {
        for (line, bad) in [
            ("/", Bad::Command),
            ("/dance", Bad::Command),
            ("/HELLO x", Bad::Command),
            ("/hello", Bad::Arguments),
            ("/hello a  b", Bad::Name),
            ("/hello a b=c", Bad::Name),
            ("/hello \u{200b}", Bad::Name),
            ("/transfer 7 b o", Bad::Name),
            ("/stats b o", Bad::Name),
            ("/hello a|b", Bad::Name),
            ("/rate", Bad::Arguments),
            ("/rate 6", Bad::Rating),
            ("/rate 0", Bad::Rating),
            ("/resume", Bad::Arguments),
            ("/resume t since=-1", Bad::Arguments),
            ("/resume t from=1", Bad::Arguments),
            ("/agent bo", Bad::Arguments),
            ("/cap +5", Bad::Arguments),
            ("/cap 99999999999", Bad::Arguments),
            ("/to 7", Bad::Arguments),
            ("/to x hi", Bad::Arguments),
            ("/transfer 7", Bad::Arguments),
            ("/queue now", Bad::Arguments),
        ] {
            assert_eq!(parse(line), Err(bad), "{line}");
        }
    }
}
