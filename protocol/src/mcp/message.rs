//! The strict reading of JSON-RPC messages. It builds no tree: a body of some megabytes would take
//! more memory than an isolate has.

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::collections::HashSet;
use std::fmt;

use super::{Call, MAX_MESSAGES, MessageError};
use crate::letter_case::folded;

/// The method that names a tool.
const TOOLS_CALL: &str = "tools/call";
/// The members of a message that count.
const MESSAGE_MEMBERS: [&str; 4] = ["jsonrpc", "id", "method", "params"];
/// The members of a tool call's `params` that count.
const PARAMS_MEMBERS: [&str; 2] = ["name", "arguments"];

/// Reads the requests and notifications of one message or of an array of them.
pub(super) fn read(text: &str) -> Result<Vec<Call>, MessageError> {
    let body: Body = serde_json::from_str(text).map_err(|_| MessageError::NotJson)?;
    if body.is_longer {
        return Err(MessageError::TooMany);
    }
    body.messages.into_iter().filter_map(|message| message.call().transpose()).collect()
}

/// How many arrays and objects are inside each other at most.
pub(super) fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0_usize);
    let (mut in_string, mut is_escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth = depth.saturating_add(1);
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

fn is_nearly_one_of(name: &str, known: &[&str]) -> bool {
    !known.contains(&name) && known.contains(&folded(name).as_ref())
}

/// Whether a reader in C sees a shorter name: there `\u0000` ends it. Other control characters have
/// no place in a name either.
fn has_control(name: &str) -> bool {
    name.chars().any(char::is_control)
}

#[derive(Default)]
struct Body {
    messages: Vec<Message>,
    is_longer: bool,
}

#[derive(Default)]
struct Message {
    /// The first thing that is wrong with its members.
    problem: Option<MessageError>,
    method: Option<Member>,
    params: Option<Params>,
}

/// A member that should be a string.
enum Member {
    Text(String),
    Other,
}

#[derive(Default)]
struct Params {
    has_duplicate: bool,
    /// A member of a tool call whose name isn't quite one that counts.
    is_ambiguous: bool,
    /// A control character in the name of a member, whatever the method is.
    has_control: bool,
    name: Option<Member>,
}

impl Message {
    fn call(self) -> Result<Option<Call>, MessageError> {
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        let params = self.params.unwrap_or_default();
        if params.has_duplicate {
            return Err(MessageError::DuplicateMember);
        }
        let has_control_in_name =
            matches!(&params.name, Some(Member::Text(name)) if has_control(name));
        if params.has_control || has_control_in_name {
            return Err(MessageError::AmbiguousMember);
        }
        let method = match self.method {
            // An answer: it has a result or an error.
            None => return Ok(None),
            Some(Member::Other) => return Err(MessageError::NotJson),
            Some(Member::Text(method)) if has_control(&method) => {
                return Err(MessageError::AmbiguousMember);
            }
            Some(Member::Text(method)) => method,
        };
        if method != TOOLS_CALL {
            return match folded(method.trim()).as_ref() {
                TOOLS_CALL => Err(MessageError::AmbiguousMember),
                _ => Ok(Some(Call { method, tool: None })),
            };
        }
        if params.is_ambiguous {
            return Err(MessageError::AmbiguousMember);
        }
        match params.name {
            Some(Member::Text(tool)) => Ok(Some(Call { method, tool: Some(tool) })),
            Some(Member::Other) | None => Err(MessageError::ToolNameMissing),
        }
    }
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BodyVisitor;
        impl<'de> Visitor<'de> for BodyVisitor {
            type Value = Body;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a JSON-RPC message or an array of them")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Body, A::Error> {
                Ok(Body { messages: vec![MessageVisitor.visit_map(map)?], is_longer: false })
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Body, A::Error> {
                let mut body = Body::default();
                while body.messages.len() < MAX_MESSAGES {
                    match array.next_element()? {
                        Some(message) => body.messages.push(message),
                        None => return Ok(body),
                    }
                }
                while array.next_element::<IgnoredAny>()?.is_some() {
                    body.is_longer = true;
                }
                Ok(body)
            }
        }
        deserializer.deserialize_any(BodyVisitor)
    }
}

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MessageVisitor)
    }
}

struct MessageVisitor;

impl<'de> Visitor<'de> for MessageVisitor {
    type Value = Message;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON-RPC message")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Message, A::Error> {
        let mut message = Message::default();
        let mut seen = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            if is_nearly_one_of(&key, &MESSAGE_MEMBERS) || has_control(&key) {
                message.problem.get_or_insert(MessageError::AmbiguousMember);
            }
            match key.as_str() {
                "method" => message.method = Some(map.next_value()?),
                "params" => message.params = Some(map.next_value()?),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
            if !seen.insert(key) {
                message.problem.get_or_insert(MessageError::DuplicateMember);
            }
        }
        Ok(message)
    }
}

/// The parts of a [`Visitor`] that are the same for whatever isn't of the wanted type.
macro_rules! anything_else_is {
    ($other:expr) => {
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok($other)
        }

        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok($other)
        }

        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok($other)
        }

        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok($other)
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($other)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
            while array.next_element::<IgnoredAny>()?.is_some() {}
            Ok($other)
        }
    };
}

impl<'de> Deserialize<'de> for Member {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MemberVisitor;
        impl<'de> Visitor<'de> for MemberVisitor {
            type Value = Member;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("any value")
            }

            fn visit_str<E>(self, text: &str) -> Result<Member, E> {
                Ok(Member::Text(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Member, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Member::Other)
            }

            anything_else_is!(Member::Other);
        }
        deserializer.deserialize_any(MemberVisitor)
    }
}

impl<'de> Deserialize<'de> for Params {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ParamsVisitor;
        impl<'de> Visitor<'de> for ParamsVisitor {
            type Value = Params;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("any value")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Params, A::Error> {
                let mut params = Params::default();
                let mut seen = HashSet::new();
                while let Some(key) = map.next_key::<String>()? {
                    params.is_ambiguous |= is_nearly_one_of(&key, &PARAMS_MEMBERS);
                    params.has_control |= has_control(&key);
                    match key.as_str() {
                        "name" => params.name = Some(map.next_value()?),
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                    params.has_duplicate |= !seen.insert(key);
                }
                Ok(params)
            }

            fn visit_str<E>(self, _: &str) -> Result<Params, E> {
                Ok(Params::default())
            }

            anything_else_is!(Params::default());
        }
        deserializer.deserialize_any(ParamsVisitor)
    }
}
