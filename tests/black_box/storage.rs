//! What is on disk: nothing before a person decides, and never a secret.

use latchkey_tests::{
    Authorization, Browser, Client, Deployment, Person, Server, Tokens, Walk, raw,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "CONTRIBUTING: a flood of authorization requests and of bad input stores nothing",
            |_| {
                flood();
            },
        ),
        Case::new(
            "RFC 6749 section 10.3, TOK-13: of codes, tokens, secrets, sessions and passwords nothing is stored as it is",
            |_| {
                only_hashes();
            },
        ),
    ]
}

/// A server of its own, so that nobody else's requests are in its storage.
fn server() -> Server {
    Server::start(Deployment::standard()).unwrap_or_else(|error| panic!("{error}"))
}

/// Every file in a folder with its bytes.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("the storage folder") {
        let entry = entry.expect("an entry");
        if entry.file_type().expect("its type").is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.insert(entry.path(), std::fs::read(entry.path()).expect("a file"));
        }
    }
    found
}

/// How large each file is. An object that was only asked something has a file too, but with nothing
/// in it except its name, which Miniflare writes down for its own use: that isn't ours.
fn sizes(folder: &Path) -> BTreeMap<PathBuf, usize> {
    const TABLE: &[u8] = b"CREATE TABLE ";
    const NAME_ONLY: &[u8] = b"CREATE TABLE __miniflare_do_name";
    let count =
        |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).filter(|w| w == &part).count();
    let database = |path: &Path| path.with_extension("sqlite");
    let files = files(folder);
    let mut tables: BTreeMap<PathBuf, (usize, usize)> = BTreeMap::new();
    for (path, bytes) in &files {
        let (all, name_only) = tables.entry(database(path)).or_default();
        *all += count(bytes, TABLE);
        *name_only += count(bytes, NAME_ONLY);
    }
    let is_ours = |path: &Path| {
        let (all, name_only) = tables[&database(path)];
        name_only == 0 || all > name_only
    };
    let ours = files.iter().filter(|(path, _)| is_ours(path));
    ours.map(|(path, bytes)| (path.clone(), bytes.len())).collect()
}

fn flood() {
    let server = server();
    let client = Client::public(&server);
    // The first request makes the keys.
    let path = Authorization::of(&client).path(&server);
    let mut browser = Browser::new(&server);
    let sign_in = browser.page(&path).expect(200);
    let before = sizes(&server.storage());
    assert!(!before.is_empty(), "the client and the keys are stored");

    for _ in 0..100 {
        let request = Authorization::of(&client);
        let _ = Browser::new(&server).page(&request.path(&server)).expect(200);
        let _ = Browser::new(&server).open(&request.without("code_challenge").path(&server));
    }
    for endpoint in ["/token", "/revoke", "/register", "/sign-in", "/sign-up", "/consent"] {
        for body in ["", "a=b", "client_id=nobody&grant_type=authorization_code&code=x", "{}"] {
            for kind in ["application/json", "application/x-www-form-urlencoded"] {
                let call = server.call("POST", endpoint).header("content-type", kind);
                let reply = call.body(body).send();
                assert!((400..500).contains(&reply.status), "{}", reply.describe());
            }
        }
        let kind = match endpoint {
            "/register" => "application/json",
            _ => "application/x-www-form-urlencoded",
        };
        for (what, body) in crate::bad_input::bodies() {
            let call = server.call("POST", endpoint).header("content-type", kind);
            let reply = call.body(body).send();
            assert!((400..500).contains(&reply.status), "{what}: {}", reply.describe());
        }
    }
    let head =
        "POST /register HTTP/1.1\nContent-Type: application/json\nTransfer-Encoding: chunked";
    assert_eq!(raw::send(&server, head, &raw::chunked(&[b'['; 70_000])).status, 413);
    // A code and a refresh token for accounts that never were: no object of theirs is made.
    let nowhere = "A".repeat(22);
    for prefix in ["latchkey_ac_", "latchkey_rt_"] {
        let token = format!("{prefix}{nowhere}.{nowhere}.{}", "A".repeat(43));
        let fields = [("grant_type", "authorization_code"), ("code", token.as_str())];
        client.token(&server, &fields).expect_error(400, "invalid_grant");
        client.refresh(&server, &token).expect_error(400, "invalid_grant");
        let _ = client.revoke(&server, &token).expect(200);
    }
    assert_eq!(sizes(&server.storage()), before);

    // The same measure does notice an account.
    let _ = browser.sign_up(
        &browser.clone().page(&sign_in.attributes("a[href*='/sign-up']", "href")[0]),
        &Person::new(),
    );
    assert_ne!(sizes(&server.storage()), before);
}

fn only_hashes() {
    let server = server();
    let mut walk = Walk::with(&server, Client::with_method(&server, "client_secret_post"));
    let code = walk.code();
    let first = Tokens::from_reply(&walk.client.redeem(&server, &code));
    let second = Tokens::from_reply(&walk.client.refresh(&server, &first.refresh));
    let unused = walk.code();
    let _ = walk.client.revoke(&server, &second.access).expect(200);

    // What comes before it are ids, which are stored.
    let last_part = |text: &str| text.rsplit('.').next().unwrap().to_owned();
    let client_secret = walk.client.secret.clone().unwrap();
    let client_secret = client_secret.strip_prefix("latchkey_secret_").expect("the prefix");
    let secrets = [
        ("password", walk.person.password.clone()),
        ("client secret", client_secret.to_owned()),
        ("redeemed code", last_part(&code.code)),
        ("unused code", last_part(&unused.code)),
        ("verifier", code.verifier.clone()),
        ("used refresh token", last_part(&first.refresh)),
        ("refresh token", last_part(&second.refresh)),
        ("access token", last_part(&second.access)),
        ("session", last_part(walk.browser.jar.get("latchkey_session").unwrap())),
        ("browser", walk.browser.jar.get("latchkey_browser").unwrap().to_owned()),
    ];
    server.kill_hard();
    let stored = files(&server.storage());
    let has = |text: &str| {
        stored.values().any(|bytes| bytes.windows(text.len()).any(|part| part == text.as_bytes()))
    };
    // What is stored in the clear is found, so what isn't found isn't stored.
    for known in [walk.client.id.as_str(), &walk.person.email, "$argon2id$"] {
        assert!(has(known), "{known} is nowhere in {:?}", stored.keys());
    }
    for (what, secret) in secrets {
        assert!(secret.len() >= 20, "{what}");
        assert!(!has(&secret), "the {what} is stored");
    }
}
