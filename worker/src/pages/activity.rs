//! What happened, in words.

use latchkey_protocol::access::Credential;
use latchkey_protocol::activity::{Activity, Call, RefusedCall};
use latchkey_protocol::client::ClientId;
use latchkey_protocol::identifier::PersonalAccessTokenId;
use latchkey_protocol::resource::ResourceIndicator;
use latchkey_protocol::scope::Scope;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    /// What, as one short sentence.
    pub title: Vec<Piece>,
    /// What there is to know besides, each a few words.
    pub facts: Vec<Vec<Piece>>,
    /// How it went.
    pub tone: Tone,
    /// The reference id of the request, which the deployment's log has too.
    pub reference: Option<String>,
}

/// A part of a sentence. A space is between two of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Our own words.
    Words(String),
    /// A name from outside.
    Name(String),
    /// A word of a protocol, such as a tool's name.
    Code(String),
}

/// How something went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it should.
    Plain,
    /// It was refused, or failed.
    Refused,
    /// It may be the work of somebody else.
    Alarming,
}

/// What the ids in the log are called.
pub trait Names {
    /// A client's name.
    fn client(&self, id: &ClientId) -> Option<&str>;
    /// A personal access token's label.
    fn token(&self, id: &PersonalAccessTokenId) -> Option<&str>;
    /// A resource's name.
    fn resource(&self, resource: &ResourceIndicator) -> &str;
}

impl Happening {
    /// The words for an entry of the log.
    pub fn of(activity: &Activity, names: &impl Names) -> Self {
        let client = |id: &ClientId| app(names.client(id), id);
        let quoted = |label: &str| Piece::Name(format!("“{label}”"));
        match activity {
            Activity::SignedUp => Self::plain(vec![words("The account was created")]),
            Activity::SignedIn => Self::plain(vec![words("A browser signed in")]),
            Activity::SignedOut => Self::plain(vec![words("A browser signed out")]),
            Activity::SessionEnded => Self::plain(vec![words("You signed another browser out")]),
            Activity::SignInRefused => Self {
                tone: Tone::Refused,
                ..Self::plain(vec![words("Somebody tried to sign in with a wrong password")])
            },
            Activity::Consented { client_id, scope } => {
                Self::plain(vec![words("You allowed"), client(client_id)]).with_scope(scope)
            }
            Activity::Widened { client_id, scope } => {
                Self::plain(vec![words("You allowed more to"), client(client_id)]).with_scope(scope)
            }
            Activity::Denied { client_id } => {
                Self::plain(vec![words("You did not allow"), client(client_id)])
            }
            Activity::DeviceApproved { client_id, scope } => Self::plain(vec![
                words("You allowed"),
                client(client_id),
                words("on a device by its code"),
            ])
            .with_scope(scope),
            Activity::DeviceDenied { client_id } => Self::plain(vec![
                words("You did not allow"),
                client(client_id),
                words("on a device by its code"),
            ]),
            Activity::GrantRevoked { client_id } => {
                Self::plain(vec![words("You revoked the access of"), client(client_id)])
            }
            Activity::Revoked { client_id } => {
                Self::plain(vec![client(client_id), words("gave access back")])
            }
            Activity::ClientRemoved { client_id } => Self {
                facts: vec![vec![words("Its access ended")]],
                ..Self::plain(vec![client(client_id), words("was removed from this service")])
            },
            Activity::LeastUsedEnded { client_id } => Self {
                facts: vec![vec![words("It had more of them than are kept")]],
                ..Self::plain(vec![
                    words("The connections of"),
                    client(client_id),
                    words("that were used least recently ended"),
                ])
            },
            Activity::CodeRedeemed { client_id } => {
                Self::plain(vec![client(client_id), words("got its first tokens")])
            }
            Activity::Refreshed { client_id } => {
                Self::plain(vec![client(client_id), words("got new tokens")])
            }
            Activity::PersonalAccessTokenCreated { label, .. } => {
                Self::plain(vec![words("You created the token"), quoted(label)])
            }
            Activity::PersonalAccessTokenRevoked { label, .. } => {
                Self::plain(vec![words("You revoked the token"), quoted(label)])
            }
            Activity::CodeReplayed { client_id } => Self::alarming(
                vec![words("A used code of"), client(client_id), words("came back")],
                "Its access was ended, in case somebody else has the code",
            ),
            Activity::CodeExhausted { client_id } => Self::alarming(
                vec![words("A code of"), client(client_id), words("came with wrong proof")],
                "The code was thrown away",
            ),
            Activity::RefreshTokenReplayed { client_id } => Self::alarming(
                vec![words("A used refresh token of"), client(client_id), words("came back")],
                "Its access was ended, in case somebody else has the token",
            ),
            Activity::Called(call) => called(call, names),
            Activity::Refused(call) => refused(call, names),
        }
    }

    const fn plain(title: Vec<Piece>) -> Self {
        Self { title, facts: Vec::new(), tone: Tone::Plain, reference: None }
    }

    fn alarming(title: Vec<Piece>, fact: &str) -> Self {
        Self { facts: vec![vec![words(fact)]], tone: Tone::Alarming, ..Self::plain(title) }
    }

    fn with_scope(mut self, scope: &Scope) -> Self {
        self.facts.extend(scope.iter().map(|token| vec![code(token.as_str())]));
        self
    }
}

fn called(call: &Call, names: &impl Names) -> Happening {
    let mut title = caller(&call.credential, call.label.as_deref(), names);
    let verb = if call.tool.is_some() { "called" } else { "sent" };
    title.push(words(verb));
    title.extend(what(&call.method, call.rpc.as_ref(), call.tool.as_ref()));
    // MCP clients ask for a stream, or end a session, whether or not the server has such things.
    let is_usual = call.status == 405 && matches!(call.method.as_str(), "GET" | "DELETE");
    let failed = call.status >= 400 && !is_usual;
    let mut facts = vec![vec![Piece::Name(names.resource(&call.resource).to_owned())]];
    facts.extend(how(&call.method, call.rpc.as_ref(), call.tool.as_ref()));
    facts.push(vec![words(&match call.status {
        Call::NO_ANSWER_YET => format!("No answer after {} ms", call.duration_ms),
        status if failed => format!("Failed with {status} after {} ms", call.duration_ms),
        status => format!("Answered {status} after {} ms", call.duration_ms),
    })]);
    Happening {
        title,
        facts,
        tone: if failed { Tone::Refused } else { Tone::Plain },
        reference: Some(call.reference.clone()),
    }
}

fn refused(call: &RefusedCall, names: &impl Names) -> Happening {
    let mut title = caller(&call.credential, call.label.as_deref(), names);
    title.push(words("was refused"));
    title.extend(what(&call.method, call.rpc.as_ref(), call.tool.as_ref()));
    let mut facts = vec![vec![Piece::Name(names.resource(&call.resource).to_owned())]];
    facts.extend(how(&call.method, call.rpc.as_ref(), call.tool.as_ref()));
    facts.push(vec![words(&format!("Reason: {}", call.reason.replace('_', " ")))]);
    Happening { title, facts, tone: Tone::Refused, reference: Some(call.reference.clone()) }
}

/// Who called. A token is called by the label that the entry has, or, in an entry from before entries had
/// one, by what it is called elsewhere.
fn caller(credential: &Credential, label: Option<&str>, names: &impl Names) -> Vec<Piece> {
    match credential {
        Credential::AccessToken { client_id, .. }
        | Credential::OwnAccessToken { client_id, .. } => {
            vec![app(names.client(client_id), client_id)]
        }
        Credential::PersonalAccessToken { id } => match label.or_else(|| names.token(id)) {
            Some(label) => vec![words("The token"), Piece::Name(format!("“{label}”"))],
            None => vec![words("A token that is gone")],
        },
    }
}

/// What was called, as exactly as is known: a tool, a JSON-RPC method, or only HTTP's method.
fn what(method: &str, rpc: Option<&String>, tool: Option<&String>) -> Vec<Piece> {
    tool.or(rpc)
        .map_or_else(|| vec![words("a"), code(method), words("request")], |name| vec![code(name)])
}

/// What [`what`] leaves out.
fn how(method: &str, rpc: Option<&String>, tool: Option<&String>) -> Option<Vec<Piece>> {
    match (rpc, tool) {
        (Some(rpc), Some(_)) => Some(vec![code(&format!("{method} {rpc}"))]),
        (Some(_), None) | (None, Some(_)) => Some(vec![code(method)]),
        (None, None) => None,
    }
}

/// An app by its name, or by its id when nobody knows the name any more.
fn app(name: Option<&str>, id: &ClientId) -> Piece {
    name.map_or_else(|| code(id.as_str()), |name| Piece::Name(name.to_owned()))
}

fn words(text: &str) -> Piece {
    Piece::Words(text.to_owned())
}

fn code(text: &str) -> Piece {
    Piece::Code(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    struct Known;

    impl Names for Known {
        fn client(&self, id: &ClientId) -> Option<&str> {
            id.as_str().ends_with("01").then_some("Claude")
        }

        fn token(&self, _: &PersonalAccessTokenId) -> Option<&str> {
            Some("CI")
        }

        fn resource(&self, _: &ResourceIndicator) -> &str {
            "Notes"
        }
    }

    /// The entry as one line.
    fn read(activity: serde_json::Value) -> String {
        let activity = latchkey_protocol::json::from_value(activity).expect("an activity");
        let happening = Happening::of(&activity, &Known);
        let line = |pieces: &Vec<Piece>| {
            let texts = pieces.iter().map(|piece| match piece {
                Piece::Words(text) | Piece::Name(text) | Piece::Code(text) => text.as_str(),
            });
            texts.collect::<Vec<_>>().join(" ")
        };
        let facts: Vec<String> = happening.facts.iter().map(line).collect();
        format!("{} | {} | {:?}", line(&happening.title), facts.join(", "), happening.tone)
    }

    const CLIENT: &str = "latchkey_client_01";
    const GONE: &str = "latchkey_client_02";

    #[test]
    fn a_call_says_who_called_what_where_and_how_it_went() {
        let access = json!({ "kind": "access_token", "client_id": CLIENT,
            "grant": "AAAAAAAAAAAAAAAAAAAAAA", "token_id": "t" });
        let personal = json!({ "kind": "personal_access_token", "id": "AAAAAAAAAAAAAAAAAAAAAA" });
        let call = |credential: &serde_json::Value, rpc, tool, status: u16| {
            json!({ "kind": "called", "resource": "https://a.example/mcp", "method": "POST",
                "credential": credential, "rpc": rpc, "tool": tool, "status": status,
                "duration_ms": 34, "reference": "k5f7qjm4" })
        };
        assert_eq!(
            read(call(&access, Some("tools/call"), Some("delete_note"), 200)),
            "Claude called delete_note | Notes, POST tools/call, Answered 200 after 34 ms | Plain"
        );
        assert_eq!(
            read(call(&personal, Some("tools/list"), None::<&str>, 502)),
            "The token “CI” sent tools/list | Notes, POST, Failed with 502 after 34 ms | Refused"
        );
        assert_eq!(
            read(call(&access, None, None::<&str>, 204)),
            "Claude sent a POST request | Notes, Answered 204 after 34 ms | Plain"
        );
        assert_eq!(
            read(json!({ "kind": "refused", "resource": "https://a.example/mcp",
                "method": "POST", "credential": access, "rpc": "tools/call",
                "tool": "delete_note", "reason": "insufficient_scope",
                "reference": "k5f7qjm4" })),
            "Claude was refused delete_note | Notes, POST tools/call, Reason: insufficient scope \
             | Refused"
        );
    }

    #[test]
    fn a_call_of_a_token_keeps_the_label_that_it_was_logged_with() {
        for (label, expected) in [(json!("Backup"), "Backup"), (json!(null), "CI")] {
            let line = read(json!({ "kind": "called", "resource": "https://a.example/mcp",
                "method": "GET", "rpc": null, "tool": null, "status": 200, "duration_ms": 1,
                "credential": { "kind": "personal_access_token", "id": "AAAAAAAAAAAAAAAAAAAAAA" },
                "label": label, "reference": "k5f7qjm4" }));
            assert!(line.starts_with(&format!("The token “{expected}” sent")), "{line}");
        }
    }

    #[test]
    fn dev_07_a_device_is_logged_as_one() {
        assert_eq!(
            read(json!({ "kind": "device_approved", "client_id": CLIENT, "scope": "a b" })),
            "You allowed Claude on a device by its code | a, b | Plain"
        );
        assert_eq!(
            read(json!({ "kind": "device_denied", "client_id": CLIENT })),
            "You did not allow Claude on a device by its code |  | Plain"
        );
    }

    #[test]
    fn a_client_that_is_gone_is_called_by_its_id() {
        assert_eq!(
            read(json!({ "kind": "consented", "client_id": GONE, "scope": "a b" })),
            "You allowed latchkey_client_02 | a, b | Plain"
        );
    }

    #[test]
    fn what_may_be_somebody_elses_work_is_alarming() {
        for kind in ["code_replayed", "code_exhausted", "refresh_token_replayed"] {
            let line = read(json!({ "kind": kind, "client_id": CLIENT }));
            assert!(line.ends_with("Alarming"), "{line}");
        }
        assert!(read(json!({ "kind": "sign_in_refused" })).ends_with("Refused"));
    }
}
