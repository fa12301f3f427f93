//! Agents who may sign in to the chat: from text to data.
//!
//! Secrets leave here as their hashes.

use crate::limits;
use crate::service::chat::Account;
use crate::wire::chat::is_agent_name;
use sha2::{Digest, Sha256};
use std::fs;
use toml::{Table, Value};

/// `name:secret`
pub(super) fn flag(text: &str) -> Result<Account, String> {
    let Some((name, secret)) = text.split_once(':').filter(|(_, secret)| !secret.is_empty()) else {
        return Err("an agent is NAME:SECRET".to_owned());
    };
    account(name, Sha256::digest(secret.as_bytes()).into(), None)
}

/// The `[[agent]]` tables of a file.
pub(super) fn file(path: &str) -> Result<Vec<Account>, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let table = text.parse::<Table>().map_err(|error| format!("{path}: {}", error.message()))?;
    let mut accounts = Vec::new();
    for (key, value) in &table {
        let (true, Value::Array(agents)) = (key == "agent", value) else {
            return Err(format!("{path}: [[agent]] tables, and nothing else, not {key}"));
        };
        for agent in agents {
            let read = agent.as_table().ok_or("an agent is a table".to_owned()).and_then(row);
            accounts.push(read.map_err(|why| format!("{path}: {why}"))?);
        }
    }
    Ok(accounts)
}

fn row(table: &Table) -> Result<Account, String> {
    let (mut name, mut secret, mut capacity) = (None, None, None);
    for (key, value) in table {
        match (key.as_str(), value) {
            ("name", Value::String(text)) => name = Some(text.as_str()),
            ("secret_sha256", Value::String(digits)) => {
                let why = "secret_sha256 has 64 hexadecimal digits";
                secret = Some(unhex(digits).ok_or(why)?);
            }
            ("capacity", Value::Integer(number)) => {
                let range = 1..=i64::from(limits::CHAT_CAPACITY);
                let fits = range.contains(number).then_some(*number as u32);
                let why = || format!("capacity is 1 to {}", limits::CHAT_CAPACITY);
                capacity = Some(fits.ok_or_else(why)?);
            }
            (other, _) => return Err(format!("{other} is nothing that an agent has, or no such")),
        }
    }
    account(
        name.ok_or("an agent has a name")?,
        secret.ok_or("an agent has a secret_sha256")?,
        capacity,
    )
}

fn account(name: &str, secret_sha256: [u8; 32], capacity: Option<u32>) -> Result<Account, String> {
    if !is_agent_name(name) || name == "me" || name == "all" || name == "queue" {
        return Err(format!("`{name}` cannot be the name of an agent"));
    }
    Ok(Account { name: name.to_owned(), secret_sha256, capacity })
}

fn unhex(digits: &str) -> Option<[u8; 32]> {
    let hex = digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    let mut hash = [0; 32];
    for (place, byte) in hash.iter_mut().enumerate().filter(|_| hex) {
        *byte = u8::from_str_radix(&digits[2 * place..2 * place + 2], 16).ok()?;
    }
    hex.then_some(hash)
}

/// The agents for demonstration: each one's secret is its name with `-demo`.
pub fn demo() -> Vec<Account> {
    let demo = |name: &str| flag(&format!("{name}:{name}-demo"));
    DEMO.iter().map(|name| demo(name).expect("these are names")).collect()
}

/// The names of the agents for demonstration.
pub const DEMO: [&str; 3] = ["ada", "ben", "cleo"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_on_the_command_line_is_a_name_and_a_secret() {
        let account = flag("bo:se:cret").unwrap();
        assert_eq!(account.name, "bo");
        let hash: [u8; 32] = Sha256::digest(b"se:cret").into();
        assert_eq!((account.secret_sha256, account.capacity), (hash, None));
        for wrong in ["bo", "bo:", ":x", "b o:x", "me:x", ""] {
            let error = flag(wrong).unwrap_err();
            assert!(!error.contains(":x"), "secrets are not repeated: {error}");
        }
    }

    #[test]
    fn a_file_has_tables_of_agents() {
        let path = std::env::temp_dir().join(format!("pentad-agents-{}.toml", std::process::id()));
        let read = |text: &str| {
            fs::write(&path, text).unwrap();
            file(path.to_str().unwrap())
        };
        let hash = "ab".repeat(32);
        let good = format!("[[agent]]\nname = \"bo\"\nsecret_sha256 = \"{hash}\"\ncapacity = 3\n");
        let agents = read(&good).unwrap();
        assert_eq!(
            agents,
            [Account { name: "bo".to_owned(), secret_sha256: [0xab; 32], capacity: Some(3) }]
        );
        assert_eq!(read("").unwrap(), []);
        for wrong in [
            "agent = 1".to_owned(),
            "[[agents]]\nname = \"x\"".to_owned(),
            "[[agent]]\nname = \"bo\"\n".to_owned(),
            good.replace("ab", "xy"),
            good.replace('3', "0"),
            good.replace("capacity", "size"),
            "[[agent]".to_owned(),
        ] {
            assert!(read(&wrong).is_err(), "{wrong}");
        }
        fs::remove_file(&path).unwrap();
        assert!(file("/missing/agents.toml").is_err());
    }
}
