//! What a request cost at the platform, by the line that the server's log has about it
//! (`log.trace`).

use serde_json::Value;

use crate::http::{Call, Reply};
use crate::log::Log;
use crate::random;
use crate::server::Server;

/// A request that was answered, and what it did.
#[derive(Debug)]
pub struct Counted {
    /// The answer.
    pub reply: Reply,
    /// What the answer waited for.
    pub waited: Counts,
    /// What went on after it.
    pub afterwards: Counts,
    /// The whole line.
    pub line: Value,
}

/// Operations by their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts(Value);

impl Counts {
    /// How many there were of one kind.
    #[must_use]
    pub fn of(&self, operation: &str) -> u64 {
        self.0[operation].as_u64().unwrap_or_default()
    }

    /// Every kind of which there were some, with its number: as `account_calls 1, in_turn 1`.
    ///
    /// # Panics
    ///
    /// When the line has something else than numbers.
    #[must_use]
    pub fn all(&self) -> String {
        let operations = self.0.as_object().map(|members| {
            let one = |(name, number): (&String, &Value)| {
                format!("{name} {}", number.as_u64().expect("a number"))
            };
            members.iter().map(one).collect::<Vec<_>>().join(", ")
        });
        operations.unwrap_or_default()
    }

    /// As [`Self::all`], without the rows in the objects.
    #[must_use]
    pub fn calls(&self) -> String {
        let all = self.all();
        let is_call = |one: &&str| !one.starts_with("rows_") && !one.starts_with("alarms_");
        all.split(", ").filter(is_call).collect::<Vec<_>>().join(", ")
    }
}

/// A name for a request by which its line is found: the form of the one that Cloudflare gives.
#[must_use]
pub fn ray() -> String {
    let hex = |byte: u8| char::from_digit(u32::from(byte % 16), 16).expect("a digit");
    random::text(16).bytes().map(hex).collect()
}

impl Log {
    /// Waits for the line of the request that had this ray.
    ///
    /// # Panics
    ///
    /// When it doesn't come.
    #[must_use]
    pub fn trace(&self, ray: &str) -> Value {
        let lines = self.wait_for_lines(&["\"outcome\":", ray]);
        assert_eq!(lines.len(), 1, "{lines:?}");
        let line = &lines[0];
        let json = line.find('{').zip(line.rfind('}')).and_then(|(from, to)| line.get(from..=to));
        serde_json::from_str(json.unwrap_or_default())
            .unwrap_or_else(|error| panic!("{error}: {line}"))
    }
}

impl Server {
    /// Sends a request and waits for its line, which comes when nothing goes on any more.
    #[must_use]
    pub fn count(&self, call: Call<'_>) -> Counted {
        let ray = ray();
        let reply = call.header("cf-ray", &ray).send();
        let line = self.log().trace(&ray);
        let counts = |name: &str| Counts(line[name].clone());
        Counted { reply, waited: counts("waited"), afterwards: counts("afterwards"), line }
    }
}
