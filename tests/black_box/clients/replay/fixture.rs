//! What a client sends, as `tests/fixtures/clients` has it; `SOURCES.md` there explains each member.

use latchkey_tests::deployment::workspace_root;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One behaviour of one client.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fixture {
    /// The file's name without its ending.
    #[serde(skip)]
    pub name: String,
    /// The client, for people.
    pub client: String,
    /// The row of the list of clients that it belongs to.
    pub row: String,
    /// `recorded`, `derived` or `composed`.
    pub kind: String,
    /// Where it is from.
    pub sources: Vec<String>,
    /// The ways it can be known to the server.
    pub registrations: Vec<Registration>,
    /// The paths it looks for metadata at, in its order.
    pub discovery: Vec<String>,
    /// Its authorization request.
    pub authorize: Authorize,
    /// Its token request with a code.
    pub token: Token,
    /// Its token request with a refresh token.
    pub refresh: Refresh,
    /// What is refused, when not all goes well.
    #[serde(default)]
    pub expect: Expect,
}

/// How a client comes to have a `client_id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum By {
    /// A Client ID Metadata Document.
    #[serde(rename = "cimd")]
    Cimd,
    /// Dynamic registration.
    #[serde(rename = "dcr")]
    Dcr,
    /// An administrator, beforehand.
    #[serde(rename = "pre-registered")]
    PreRegistered,
}

/// One way in which the client is known.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// Which one.
    pub by: By,
    /// The URL of its document.
    pub client_id: Option<String>,
    /// What it posts to `/register`.
    pub body: Option<Value>,
    /// The same as a file of `tests/fixtures/registrations`.
    pub body_file: Option<String>,
    /// What an administrator enters.
    pub metadata: Option<Value>,
    /// How it authenticates then, when not as `token` says.
    pub authentication: Option<String>,
    /// Its callback then, when not as `authorize` says.
    pub redirect_uri: Option<String>,
}

/// An authorization request; what is absent or null isn't sent.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authorize {
    /// The callback.
    pub redirect_uri: String,
    /// `scope`.
    pub scope: Option<String>,
    /// `resource`.
    pub resource: Option<String>,
    /// Whether there is a `state`.
    pub state: bool,
    /// Everything else.
    pub extra: BTreeMap<String, String>,
}

/// A token request with a code.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// `none`, `client_secret_post`, `client_secret_basic` or `private_key_jwt`.
    pub authentication: String,
    /// Whether `redirect_uri` comes again.
    pub redirect_uri: bool,
    /// `resource`.
    pub resource: Option<String>,
    /// Everything else.
    pub extra: BTreeMap<String, String>,
    /// Headers of all its token requests.
    pub headers: BTreeMap<String, String>,
}

/// A token request with a refresh token.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// `resource`.
    pub resource: Option<String>,
    /// `scope`.
    pub scope: Option<String>,
    /// Everything else.
    pub extra: BTreeMap<String, String>,
    /// How many of these it sends at the same moment with the same token.
    #[serde(default = "one")]
    pub at_once: usize,
    /// The token of its second refresh.
    #[serde(default)]
    pub again: Again,
}

/// Which refresh token a client uses for its second refresh.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Again {
    /// The one that the first refresh gave it.
    #[default]
    Latest,
    /// Its first one: it never stores another.
    First,
}

/// What is refused.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// The code that comes back instead of an authorization code.
    pub authorize_error: Option<String>,
}

const fn one() -> usize {
    1
}

impl Registration {
    /// How the client authenticates.
    pub fn authentication<'a>(&'a self, fixture: &'a Fixture) -> &'a str {
        self.authentication.as_deref().unwrap_or(&fixture.token.authentication)
    }

    /// The callback, its port not filled in yet.
    pub fn redirect_uri<'a>(&'a self, fixture: &'a Fixture) -> &'a str {
        self.redirect_uri.as_deref().unwrap_or(&fixture.authorize.redirect_uri)
    }

    /// What the client posts to `/register`, to the byte where it is a file.
    pub fn body(&self) -> Option<String> {
        let file = self.body_file.as_deref().map(|name| {
            let path = workspace_root().join("tests/fixtures/registrations").join(name);
            read(&path)
        });
        file.or_else(|| self.body.as_ref().map(Value::to_string))
    }
}

/// The folder of the fixtures.
pub fn folder() -> PathBuf {
    workspace_root().join("tests/fixtures/clients")
}

/// All fixtures, in the order of their names.
pub fn all() -> Vec<Fixture> {
    let mut fixtures: Vec<Fixture> = json_files(&folder())
        .iter()
        .map(|path| {
            let fixture = serde_json::from_str(&read(path));
            let fixture: Fixture =
                fixture.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            Fixture { name, ..fixture }
        })
        .collect();
    fixtures.sort_by(|one, other| one.name.cmp(&other.name));
    fixtures
}

/// The metadata documents that Latchkey ships.
pub fn pinned() -> Vec<Value> {
    let folder = workspace_root().join("protocol/src/client_id_metadata/pinned");
    let documents = json_files(&folder);
    documents.iter().map(|path| serde_json::from_str(&read(path)).expect("JSON")).collect()
}

fn json_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder);
    let entries = entries.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("entry").path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect()
}

/// A file's text.
pub fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
