//! One request that writes something, and how its result is checked after the kill.

use rusqlite::{Connection, OpenFlags};
use std::fmt;
use std::path::Path;
use std::time::SystemTime;

use super::{clients, devices, people, tokens};
use crate::http::Reply;
use crate::server::Server;
use crate::walk::Walk;

/// The kinds of write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each has its name below")]
pub enum Kind {
    Registration,
    SignUp,
    Allow,
    CodeExchange,
    Refresh,
    RevokeByClient,
    RevokeByPerson,
    PersonalAccessToken,
    PersonalAccessTokenRevoked,
    DeviceCode,
    DeviceApproved,
    DeviceExchange,
    ClientChanged,
    ClientDeleted,
    InitialAccessToken,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Registration,
        Self::SignUp,
        Self::Allow,
        Self::CodeExchange,
        Self::Refresh,
        Self::RevokeByClient,
        Self::RevokeByPerson,
        Self::PersonalAccessToken,
        Self::PersonalAccessTokenRevoked,
        Self::DeviceCode,
        Self::DeviceApproved,
        Self::DeviceExchange,
        Self::ClientChanged,
        Self::ClientDeleted,
        Self::InitialAccessToken,
    ];

    /// What it is called in the report.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::SignUp => "sign-up",
            Self::Allow => "Allow",
            Self::CodeExchange => "code exchange",
            Self::Refresh => "refresh",
            Self::RevokeByClient => "revocation by the client",
            Self::RevokeByPerson => "revocation by the person",
            Self::PersonalAccessToken => "personal access token made",
            Self::PersonalAccessTokenRevoked => "personal access token revoked",
            Self::DeviceCode => "device code made",
            Self::DeviceApproved => "device code approved",
            Self::DeviceExchange => "device code exchange",
            Self::ClientChanged => "client changed",
            Self::ClientDeleted => "client deleted",
            Self::InitialAccessToken => "use of an initial access token",
        }
    }

    /// Makes everything that comes before such a request.
    pub fn prepare(self, walk: &mut Walk<'_>) -> Attempt {
        match self {
            Self::Registration => clients::registration(),
            Self::InitialAccessToken => clients::initial_access_token(walk),
            Self::ClientChanged => clients::changed(walk),
            Self::ClientDeleted => clients::deleted(walk),
            Self::SignUp => people::sign_up(walk),
            Self::Allow => people::allow(walk),
            Self::RevokeByPerson => people::revocation(walk),
            Self::PersonalAccessToken => people::token_made(walk),
            Self::PersonalAccessTokenRevoked => people::token_revoked(walk),
            Self::CodeExchange => tokens::code_exchange(walk),
            Self::Refresh => tokens::refresh(walk),
            Self::RevokeByClient => tokens::revocation(walk),
            Self::DeviceCode => devices::code(walk),
            Self::DeviceApproved => devices::approved(walk),
            Self::DeviceExchange => devices::exchange(walk),
        }
    }
}

/// The server's answer; none if the kill cut it off.
pub type Answer = Option<Reply>;

type Send = Box<dyn Fn(&Server) -> Result<Reply, String> + std::marker::Send>;
type Check = Box<dyn FnOnce(&Server, Answer, &Stored) -> Found + std::marker::Send>;

/// One request that writes.
pub struct Attempt {
    /// Which kind.
    pub kind: Kind,
    send: Send,
    check: Check,
}

/// What a check found.
#[derive(Debug)]
pub struct Found {
    /// Whether the request had been done.
    pub was_done: bool,
    /// What has to stay true from now on.
    pub lasting: Option<Lasting>,
}

impl Found {
    /// Whether it had been done, and nothing to look at later.
    pub const fn done(was_done: bool) -> Self {
        Self { was_done, lasting: None }
    }

    /// The same, with something that has to stay true.
    pub fn and(was_done: bool, lasting: impl Fn(&Server) + std::marker::Send + 'static) -> Self {
        Self { was_done, lasting: Some(Lasting(Box::new(lasting))) }
    }
}

/// Something that has to stay true, however often the server is killed.
pub struct Lasting(Box<dyn Fn(&Server) + std::marker::Send>);

impl Lasting {
    /// Checks it.
    pub fn check(&self, server: &Server) {
        (self.0)(server);
    }
}

impl fmt::Debug for Lasting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Lasting")
    }
}

impl Attempt {
    /// A request and its check.
    pub fn new(
        kind: Kind,
        send: impl Fn(&Server) -> Result<Reply, String> + std::marker::Send + 'static,
        check: impl FnOnce(&Server, Answer, &Stored) -> Found + std::marker::Send + 'static,
    ) -> Self {
        Self { kind, send: Box::new(send), check: Box::new(check) }
    }

    /// Sends it. [`None`] when it never reached the server, which was dead already.
    pub fn send(&self, server: &Server) -> Option<Answer> {
        match (self.send)(server) {
            Ok(reply) => {
                assert!(reply.status < 400, "{}: {}", self.kind.name(), reply.describe());
                Some(Some(reply))
            }
            Err(error) if error.contains("ConnectionRefused") => None,
            Err(_) => Some(None),
        }
    }

    /// Checks what became of it.
    pub fn check(self, server: &Server, answer: Answer, stored: &Stored) -> Found {
        (self.check)(server, answer, stored)
    }
}

/// What was on disk when the server was dead.
#[derive(Debug)]
pub struct Stored {
    clients: Vec<String>,
    devices: Vec<String>,
}

impl Stored {
    /// Reads the storage of a dead server: of the objects to which something was written since then.
    pub fn read(storage: &Path, since: SystemTime) -> Self {
        Self {
            clients: records(storage, since, "ClientRegistry", "clients"),
            devices: records(storage, since, "DeviceAuthorization", "device_authorization"),
        }
    }

    /// How many clients have this name.
    pub fn clients(&self, name: &str) -> usize {
        self.clients.iter().filter(|record| record.contains(name)).count()
    }

    /// How many devices of this client wait.
    pub fn devices(&self, client_id: &str) -> usize {
        self.devices.iter().filter(|record| record.contains(client_id)).count()
    }
}

/// The records of all objects of a class, read from copies: opening a database in place would do what the
/// server has to do itself when it starts again.
fn records(storage: &Path, since: SystemTime, class: &str, table: &str) -> Vec<String> {
    let folder = storage.join("do").join(format!("latchkey-{class}"));
    let Ok(entries) = std::fs::read_dir(&folder) else { return Vec::new() };
    let copies = tempfile::Builder::new().prefix("latchkey-chaos-").tempdir().expect("a folder");
    let copy = copies.path().join("copy.sqlite");
    let mut all = Vec::new();
    for path in entries.map(|entry| entry.expect("an entry").path()) {
        let is_object = path.extension().is_some_and(|ending| ending == "sqlite")
            && path.file_stem().is_some_and(|name| name != "metadata");
        let part = |ending: &str| path.with_file_name(format!("{}{ending}", name_of(&path)));
        let is_changed = ["", "-wal"].map(part).iter().any(|part| changed_at(part) >= Some(since));
        if !is_object || !is_changed {
            continue;
        }
        for ending in ["", "-wal"] {
            let from = part(ending);
            let to = copies.path().join(format!("copy.sqlite{ending}"));
            if std::fs::copy(from, &to).is_err() {
                let _ = std::fs::remove_file(to);
            }
        }
        let database = Connection::open_with_flags(&copy, OpenFlags::SQLITE_OPEN_READ_WRITE);
        let database = database.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let Ok(mut statement) = database.prepare(&format!("SELECT record FROM {table}")) else {
            // An object that was asked something and has stored nothing.
            continue;
        };
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).expect("rows");
        all.extend(rows.map(|row| row.expect("a row")));
    }
    all
}

fn changed_at(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|about| about.modified()).ok()
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
