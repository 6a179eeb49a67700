//! What the log and the counters say of requests.

use latchkey_tests::deployment::LOG_KEY;
use latchkey_tests::{Client, Deployment, Server, Tokens, Walk, jwt};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::time::{Duration, Instant};

use crate::Case;

/// How long what was written may take to the log.
const PATIENCE: Duration = Duration::from_secs(60);

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "issue 7: each request is one line, with its outcome, status, time and reference",
            |_| {
                one_line_each(&start(Deployment::observed()));
            },
        ),
        Case::new("issue 7: what is below the configured level has no line", |_| {
            levels(&start(Deployment::quiet()));
        }),
        Case::new(
            "issue 7: the log has other names for people and grants, which the operator can compute",
            |all| {
                names(all.observed());
            },
        ),
        Case::new(
            "issue 7: each request is a data point with endpoint, outcome, reason, client and time",
            |all| {
                data_points(all.observed());
            },
        ),
        Case::new(
            "issue 7: counters that can't be written are a line of the log and change no answer; names have the operator's key",
            |_| {
                wrong_metrics(&start(Deployment::wrong_metrics()));
            },
        ),
    ]
}

fn start(deployment: Deployment) -> Server {
    Server::start(deployment).unwrap_or_else(|error| panic!("{error}"))
}

/// The JSON in the lines of the log that have it.
fn lines(server: &Server) -> Vec<Value> {
    let text = server.log().text();
    let json = |line: &str| {
        let json = line.get(line.find('{')?..=line.rfind('}')?)?;
        serde_json::from_str::<Value>(json).ok()
    };
    text.lines().filter_map(json).collect()
}

/// The lines about requests.
fn of_requests(server: &Server) -> Vec<Value> {
    lines(server).into_iter().filter(|line| line["outcome"].is_string()).collect()
}

/// Waits until `found` finds something.
fn wait_until<T>(server: &Server, what: &str, found: impl Fn() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what}: {}", server.log().tail(30));
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn one_line_each(server: &Server) {
    let client = Client::public(server);
    // Registered last of all that came before.
    let _ = server.log().wait_for_lines(&["\"registered\"", &client.id]);
    let before = of_requests(server).len();

    let metadata = server.metadata_path();
    let wanted = [
        ("GET", metadata.as_str(), "metadata", "answered", "debug", 200),
        ("GET", "/jwks", "jwks", "answered", "debug", 200),
        ("GET", "/sign-in", "sign-in", "answered", "debug", 200),
        ("GET", "/nowhere", "not found", "answered", "debug", 404),
        ("GET", "/admin/health", "admin", "refused", "warn", 401),
        ("DELETE", "/token", "token", "refused", "warn", 405),
        ("OPTIONS", "/token", "token", "answered", "debug", 204),
    ];
    for (method, path, _, _, _, status) in wanted {
        let _ = server.call(method, path).send().expect(status);
    }
    client.refresh(server, "nobody").expect_error(400, "invalid_grant");
    let other = Client::public(server);
    let _ = server.log().wait_for_lines(&["\"registered\"", &other.id]);

    let of_requests = wait_until(server, "a line each", || {
        let lines = of_requests(server);
        (lines.len() >= before + wanted.len() + 2).then_some(lines)
    });
    let since = &of_requests[before..];
    assert_eq!(since.len(), wanted.len() + 2, "{since:?}");
    for (_, path, endpoint, outcome, level, status) in wanted {
        let is_it = |line: &&Value| {
            line["endpoint"] == endpoint
                && line["outcome"] == outcome
                && line["level"] == level
                && line["status"] == status
        };
        assert_eq!(since.iter().filter(is_it).count(), 1, "{path}: {since:?}");
    }
    for line in since {
        assert!(line["duration_ms"].is_u64(), "{line}");
        assert!(line["reference"].as_str().is_some_and(|text| text.len() == 8), "{line}");
        assert!(line.get("waited").is_none(), "nothing was counted: {line}");
    }
    let refused = since.iter().find(|line| {
        line["reason"].is_string() && line["endpoint"] == "token" && line["status"] == 400
    });
    assert_eq!(refused.expect("a refusal")["client_id"], client.id);
    let registered = since.iter().find(|line| line["event"] == "registered").expect("a line");
    assert_eq!((&registered["outcome"], &registered["level"]), (&json!("done"), &json!("info")));
}

fn levels(server: &Server) {
    let mut walk = Walk::begin(server);
    let tokens = walk.tokens();
    let _ = Tokens::from_reply(&walk.client.refresh(server, &tokens.refresh));
    let reference = walk.client.refresh(server, "nobody").expect_error(400, "invalid_grant");
    // What comes before it would have come.
    let refused = server.log().event(&reference);
    assert_eq!((&refused["level"], &refused["outcome"]), (&json!("warn"), &json!("refused")));
    for line in lines(server) {
        assert!(
            line["level"] == "warn" || line["level"] == "error" || line["level"].is_null(),
            "{line}"
        );
    }
}

/// HMAC-SHA256 by its definition ([RFC 2104 section 2](https://www.rfc-editor.org/rfc/rfc2104#section-2)),
/// for a key that is shorter than a block.
fn hmac(key: &str, text: &str) -> String {
    let pad = |with: u8| {
        let mut block = [with; 64];
        block.iter_mut().zip(key.bytes()).for_each(|(pad, byte)| *pad ^= byte);
        block
    };
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(text).finalize();
    let outer = Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize();
    outer.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn names(server: &Server) {
    let mut walk = Walk::begin(server);
    let tokens = walk.tokens();
    let subject = jwt::read(&tokens.access).claims["sub"].as_str().expect("a sub").to_owned();
    let _ = server.log().wait_for_lines(&["\"tokens issued\"", &walk.client.id]);
    // As docs/operations.md tells the operator to do it.
    let name = &hmac(&server.issuer(), &subject)[..16];
    for event in ["signed up", "allowed", "tokens issued"] {
        let lines = server.log().wait_for_lines(&[&format!("\"{event}\""), name]);
        assert_eq!(lines.len(), 1, "{event}: {lines:?}");
    }
    assert!(!server.log().text().contains(&subject), "the log names {subject}");
    let grant = tokens.refresh.split('.').nth(1).expect("a grant");
    assert!(!server.log().text().contains(grant), "the log names {grant}");
    let _ = server.log().wait_for(&hmac(&server.issuer(), grant)[..16]);
}

fn data_points(server: &Server) {
    let client = Client::public(server);
    client.refresh(server, "nobody").expect_error(400, "invalid_grant");
    let of_client = || {
        let is_its = |point: &Value| point["indexes"] == json!([client.id]);
        let points: Vec<Value> = lines(server).into_iter().filter(is_its).collect();
        (points.len() >= 2).then_some(points)
    };
    let points = wait_until(server, "two data points", of_client);
    let blobs: Vec<_> = points.iter().map(|point| point["blobs"].clone()).collect();
    assert_eq!(blobs[0], json!(["register", "done", "registered", "", client.id]));
    assert_eq!(
        blobs[1],
        json!(["token", "refused", "refused", "RefreshTokenMalformed", client.id])
    );
    for (point, status) in points.iter().zip([201, 400]) {
        let doubles = point["doubles"].as_array().expect("doubles");
        // Status, time and a place for each operation; more than 20 the platform drops.
        assert_eq!((doubles.len(), doubles[0].as_u64()), (20, Some(status)), "{point}");
    }
    // Requests without a client are counted too.
    let _ = server.get(&server.metadata_path()).expect(200);
    wait_until(server, "a data point of the metadata", || {
        lines(server).into_iter().find(|point| point["blobs"][0] == "metadata")
    });
}

fn wrong_metrics(server: &Server) {
    let mut walk = Walk::begin(server);
    let tokens = walk.tokens();
    let _ = server.get(&server.metadata_path()).expect(200);
    let subject = jwt::read(&tokens.access).claims["sub"].as_str().expect("a sub").to_owned();
    let name = &hmac(LOG_KEY, &subject)[..16];
    let _ = server.log().wait_for_lines(&["\"tokens issued\"", name]);
    assert!(!server.log().text().contains(LOG_KEY));
    let said = server.log().wait_for("metrics unavailable");
    for wanted in ["METRICS", "dataset", "wrangler.toml", "\"error\""] {
        assert!(said.iter().all(|line| line.contains(wanted)), "{wanted}: {said:?}");
    }
}
