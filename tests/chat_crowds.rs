//! The chat on the simulated kernel, beyond stories: disconnected clients that lose and repeat
//! nothing, bad neighbours without effect on others, days and months that end.

#![allow(clippy::unwrap_used)]

mod util;

use fastrand::Rng;
use pentad::limits::{self, Limits};
use pentad::service::Kind;
use std::time::{Duration, UNIX_EPOCH};
use util::fake::{Client, TestNet};

/// A client that keeps the received lines.
struct Talker {
    client: Client,
    heard: Vec<u8>,
}

impl Talker {
    fn connect(street: &mut TestNet, room: usize) -> Talker {
        let client = street.connect(Kind::Chat, room).expect("there is room");
        Talker { client, heard: Vec::new() }
    }

    fn say(&self, line: &str) {
        self.client.send(format!("{line}\n").as_bytes());
    }

    /// Returns the complete lines received so far.
    fn lines(&mut self, most: usize) -> Vec<String> {
        self.heard.extend(self.client.receive(most));
        let end = self.heard.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let whole = self.heard.drain(..end).collect::<Vec<_>>();
        String::from_utf8(whole).unwrap().lines().map(str::to_string).collect()
    }

    fn all(&mut self, street: &mut TestNet) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            street.settle();
            let more = self.lines(usize::MAX);
            if more.is_empty() && self.client.0.borrow().outbound.is_empty() {
                return lines;
            }
            lines.extend(more);
        }
    }
}

fn agent(street: &mut TestNet, name: &str, capacity: u32) -> Talker {
    let mut agent = Talker::connect(street, usize::MAX);
    agent.say(&format!("/agent {name} {name}"));
    agent.say(&format!("/cap {capacity}"));
    agent.say("/online");
    agent.all(street);
    agent
}

/// A visitor that is disconnected at any byte, again and again.
struct Unlucky {
    talker: Option<Talker>,
    chat: u32,
    token: String,
    received: Vec<u32>,
    sent: u32,
}

impl Unlucky {
    fn listen(&mut self, most: usize) {
        let Some(talker) = &mut self.talker else { return };
        for line in talker.lines(most) {
            self.received.extend(line.strip_prefix("<bo> ").map(|n| n.parse::<u32>().unwrap()));
        }
    }
}

#[test]
fn ten_thousand_messages_survive_cuts_without_loss_or_repeat() {
    let mut street = TestNet::new(Limits::default(), 64, 1);
    let rng = &mut Rng::with_seed(5);
    let mut bo = agent(&mut street, "bo", 8);
    let mut visitors = (1..=8).map(|chat| {
        let mut talker = Talker::connect(&mut street, usize::MAX);
        talker.say(&format!("/hello v{chat}"));
        let hello = talker.all(&mut street).join(" ");
        let token = hello.split("token=").nth(1).unwrap()[..32].to_string();
        Unlucky { talker: Some(talker), chat, token, received: Vec::new(), sent: 0 }
    });
    let mut visitors = visitors.by_ref().collect::<Vec<_>>();
    let (mut sent, mut heard) = ([0_u32; 9], vec![Vec::new(); 9]);
    while sent.iter().sum::<u32>() < 10_000 {
        street.advance(Duration::from_millis(25));
        let visitor = rng.choice(&mut visitors).unwrap();
        sent[visitor.chat as usize] += 1;
        bo.say(&format!("/to {} {}", visitor.chat, sent[visitor.chat as usize]));
        match (&visitor.talker, rng.u8(..20)) {
            (Some(talker), 0) => {
                // Disconnected with a part of the pending output read.
                street.turn(|| true);
                talker.client.reset();
                visitor.talker = None;
            }
            (Some(talker), 1..4) => {
                visitor.sent += 1;
                talker.say(&visitor.sent.to_string());
            }
            (None, 0..8) => {
                let room = if rng.bool() { usize::MAX } else { rng.usize(1..300) };
                let talker = Talker::connect(&mut street, room);
                talker.say(&format!("/resume {} since={}", visitor.token, visitor.received.len()));
                visitor.talker = Some(talker);
            }
            (Some(_), _) => visitor.listen(rng.usize(..200)),
            (None, _) => {}
        }
        street.turn(|| true);
        for line in bo.lines(usize::MAX) {
            assert!(!line.starts_with("-ERR"), "{line}");
            let Some((chat, rest)) = line.strip_prefix('<').and_then(|l| l.split_once('|')) else {
                continue;
            };
            let number = rest.split_once("> ").unwrap().1.parse::<u32>().unwrap();
            heard[chat.parse::<usize>().unwrap()].push(number);
        }
    }
    for visitor in &mut visitors {
        if visitor.talker.is_none() {
            let talker = Talker::connect(&mut street, usize::MAX);
            talker.say(&format!("/resume {} since={}", visitor.token, visitor.received.len()));
            visitor.talker = Some(talker);
        }
        for _ in 0..2000 {
            street.settle();
            visitor.listen(usize::MAX);
        }
        let all = (1..=sent[visitor.chat as usize]).collect::<Vec<_>>();
        assert_eq!(visitor.received, all, "the messages of chat {}", visitor.chat);
        // Pending text of a visitor may be lost when it is disconnected, but nothing else.
        assert!(heard[visitor.chat as usize].is_sorted_by(|a, b| a < b));
    }
}

#[test]
fn a_flooding_and_a_deaf_neighbour_delay_nobody() {
    let mut street = TestNet::new(Limits::default(), 64, 1);
    let mut bo = agent(&mut street, "bo", 10);
    let mut visitors = Vec::new();
    for number in 1..=10 {
        // The second one reads nothing after its banner.
        let room = if number == 2 { 300 } else { usize::MAX };
        let talker = Talker::connect(&mut street, room);
        talker.say(&format!("/hello v{number}"));
        visitors.push(talker);
        street.settle();
    }
    let token = |talker: &mut Talker| {
        let hello = talker.lines(usize::MAX).join(" ");
        hello.split("token=").nth(1).unwrap()[..32].to_string()
    };
    let deaf = token(&mut visitors[1]);
    bo.all(&mut street);
    let text = "x".repeat(4000);
    for round in 0..40 {
        street.advance(Duration::from_millis(500));
        for _ in 0..100 {
            visitors[0].say("and another thing");
        }
        bo.say(&format!("/to 2 {text}"));
        bo.say(&format!("/to 3 round {round}"));
        // One turn to read it, with everything from the neighbours; the message is sent in the same
        // turn.
        street.turn(|| true);
        let heard = visitors[2].lines(usize::MAX);
        assert_eq!(heard.last(), Some(&format!("<bo> round {round}")), "{heard:?}");
        visitors[3].say(&format!("answer {round}"));
        street.turn(|| true);
        let told = bo.lines(usize::MAX);
        assert!(told.iter().any(|line| line.ends_with(&format!("> answer {round}"))));
        let flood = told.iter().filter(|line| line.ends_with("and another thing")).count();
        assert!(flood <= 13, "{flood} of a flood in half a second");
    }
    let told = visitors[0].lines(usize::MAX);
    assert!(told.iter().filter(|line| line.starts_with("-ERR 429")).count() > 1000);
    // The flood has lasted twenty seconds; the limit is thirty.
    for _ in 0..24 {
        street.advance(Duration::from_millis(500));
        (0..100).for_each(|_| visitors[0].say("and another thing"));
        street.settle();
    }
    assert_eq!(visitors[0].all(&mut street).last().unwrap(), "* BYE reason=flood");
    assert!(visitors[0].client.at_end());
    // The client that did not read was disconnected with bounded memory, and gets everything when
    // it resumes.
    let mut back = Talker::connect(&mut street, usize::MAX);
    back.say(&format!("/resume {deaf} since=0"));
    let lines = back.all(&mut street);
    assert!(lines.contains(&"* REPLAY n=40".to_string()), "{:?}", &lines[..4]);
    assert_eq!(lines.iter().filter(|line| line.ends_with(&text)).count(), 40);
    assert!(40 * text.len() > limits::CHAT_SLOW);
}

/// Returns the first lines of an agent's screen.
fn screen(bo: &mut Talker, street: &mut TestNet) -> [String; 4] {
    bo.say("/stats me");
    let lines = bo.all(street);
    let value = |name: &str| {
        let line = lines.iter().find_map(|line| line.strip_prefix(&format!(" {name}: ")));
        line.unwrap().to_string()
    };
    [
        value("Date and Time"),
        value("Clients Attended Today"),
        value("Clients Attended Month"),
        value("Total Clients Serviced"),
    ]
}

#[test]
fn a_chat_counts_on_the_day_on_which_it_ends() {
    let mut street = TestNet::new(Limits::default(), 16, 1);
    // 2026-01-30, a minute before midnight.
    street.reactor.context.wall = UNIX_EPOCH + Duration::from_secs(1_769_817_540);
    let mut bo = agent(&mut street, "bo", 1);
    let chat = |street: &mut TestNet, bo: &mut Talker, lasts: Duration| {
        let mut ann = Talker::connect(street, usize::MAX);
        ann.say("/hello ann");
        ann.all(street);
        street.advance(lasts);
        bo.say("/close");
        bo.all(street);
        assert!(ann.all(street).iter().any(|line| line.starts_with("* ENDED")));
        ann.say("/quit");
        ann.all(street);
    };
    let second = Duration::from_secs(1);
    chat(&mut street, &mut bo, second);
    let [time, figures @ ..] = screen(&mut bo, &mut street);
    assert_eq!(
        (time.as_str(), figures),
        ("2026-01-30 23:59:01", ["1", "1", "1"].map(String::from))
    );
    // The chat begins on the 30th and ends on the 31st.
    chat(&mut street, &mut bo, 60 * second);
    let [time, figures @ ..] = screen(&mut bo, &mut street);
    assert_eq!(
        (time.as_str(), figures),
        ("2026-01-31 00:00:01", ["1", "2", "2"].map(String::from))
    );
    street.advance(86_400 * second);
    let [time, figures @ ..] = screen(&mut bo, &mut street);
    assert_eq!(
        (time.as_str(), figures),
        ("2026-02-01 00:00:01", ["0", "0", "2"].map(String::from))
    );
    chat(&mut street, &mut bo, second);
    let [_, figures @ ..] = screen(&mut bo, &mut street);
    assert_eq!(figures, ["1", "1", "3"].map(String::from));
}

/// Receives a client's output; returns its lines and the maximum bytes sent in one turn.
fn unrolled(street: &mut TestNet, talker: &mut Talker) -> (Vec<String>, usize) {
    let (mut lines, mut most) = (Vec::new(), 0);
    loop {
        street.turn(|| true);
        street.advance(Duration::from_millis(1));
        let bytes = talker.client.0.borrow().outbound.len();
        if bytes == 0 {
            return (lines, most);
        }
        most = most.max(bytes);
        lines.extend(talker.lines(usize::MAX));
    }
}

#[test]
fn a_long_conversation_goes_out_piece_by_piece_and_whole() {
    let mut street = TestNet::new(Limits::default(), 16, 1);
    let mut bo = agent(&mut street, "bo", 1);
    let mut ann = Talker::connect(&mut street, usize::MAX);
    ann.say("/hello ann");
    let hello = ann.all(&mut street).join(" ");
    let token = hello.split("token=").nth(1).unwrap()[..32].to_string();
    bo.all(&mut street);
    let text = "x".repeat(4000);
    for _ in 0..400 {
        street.advance(Duration::from_millis(100));
        bo.say(&text);
        street.settle();
        ann.lines(usize::MAX);
    }
    let whole = |lines: &[String]| lines.iter().filter(|line| line.ends_with(&text)).count();
    bo.say("/history 1");
    street.turn(|| true);
    ann.say("meanwhile");
    let (lines, most) = unrolled(&mut street, &mut bo);
    assert!(most < 256 * 1024, "{most} bytes at a time");
    assert_eq!((lines[0].as_str(), whole(&lines[1..401])), ("+OK 215 lines=400", 400));
    assert!(lines[401].ends_with("> meanwhile"), "what happens meanwhile comes behind the list");
    assert_eq!(lines.len(), 402);

    ann.client.reset();
    street.settle();
    let mut ann = Talker::connect(&mut street, usize::MAX);
    ann.say(&format!("/resume {token} since=0"));
    let (lines, most) = unrolled(&mut street, &mut ann);
    assert!(most < 256 * 1024, "{most} bytes at a time");
    let replay = lines.iter().position(|line| line == "* REPLAY n=400").unwrap();
    assert_eq!(whole(&lines[replay + 1..replay + 401]), 400);

    // A slow reader also gets all of it, and can send again after that.
    bo.client.reset();
    let mut slow = Talker::connect(&mut street, 8192);
    slow.say("/agent bo bo");
    slow.say("/history 1");
    slow.say("/ping");
    let (lines, _) = unrolled(&mut street, &mut slow);
    assert_eq!(whole(&lines), 400);
    assert_eq!(lines.last().unwrap(), "+OK 200 pong");
}
