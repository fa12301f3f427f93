//! A client of the JSON services, on the simulated kernel.

use super::fake::{Client, TestNet};
use pentad::limits::Limits;
use pentad::service::Kind;
use pentad::service::http::ListenerRole;
use serde_json::Value;

pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn field(&self, name: &str) -> Option<&str> {
        let prefix = format!("{name}: ");
        self.head.lines().find_map(|line| line.strip_prefix(prefix.as_str()))
    }

    /// Returns the detail of a problem with this status.
    pub fn problem(&self, status: u16) -> String {
        assert_eq!((self.status, self.field("Content-Type")), (status, Some(PROBLEM)));
        self.json()["detail"].as_str().unwrap().to_string()
    }
}

const PROBLEM: &str = "application/problem+json";

/// A client on a street of its own.
pub struct Place {
    pub street: TestNet,
    pub client: Client,
}

impl Place {
    pub fn new() -> Place {
        let mut street = TestNet::new(Limits::default(), 16, 1);
        let client = street.connect(Kind::Http(ListenerRole::Web), usize::MAX).unwrap();
        Place { street, client }
    }

    pub fn send(&mut self, request: &str, prefer: &str, body: &str) {
        let length = body.len();
        let prefer = if prefer.is_empty() { "" } else { &format!("Prefer: {prefer}\r\n") };
        let text = format!(
            "{request} HTTP/1.1\r\nHost: a\r\n{prefer}Content-Length: {length}\r\n\r\n{body}"
        );
        self.client.send(text.as_bytes());
        self.turns();
    }

    /// Runs turns of the loop in which no job is done.
    pub fn turns(&mut self) {
        for _ in 0..4 {
            self.street.turn(|| true);
        }
    }

    pub fn receive(&mut self) -> Option<Answer> {
        let text = String::from_utf8(self.client.receive(usize::MAX)).unwrap();
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head[9..12].parse().unwrap();
        Some(Answer { status, head: head.to_string(), body: body.to_string() })
    }

    pub fn ask(&mut self, request: &str, body: &str) -> Answer {
        self.send(request, "", body);
        if let Some(answer) = self.receive() {
            return answer;
        }
        self.work();
        self.receive().expect("an answer when all is done")
    }

    /// Begins a search that takes a while, without waiting for it; returns its path.
    pub fn begin(&mut self, body: &str) -> String {
        self.send("POST /api/pow/solve", "wait=0", body);
        let answer = self.receive().unwrap();
        assert_eq!(answer.status, 202, "{}", answer.body);
        let path = answer.field("Location").unwrap().to_string();
        let id = path.strip_prefix("/api/pow/jobs/").unwrap();
        assert_eq!((id.len(), answer.json()["id"].as_str()), (16, Some(id)));
        path
    }

    pub fn state(&mut self, path: &str) -> String {
        let answer = self.ask(&format!("GET {path}"), "");
        assert_eq!(answer.status, 200);
        answer.json()["state"].as_str().unwrap().to_string()
    }

    /// Runs all waiting jobs, with real searches.
    pub fn work(&mut self) {
        self.street.settle();
    }

    pub fn jobs(&self) -> usize {
        self.street.reactor.outside.jobs.len()
    }
}
