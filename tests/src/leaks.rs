//! Whether a server's log, its error answers or its storage have a secret of this run. It is looked at when
//! the server has ended, so whatever a case did is in it.
//!
//! A secret is found by itself where the tests know it, in any of its forms, and by its shape where they
//! don't: browsers and clients that nobody here wrote have tokens too.

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::needles::Needles;
use crate::secrets::{Kind, Secrets};
use crate::stored::files;

/// Where secrets have to be, each with the reason.
///
/// - `keys`: the keyring's own table. Whatever signs and seals has to be somewhere, and this is the place.
const HOLDS_KEYS: &str = "keys";
/// The columns of it that are secret; those of the keyring's first version too.
const KEY_COLUMNS: [&str; 3] = ["secret", "private_jwk", "sealing_key"];
/// - `"software_statement":"…"` in a client's record is a JWT that the client's maker publishes: it names
///   software, opens nothing, and RFC 7591 section 3.2.1 has it returned as it came.
const STATEMENT: &str = "\"software_statement\":\"";

/// What the servers that have ended had.
static FOUND: Mutex<Vec<String>> = Mutex::new(Vec::new());
/// How many servers and secrets there were.
static LOOKED: Mutex<(usize, usize)> = Mutex::new((0, 0));

/// Keeps what was found in a server for the end of the run.
pub(crate) fn keep(found: Vec<String>, secrets: usize) {
    FOUND.lock().unwrap_or_else(PoisonError::into_inner).extend(found);
    let mut looked = LOOKED.lock().unwrap_or_else(PoisonError::into_inner);
    *looked = (looked.0 + 1, looked.1 + secrets);
}

/// A sentence for each secret that was found, and in how many servers how many were looked for.
#[must_use]
pub fn found() -> (Vec<String>, (usize, usize)) {
    let found = FOUND.lock().unwrap_or_else(PoisonError::into_inner).clone();
    (found, *LOOKED.lock().unwrap_or_else(PoisonError::into_inner))
}

/// A value that is stored.
struct Stored {
    /// Which file, table and column.
    place: String,
    table: String,
    bytes: Vec<u8>,
}

/// A sentence for each secret that is where it must not be. Nothing may write into `storage` any more.
pub(crate) fn look(name: &str, log: &str, secrets: &Secrets, storage: &Path) -> Vec<String> {
    let mut found = BTreeSet::new();
    let mut say = |place: &str, secret: &str| {
        found.insert(format!("server {name:?}: {place} has the secret {secret}"));
    };
    let known = secrets.all();
    let needles = |wanted: fn(Kind) -> bool| {
        let wanted = known.iter().filter(|(_, kind)| wanted(**kind));
        Needles::new(wanted.map(|(secret, _)| secret.clone()))
    };
    let (stored, own) = values(storage);
    let own = Needles::new(own);

    let (in_log, in_answers) = (needles(|_| true), needles(|kind| kind == Kind::Credential));
    let in_storage = needles(|kind| kind != Kind::Subject);
    for secret in in_log.found_in(log.as_bytes()).into_iter().chain(own.found_in(log.as_bytes())) {
        say("its log", secret);
    }
    for secret in shapes(log) {
        say("its log", secret);
    }
    for answer in secrets.errors() {
        let bytes = answer.as_bytes();
        for secret in in_answers.found_in(bytes).into_iter().chain(own.found_in(bytes)) {
            say("an error answer", secret);
        }
    }
    for Stored { place, table, bytes } in &stored {
        for secret in in_storage.found_in(bytes) {
            say(place, secret);
        }
        if table != HOLDS_KEYS {
            own.found_in(bytes).into_iter().for_each(|secret| say(place, secret));
            for secret in shapes(&String::from_utf8_lossy(bytes)) {
                say(place, secret);
            }
        }
    }
    // What was deleted, and KV's values, are in no table.
    for (path, bytes) in files(storage).unwrap_or_default() {
        let place = path.strip_prefix(storage).unwrap_or(&path).display().to_string();
        in_storage.found_in(&bytes).into_iter().for_each(|secret| say(&place, secret));
    }
    found.into_iter().collect()
}

/// Every value of every table, and the private parts of the server's own keys.
fn values(storage: &Path) -> (Vec<Stored>, Vec<String>) {
    let (mut stored, mut own) = (Vec::new(), Vec::new());
    for path in files(storage).unwrap_or_default().into_keys() {
        if path.extension().is_some_and(|ending| ending == "sqlite") {
            let name = path.strip_prefix(storage).unwrap_or(&path).display().to_string();
            let read = values_of(&path, &name, &mut stored, &mut own);
            // One that was cut short by SIGKILL before its first page has no table yet.
            if let Err(error) = read {
                eprintln!("{name} can't be read: {error}");
            }
        }
    }
    (stored, own)
}

fn values_of(
    path: &Path,
    name: &str,
    stored: &mut Vec<Stored>,
    own: &mut Vec<String>,
) -> rusqlite::Result<()> {
    let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let tables: Vec<String> = database
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for table in tables {
        let mut statement = database.prepare(&format!("SELECT * FROM \"{table}\""))?;
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            for (index, column) in columns.iter().enumerate() {
                let bytes = match row.get(index)? {
                    Value::Text(text) => text.into_bytes(),
                    Value::Blob(bytes) => bytes,
                    Value::Null | Value::Integer(_) | Value::Real(_) => continue,
                };
                if table == HOLDS_KEYS && KEY_COLUMNS.contains(&column.as_str()) {
                    own.extend(private_parts(&bytes));
                }
                let place = format!("{name} {table}.{column}");
                stored.push(Stored { place, table: table.clone(), bytes });
            }
        }
    }
    Ok(())
}

/// What of a value of the keyring is secret: a private key's numbers (RFC 7518 section 6.2.2), or a sealing
/// key as it is. Of a public key there is nothing.
fn private_parts(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    match serde_json::from_str::<serde_json::Value>(&text) {
        Ok(serde_json::Value::Object(jwk)) => {
            let private = ["d", "p", "q"].into_iter().filter_map(|name| jwk.get(name)?.as_str());
            private.map(str::to_owned).collect()
        }
        // 32 bytes of Base64url; ids are shorter.
        _ if text.len() >= 43 => vec![text],
        _ => Vec::new(),
    }
}

/// What has the shape of a secret of Latchkey's: the ids of a person and of what they have, and 256 bits
/// (codes, refresh tokens, cookies), or a signed JWT.
fn shapes(text: &str) -> Vec<&str> {
    let is_of_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let words = text.split(|character: char| !u8::try_from(character).is_ok_and(is_of_word));
    words
        .filter(|word| is_grant_token(word) || (is_jwt(word) && !is_statement(text, word)))
        .collect()
}

fn is_grant_token(word: &str) -> bool {
    let mut parts = word.rsplit('.');
    let lengths = [parts.next(), parts.next()].map(|part| part.unwrap_or_default().len());
    let account = parts.next().unwrap_or_default();
    lengths == [43, 22] && account.len() >= 22 && parts.next().is_none()
}

fn is_jwt(word: &str) -> bool {
    let parts: Vec<&str> = word.split('.').collect();
    matches!(parts.as_slice(), [header, claims, signature]
        if header.starts_with("eyJ") && claims.starts_with("eyJ") && signature.len() >= 40)
}

fn is_statement(text: &str, word: &str) -> bool {
    text.contains(&format!("{STATEMENT}{word}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "latchkey_rt_AbCdEfGhIjKlMnOpQrStUv.0123456789abcdefghijkl.0123456789abcdefghijklmnopqrstuvwxyzABCDEFG";

    fn looked(log: &str, secrets: &Secrets, fill: impl FnOnce(&Path)) -> Vec<String> {
        let folder = tempfile::tempdir().expect("a folder");
        fill(folder.path());
        look("test", log, secrets, folder.path())
    }

    fn database(folder: &Path, script: &str) {
        let database = Connection::open(folder.join("one.sqlite")).expect("a database");
        database.execute_batch(script).expect(script);
    }

    fn knowing(secret: &str) -> Secrets {
        let secrets = Secrets::default();
        secrets.remember(secret);
        secrets
    }

    #[test]
    fn issue_7_a_secret_that_is_planted_in_the_log_an_error_or_a_row_is_found() {
        let secrets = knowing("a password of somebody");
        assert!(looked("a line of no interest", &secrets, |_| {}).is_empty());
        let found = looked("{\"reason\":\"a password of somebody\"}", &secrets, |_| {});
        assert_eq!(found, ["server \"test\": its log has the secret a password of somebody"]);

        let row = "CREATE TABLE t (c TEXT); INSERT INTO t VALUES ('x=a+password+of+somebody')";
        let found = looked("", &secrets, |folder| database(folder, row));
        assert!(found.iter().any(|one| one.contains("one.sqlite t.c has")), "{found:?}");

        let kv = |folder: &Path| {
            std::fs::create_dir(folder.join("kv")).expect("a folder");
            std::fs::write(folder.join("kv/blob"), "YSBwYXNzd29yZCBvZiBzb21lYm9keQ")
                .expect("a file");
        };
        assert_eq!(looked("", &secrets, kv).len(), 1);

        let reply = crate::Reply {
            request: "POST /token".into(),
            status: 400,
            headers: Vec::new(),
            body: b"no such code: a password of somebody".to_vec(),
        };
        secrets.remember_reply(&reply);
        let found = looked("", &secrets, |_| {});
        assert_eq!(
            found,
            ["server \"test\": an error answer has the secret a password of somebody"]
        );
    }

    #[test]
    fn issue_7_a_row_that_was_deleted_again_is_found() {
        let script = "PRAGMA secure_delete = OFF; CREATE TABLE t (c TEXT);
            INSERT INTO t VALUES ('a password of somebody'); DELETE FROM t";
        let secrets = knowing("a password of somebody");
        let found = looked("", &secrets, |folder| database(folder, script));
        assert_eq!(found, ["server \"test\": one.sqlite has the secret a password of somebody"]);
    }

    #[test]
    fn issue_7_a_token_that_the_tests_never_saw_is_found_by_its_shape() {
        let nobody = Secrets::default();
        let found = looked(&format!("cookie={TOKEN};"), &nobody, |_| {});
        assert_eq!(found.len(), 1, "{found:?}");
        let jwt = format!("eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.{}", "Q".repeat(86));
        assert_eq!(looked(&format!("\"{jwt}\""), &nobody, |_| {}).len(), 1);
        let row =
            |value: &str| format!("CREATE TABLE t (c TEXT); INSERT INTO t VALUES ('{value}')");
        let found = looked("", &nobody, |folder| database(folder, &row(&jwt)));
        assert_eq!(found.len(), 1, "{found:?}");
        // What a client's maker publishes is no secret.
        let statement = row(&format!("{{\"software_statement\":\"{jwt}\"}}"));
        assert_eq!(looked("", &nobody, |folder| database(folder, &statement)), [""; 0]);
        for other in ["latchkey_client_0AbCdEf", "1.2.3", TOKEN.trim_end_matches("ABCDEFG")] {
            assert_eq!(looked(other, &nobody, |_| {}), [""; 0], "{other}");
        }
    }

    #[test]
    fn issue_7_the_servers_own_keys_are_found_outside_of_the_keyring() {
        let key = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG";
        let keyring = format!(
            "CREATE TABLE keys (private_jwk TEXT, sealing_key TEXT);
             INSERT INTO keys VALUES ('{{\"kty\":\"EC\",\"d\":\"a private number of it\"}}', '{key}')"
        );
        let nobody = Secrets::default();
        assert_eq!(looked("", &nobody, |folder| database(folder, &keyring)), [""; 0]);
        for said in [key, "a private number of it"] {
            let found = looked(said, &nobody, |folder| database(folder, &keyring));
            assert_eq!(found, [format!("server \"test\": its log has the secret {said}")]);
        }
    }

    #[test]
    fn issue_7_what_a_form_brings_back_may_be_on_an_error_page_and_whose_a_token_is_in_a_row() {
        let secrets = Secrets::default();
        secrets.remember_form(&[("csrf".into(), "a form's token, made up".into())]);
        let reply = crate::Reply {
            request: "POST /consent".into(),
            status: 400,
            headers: Vec::new(),
            body: b"<input value=\"a form's token, made up\">".to_vec(),
        };
        secrets.remember_reply(&reply);
        assert_eq!(looked("", &secrets, |_| {}), [""; 0]);
        assert_eq!(looked("a form's token, made up", &secrets, |_| {}).len(), 1);
    }
}
