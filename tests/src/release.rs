//! The storage of an earlier release, kept as SQL text in `tests/fixtures/storage/`, with what its people and
//! clients hold: `cargo run -p latchkey-tests --bin keep_storage` writes one, a test opens them all.

use rusqlite::types::Value as Cell;
use rusqlite::{Connection, OpenFlags, Row};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::client::{Client, Code, Tokens};
use crate::deployment::{Deployment, workspace_root};
use crate::device::Device;
use crate::server::Server;
use crate::walk::{Person, Walk};

/// Beside the databases of a fixture: what people and clients hold.
const HELD: &str = "held.json";

/// What people and clients hold when a release ends, and expect to be good in the next one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Held {
    /// When that was, in seconds since 1970.
    pub at: u64,
    /// Somebody with an account.
    pub email: String,
    /// Their password.
    pub password: String,
    /// What their browser sends in `Cookie`.
    pub cookies: String,
    /// The answer to the registration of a client with a secret.
    pub client: serde_json::Value,
    /// An authorization code that nobody redeemed.
    pub code: String,
    /// Its verifier.
    pub verifier: String,
    /// An access token.
    pub access_token: String,
    /// The refresh token beside it, which has rotated once.
    pub refresh_token: String,
    /// The one before, whose answer may have been lost.
    pub refresh_token_before: String,
    /// Another client.
    pub other_client: serde_json::Value,
    /// An access token that it gave back.
    pub revoked_access_token: String,
    /// A refresh token that it gave back.
    pub revoked_refresh_token: String,
    /// A personal access token, of releases that have them.
    pub personal_access_token: Option<String>,
    /// A device's client and its device code, which somebody has allowed, of releases that have them.
    pub device: Option<(serde_json::Value, String)>,
}

/// A kept storage.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The name of its folder: the day, and the schema versions.
    pub name: String,
    /// What people hold.
    pub held: Held,
    folder: PathBuf,
}

impl Kept {
    /// Every storage that is kept, oldest first.
    ///
    /// # Panics
    ///
    /// When there is none, or one can't be read.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let folder = workspace_root().join("tests/fixtures/storage");
        let entries = std::fs::read_dir(&folder).expect("tests/fixtures/storage");
        let folders = entries.map(|entry| entry.expect("an entry").path());
        let mut all: Vec<Self> = folders.filter(|path| path.is_dir()).map(Self::read).collect();
        assert!(!all.is_empty(), "no storage is kept");
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    }

    fn read(folder: PathBuf) -> Self {
        let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(folder.join(HELD)).expect(HELD);
        let held = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        Self { name, held, folder }
    }

    /// The files with the databases' SQL.
    fn scripts(&self) -> impl Iterator<Item = PathBuf> + use<> {
        let entries = std::fs::read_dir(&self.folder).expect("the fixture");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        paths.filter(|path| path.extension().is_some_and(|ending| ending == "sql"))
    }

    /// Puts the databases where a Miniflare that has not started yet finds them.
    ///
    /// # Panics
    ///
    /// When that doesn't work.
    pub fn put_into(&self, storage: &Path) {
        for script in self.scripts() {
            let name = script.file_stem().expect("a name").to_string_lossy().into_owned();
            let (class, id) = name.split_once('-').expect("class and id");
            let folder = storage.join("do").join(format!("latchkey-{class}"));
            std::fs::create_dir_all(&folder).expect("a folder");
            let database = Connection::open(folder.join(format!("{id}.sqlite"))).expect("database");
            let sql = std::fs::read_to_string(&script).expect("a script");
            database.execute_batch(&sql).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}

/// Does with the worker in `build/` what people do, and keeps what it stored, in a folder of this name.
///
/// # Panics
///
/// When that doesn't work.
pub fn keep(name: &str) {
    let server = Server::start(Deployment::kept()).unwrap_or_else(|error| panic!("{error}"));
    let held = live(&server);
    server.kill_hard();
    let folder = workspace_root().join("tests/fixtures/storage").join(name);
    std::fs::create_dir_all(&folder).expect("a folder");
    for class in ["Account", "ClientRegistry", "DeviceAuthorization", "Directory", "Keyring"] {
        let objects = server.storage().join("do").join(format!("latchkey-{class}"));
        let Ok(entries) = std::fs::read_dir(objects) else { continue };
        for path in entries.map(|entry| entry.expect("an entry").path()) {
            let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
            let is_database = path.extension().is_some_and(|ending| ending == "sqlite");
            if !is_database || stem == "metadata" {
                continue;
            }
            let script = script_of(&path).unwrap_or_else(|error| panic!("{stem}: {error}"));
            if !script.is_empty() {
                std::fs::write(folder.join(format!("{class}-{stem}.sql")), script).expect("a file");
            }
        }
    }
    let text = serde_json::to_string_pretty(&held).expect("JSON");
    std::fs::write(folder.join(HELD), text + "\n").expect("a file");
}

fn live(server: &Server) -> Held {
    let mut walk = Walk::with(server, Client::with_method(server, "client_secret_basic"));
    let client = walk.client.clone();
    let before = walk.tokens();
    let tokens = Tokens::from_reply(&client.refresh(server, &before.refresh));
    // Another client, since giving back ends all that one person gave a client.
    let other = Client::with_method(server, "client_secret_basic");
    walk.client = other.clone();
    let revoked = walk.tokens();
    let _ = other.revoke(server, &revoked.access).expect(200);
    let _ = other.revoke(server, &revoked.refresh).expect(200);
    walk.client = client.clone();
    let has = |path: &str| server.get(path).status != 404;
    let personal_access_token =
        has("/account/tokens").then(|| walk.browser.new_token("Script", &["mcp"], &[]));
    let device = has("/device").then(|| {
        let client = Client::of_device(server, "client_secret_basic");
        let device = Device::of(server, client.clone(), &[]);
        walk.browser.allow_device(&device);
        (client.document.clone(), device.device_code().to_owned())
    });
    let code = walk.code();
    Held {
        at: now(),
        email: walk.person.email.clone(),
        password: walk.person.password.clone(),
        cookies: walk.browser.jar.header().expect("a session"),
        client: client.document,
        code: code.code,
        verifier: code.verifier,
        access_token: tokens.access,
        refresh_token: tokens.refresh,
        refresh_token_before: before.refresh,
        other_client: other.document,
        revoked_access_token: revoked.access,
        revoked_refresh_token: revoked.refresh,
        personal_access_token,
        device,
    }
}

/// Seconds since 1970.
#[must_use]
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs())
}

impl Held {
    /// The client with its secret.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::from_document(self.client.clone())
    }

    /// The code with what belongs to it.
    #[must_use]
    pub fn code(&self) -> Code {
        Code {
            code: self.code.clone(),
            verifier: self.verifier.clone(),
            redirect_uri: self.client().redirect_uri,
        }
    }

    /// The person.
    #[must_use]
    pub fn person(&self) -> Person {
        Person { email: self.email.clone(), password: self.password.clone() }
    }

    /// What makes the clock of a faulty platform go on where this was kept.
    #[must_use]
    pub fn clock(&self) -> serde_json::Value {
        let seconds = i64::try_from(self.at).unwrap_or(0) - i64::try_from(now()).unwrap_or(0);
        json!({ "clock": seconds })
    }
}

/// The statements that make a database anew; none for one in which nothing was stored.
fn script_of(path: &Path) -> rusqlite::Result<String> {
    let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let own = r"SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL
        AND name NOT LIKE 'sqlite\_%' ESCAPE '\' AND tbl_name NOT LIKE '\_%' ESCAPE '\'
        ORDER BY type DESC, name";
    let mut statement = database.prepare(own)?;
    let made: Vec<(String, String, String)> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    let mut script = String::new();
    for (kind, name, sql) in &made {
        let _ = writeln!(script, "{sql};");
        if kind == "table" {
            let mut statement = database.prepare(&format!("SELECT * FROM \"{name}\""))?;
            let rows: Vec<String> = statement.query_map([], values)?.collect::<Result<_, _>>()?;
            for values in rows {
                let _ = writeln!(script, "INSERT INTO \"{name}\" VALUES ({values});");
            }
        }
    }
    Ok(script)
}

/// The values of a row, as SQL writes them.
fn values(row: &Row<'_>) -> rusqlite::Result<String> {
    let count = row.as_ref().column_count();
    let one = |index: usize| {
        Ok(match row.get(index)? {
            Cell::Null => "NULL".to_owned(),
            Cell::Integer(number) => number.to_string(),
            Cell::Real(number) => number.to_string(),
            Cell::Text(text) => format!("'{}'", text.replace('\'', "''")),
            Cell::Blob(bytes) => {
                let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                format!("x'{hex}'")
            }
        })
    };
    Ok((0..count).map(one).collect::<rusqlite::Result<Vec<_>>>()?.join(", "))
}
