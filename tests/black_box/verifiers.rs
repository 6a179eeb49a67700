//! `examples/verify`: how a resource server checks tokens itself, in four languages. Each is asked about
//! real tokens of a running server, and about those of an issuer of our own, whose key we have.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use latchkey_protocol::scope::Scope;
use latchkey_tests::deployment::workspace_root;
use latchkey_tests::{Client, Deployment, Server, Walk, jwt};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::Case;

#[path = "../../examples/verify/rust/verify.rs"]
mod example;

/// A language, and what runs it.
#[derive(Debug, Clone)]
enum Verifier {
    Rust,
    Node,
    /// With the folder of its packages.
    Python(PathBuf),
    Go,
}

impl Verifier {
    /// Those that can run here. `npm test` says whether Python and Go are there, so that a test that has
    /// no interpreter fails where there is one.
    fn all() -> Vec<Self> {
        let python = std::env::var_os("LATCHKEY_PYTHON_PACKAGES").filter(|path| !path.is_empty());
        let go = std::env::var_os("LATCHKEY_GO").is_some_and(|value| value == "1");
        [Self::Rust, Self::Node]
            .into_iter()
            .chain(python.map(|path| Self::Python(path.into())))
            .chain(go.then_some(Self::Go))
            .collect()
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::Node => "Node",
            Self::Python(_) => "Python",
            Self::Go => "Go",
        }
    }

    /// Its answers, one for each of `questions`.
    #[track_caller]
    fn ask(&self, issuer: &str, resource: &str, questions: &[Question]) -> Vec<Value> {
        let root = workspace_root();
        let folder =
            tempfile::Builder::new().prefix("latchkey-verify-").tempdir().expect("a folder");
        let mut command = match self {
            Self::Rust => return in_rust(issuer, resource, questions),
            Self::Node => {
                let mut command = Command::new("node");
                command.arg(root.join("tests/verifiers/run.mjs"));
                command
            }
            Self::Python(packages) => {
                let mut command = Command::new("python3");
                command.arg(root.join("tests/verifiers/run.py")).env("PYTHONPATH", packages);
                command
            }
            Self::Go => {
                go_program(&root, folder.path());
                let mut command = Command::new("go");
                command.args(["run", "."]).current_dir(&folder).env("GOTOOLCHAIN", "local");
                command
            }
        };
        let lines: String =
            questions.iter().map(|question| format!("{}\n", question.to_json())).collect();
        let mut child = command
            .env("ISSUER", issuer)
            .env("RESOURCE", resource)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", self.name()));
        let mut input = child.stdin.take().expect("standard input");
        let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
        let output = child.wait_with_output().expect("its end");
        let _ = writer.join().expect("the writer");
        assert!(output.status.success(), "{} failed: its reason is above", self.name());
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        text.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect()
    }
}

/// A module of its own: the example and what asks it.
fn go_program(root: &Path, folder: &Path) {
    std::fs::write(folder.join("go.mod"), "module verify\n\ngo 1.18\n").expect("go.mod");
    for source in ["examples/verify/go/verify.go", "tests/verifiers/run.go"] {
        let source = root.join(source);
        std::fs::copy(&source, folder.join(source.file_name().expect("a name"))).expect("a copy");
    }
}

fn in_rust(issuer: &str, resource: &str, questions: &[Question]) -> Vec<Value> {
    let resource = example::Resource::new(issuer, resource).expect("a verifier");
    let ask = |question: &Question| {
        let needed = Scope::parse(&question.needed.join(" ")).expect("scope");
        match resource.verify(&question.token, &needed) {
            Ok(token) => {
                let claims = token.claims();
                let (subject, client_id) = (claims.subject(), claims.client_id.as_str());
                json!({ "claims": { "sub": subject.as_str(), "client_id": client_id } })
            }
            Err(error) => json!({ "status": error.status(), "why": error.name() }),
        }
    };
    questions.iter().map(ask).collect()
}

/// A token, and what the answer about it must be.
struct Question {
    name: &'static str,
    token: String,
    needed: &'static [&'static str],
    expected: Result<(), u16>,
}

impl Question {
    fn good(name: &'static str, token: impl Into<String>, needed: &'static [&'static str]) -> Self {
        Self { name, token: token.into(), needed, expected: Ok(()) }
    }

    fn refused(name: &'static str, token: impl Into<String>) -> Self {
        Self { name, token: token.into(), needed: &[], expected: Err(401) }
    }

    fn to_json(&self) -> Value {
        json!({ "token": self.token, "needed": self.needed })
    }

    #[track_caller]
    fn judge(&self, verifier: &str, answer: &Value) {
        let about = format!("{verifier} about {}: {answer}", self.name);
        match self.expected {
            Ok(()) => {
                let claims = jwt::read(&self.token).claims;
                assert_eq!(answer["claims"]["sub"], claims["sub"], "{about}");
                assert_eq!(answer["claims"]["client_id"], claims["client_id"], "{about}");
            }
            Err(status) => {
                assert_eq!(answer.get("claims"), None, "{about}");
                assert_eq!(answer["status"], status, "{about}");
            }
        }
    }
}

#[track_caller]
fn check(verifier: &Verifier, issuer: &str, resource: &str, questions: &[Question]) {
    let answers = verifier.ask(issuer, resource, questions);
    assert_eq!(answers.len(), questions.len(), "{answers:?}");
    for (question, answer) in questions.iter().zip(&answers) {
        question.judge(verifier.name(), answer);
    }
}

/// The cases.
pub fn trials() -> Vec<Case> {
    let cases = Verifier::all().into_iter().flat_map(|verifier| {
        let (name, other) = (verifier.name(), verifier.clone());
        [
            Case::new(
                format!("issue 4: the verifier in {name} accepts a real access token for its resource, and nothing else"),
                move |servers| real_tokens(&verifier, servers.standard()),
            ),
            Case::new(
                format!("RFC 9068 section 4, JAT-01, JAT-04: the verifier in {name} makes every check, and a flood of unknown keys makes one fetch"),
                move |_| own_issuer(&other),
            ),
        ]
    });
    let more = [
        Case::new(
            "issue 4, needs 30: a Worker next door gets the keys through a service binding, accepts a real access token for its resource, and nothing else",
            |_| in_workerd(),
        ),
        Case::new(
            "issue 4: docs/verifying-tokens.md prints the files of examples/verify as they are",
            |_| printed(),
        ),
    ];
    cases.chain(more).collect()
}

fn real_tokens(verifier: &Verifier, server: &Server) {
    let resource = format!("{}/mcp", server.issuer());
    let questions = real_questions(server, &resource, "https://api.example/v1");
    check(verifier, &server.issuer(), &resource, &questions);
}

/// The Worker's lines, in workerd: it gets the keys through its service binding, and the questions from
/// Latchkey's gateway.
fn in_workerd() {
    let server = Server::start(Deployment::verifying()).expect("the server");
    let mcp = format!("{}/mcp", server.issuer());
    let questions = real_questions(&server, "https://api.example/v1", &mcp);
    let mut walk = Walk::begin(&server);
    let ask = format!("{}/ask", server.issuer());
    let pass = walk.tokens_for(&walk.request().and("resource", &ask)).access;
    for question in &questions {
        let call = server.call("POST", "/ask").bearer(&pass).body(question.to_json().to_string());
        let answer = call.header("content-type", "application/json").send().expect(200).json();
        question.judge("Worker", &answer);
    }
}

/// Questions about tokens that the server gave out for `resource` and for `other`.
fn real_questions(server: &Server, resource: &str, other: &str) -> Vec<Question> {
    let client = Client::with_method(server, "client_secret_basic");
    let mut walk = Walk::with(server, client);
    let (request, both) = (walk.request(), "mcp mcp:write");
    let tokens = walk.tokens_for(&request.clone().and("resource", resource).and("scope", both));
    let elsewhere = request.and("resource", other).and("scope", "mcp");
    let elsewhere = walk.tokens_for(&elsewhere).access;
    let read = jwt::read(&tokens.access);
    let (message, signature) = tokens.access.rsplit_once('.').expect("a token");
    let (head, _) = message.split_once('.').expect("a token");
    let mut wider = read.claims.clone();
    wider["scope"] = json!("mcp mcp:write admin");
    let wider = URL_SAFE_NO_PAD.encode(wider.to_string());
    let none = URL_SAFE_NO_PAD.encode(json!({ "alg": "none", "typ": "at+jwt" }).to_string());
    let claims = message.rsplit_once('.').expect("claims").1;
    let form = [("token", tokens.access.as_str())];
    let introspection = walk.client.call(server, "/introspect", &form);
    let introspection = introspection.header("accept", "application/token-introspection+jwt");
    vec![
        Question::good("a real token", &tokens.access, &["mcp"]),
        Question::good("a real token and all its scopes", &tokens.access, &["mcp:write", "mcp"]),
        Question {
            expected: Err(403),
            ..Question::good("a scope that it lacks", &tokens.access, &["mcp", "admin"])
        },
        Question::refused("a token for another resource", elsewhere),
        Question::refused("a changed signature", format!("{message}.{}", turned(signature))),
        Question::refused("changed claims", format!("{head}.{wider}.{signature}")),
        Question::refused("another's key", jwt::forge(&read.header, &read.claims)),
        Question::refused("alg none", format!("{none}.{claims}.")),
        Question::refused("alg none and a signature", format!("{none}.{claims}.{signature}")),
        Question::refused("a refresh token", tokens.refresh),
        Question::refused("an introspection response", introspection.send().expect(200).text()),
        Question::refused("nothing", ""),
        // It still works after all that.
        Question::good("the real token again", &tokens.access, &[]),
    ]
}

/// A signature of the same form that isn't the same.
fn turned(signature: &str) -> String {
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    format!("{first}{}", &signature[1..])
}

fn own_issuer(verifier: &Verifier) {
    let key = SigningKey::from_slice(&[3; 32]).expect("key");
    let keys = Keys::serve(&key);
    let (issuer, resource) = (keys.issuer.as_str(), "https://api.example/v1");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let header = json!({ "alg": "ES256", "typ": "at+jwt", "kid": "current" });
    let claims = json!({
        "iss": issuer, "aud": resource, "sub": "AAAAAAAAAAAAAAAAAAAAAA", "client_id": "app",
        "scope": "read", "jti": "1", "grant_id": "AAAAAAAAAAAAAAAAAAAAAA", "auth_time": now - 60,
        "iat": now - 60, "exp": now + 3600,
    });
    let signed = |header: &Value, claims: &Value| {
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", encode(header), encode(claims));
        let signature: Signature = key.sign(message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    };
    let with = |value: &Value, name: &str, changed: Value| {
        let mut value = value.clone();
        value[name] = changed;
        value
    };
    let header_with = |name: &str, changed| signed(&with(&header, name, changed), &claims);
    let claims_with = |name: &str, changed| signed(&header, &with(&claims, name, changed));
    let mut without_typ = header.clone();
    without_typ.as_object_mut().expect("object").remove("typ");
    let mut questions = vec![
        Question::good("a good token", signed(&header, &claims), &["read"]),
        Question::good("the long typ", header_with("typ", json!("application/AT+JWT")), &[]),
        Question::good("a clock a little behind", claims_with("exp", json!(now - 5)), &[]),
        Question::refused("an expired token", claims_with("exp", json!(now - 120))),
        Question::refused("an ID token", header_with("typ", json!("JWT"))),
        Question::refused("no typ", signed(&without_typ, &claims)),
        Question::refused("an assertion", header_with("typ", json!("latchkey-assertion+jwt"))),
        Question::refused("another algorithm", header_with("alg", json!("HS256"))),
        Question::refused("an extension", header_with("crit", json!(["exp"]))),
        Question::refused("another issuer", claims_with("iss", json!("https://evil.example"))),
        Question::refused("a slash more", claims_with("iss", json!(format!("{issuer}/")))),
        Question::refused("another resource", claims_with("aud", json!("https://api.example"))),
        Question::refused("another key's name", header_with("kid", json!("encryption"))),
    ];
    questions.extend((0..30).map(|index| {
        Question::refused("a made-up key", header_with("kid", json!(format!("made-up-{index}"))))
    }));
    questions.push(Question::good("a good token after the flood", signed(&header, &claims), &[]));
    check(verifier, issuer, resource, &questions);
    assert_eq!(keys.fetches.load(Ordering::SeqCst), 1, "the keys are kept, and a flood waits");
}

/// An issuer that only has a JWK set.
struct Keys {
    issuer: String,
    fetches: Arc<AtomicUsize>,
}

impl Keys {
    /// Serves it until the tests end.
    fn serve(key: &SigningKey) -> Self {
        let jwk = |key: &SigningKey, key_id: &str, usage: &str| {
            let point = key.verifying_key().to_encoded_point(false);
            let [x, y] = [point.x(), point.y()].map(|part| URL_SAFE_NO_PAD.encode(part.unwrap()));
            json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": key_id, "use": usage })
        };
        let other = SigningKey::from_slice(&[4; 32]).expect("key");
        let set = json!({ "keys": [jwk(&other, "encryption", "enc"), jwk(key, "current", "sig")] });
        let body = set.to_string();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let issuer = format!("http://{}", listener.local_addr().expect("an address"));
        let fetches = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&fetches);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let lines = BufReader::new(&stream).lines().map_while(Result::ok);
                let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
                if head.first().is_none_or(|line| !line.starts_with("GET /jwks ")) {
                    continue;
                }
                counted.fetch_add(1, Ordering::SeqCst);
                let _ = write!(
                    stream,
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
                     cache-control: public, max-age=3600\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
            }
        });
        Self { issuer, fetches }
    }
}

fn printed() {
    let root = workspace_root();
    let read = |path: &str| std::fs::read_to_string(root.join(path)).expect(path);
    let document = read("docs/verifying-tokens.md");
    for (language, path) in [
        ("rust", "examples/verify/rust/verify.rs"),
        ("js", "examples/verify/node/verify.mjs"),
        ("js", "examples/verify/worker/verify.mjs"),
        ("python", "examples/verify/python/verify.py"),
        ("go", "examples/verify/go/verify.go"),
    ] {
        let block = format!("<!-- {path} -->\n```{language}\n{}```\n", read(path));
        assert!(
            document.contains(&block),
            "docs/verifying-tokens.md doesn't print {path} as it is"
        );
    }
}
