//! One hostile request: something sound, damaged in one to four ways.

use latchkey_protocol::configuration::Endpoint;
use latchkey_tests::chaos::seed::Random;
use std::fmt;

use super::drafts::{Body, Draft, Fields, basic, of_endpoint, owned};
use super::mutations::{self, odd};
use super::paths::{ELSEWHERE, damaged};
use super::scene::Scene;

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// How the end of the body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    /// By its length.
    Length,
    /// In chunks.
    Chunked,
    /// Not at all.
    None,
    /// By a greater length, and then the connection breaks off.
    Longer,
    /// By a smaller one.
    Shorter,
    /// In a chunk that never ends, and then the connection breaks off.
    Unfinished,
    /// In both ways, which is how requests are smuggled.
    Both,
    /// By what is no length.
    Nonsense,
}

/// A request as it is sent.
#[derive(Debug)]
pub struct Request {
    /// Which endpoint it really goes to, whatever it was made from.
    pub endpoint: Option<Endpoint>,
    /// Its method.
    pub method: String,
    target: Vec<u8>,
    headers: Vec<(Vec<u8>, Vec<u8>)>,
    body: Vec<u8>,
    framing: Framing,
}

impl fmt::Display for Request {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = String::from_utf8_lossy(&self.bytes()).into_owned();
        formatter.write_str(&text.chars().take(1_500).collect::<String>())
    }
}

impl Request {
    /// The request of a number; each endpoint has its turn.
    pub fn draw(scene: &Scene, seed: u64, number: usize) -> Self {
        let mut random = Random::new(seed.wrapping_mul(0x0100_0000_01b3) ^ number as u64);
        let random = &mut random;
        let place = number % (Endpoint::ALL.len() + ELSEWHERE.len() / 3);
        let draft = match Endpoint::ALL.get(place) {
            Some(endpoint) => of_endpoint(scene, *endpoint, random),
            None => Draft::of("GET", (*random.pick(&ELSEWHERE)).to_owned()),
        };
        damage(scene, draft, random)
    }

    /// What is sent.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.method.clone().into_bytes();
        bytes.push(b' ');
        bytes.extend_from_slice(&self.target);
        bytes.extend_from_slice(b" HTTP/1.1\r\n");
        for (name, value) in &self.headers {
            for part in [name, &b": "[..], value, b"\r\n"] {
                bytes.extend_from_slice(part);
            }
        }
        let length = self.body.len();
        let framing = match self.framing {
            Framing::Length => format!("Content-Length: {length}\r\n"),
            Framing::None => String::new(),
            Framing::Longer => format!("Content-Length: {}\r\n", length + 1_000),
            Framing::Shorter => format!("Content-Length: {}\r\n", length / 2),
            Framing::Chunked | Framing::Unfinished => "Transfer-Encoding: chunked\r\n".to_owned(),
            Framing::Both => format!("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n"),
            Framing::Nonsense => "Content-Length: -1e3\r\n".to_owned(),
        };
        bytes.extend_from_slice(framing.as_bytes());
        bytes.extend_from_slice(b"\r\n");
        match self.framing {
            Framing::Chunked | Framing::Both => {
                bytes.extend(latchkey_tests::raw::chunked(&self.body))
            }
            Framing::Unfinished => {
                bytes.extend(format!("{:x}\r\n", length + 10).into_bytes());
                bytes.extend_from_slice(&self.body);
            }
            _ => bytes.extend_from_slice(&self.body),
        }
        bytes
    }

    /// Whether the connection ends where the request doesn't.
    pub const fn breaks_off(&self) -> bool {
        matches!(self.framing, Framing::Longer | Framing::Unfinished)
    }

    /// Whether it breaks off or is no HTTP, so that the platform may close the connection without a word.
    pub fn may_be_dropped(&self) -> bool {
        self.framing != Framing::Length && self.framing != Framing::Chunked
            || !self.target.iter().all(u8::is_ascii_graphic)
            || self.headers.iter().any(|(name, value)| {
                let is_plain = |byte: &u8| matches!(byte, b' '..=b'~');
                !name.iter().all(is_plain) || !value.iter().all(is_plain)
            })
    }

    /// Whether the platform can make no URL or length of it, or asks for a tunnel: no worker ever sees it.
    pub fn is_no_http(&self) -> bool {
        let host = String::from_utf8_lossy(&self.headers[0].1);
        let target = String::from_utf8_lossy(&self.target);
        self.framing == Framing::Nonsense
            || self.method == "CONNECT"
            || host.contains('@')
            || url::Url::parse(&format!("http://{host}{target}")).is_err()
            || !target.starts_with('/')
    }

    /// Whether the client that it names is a document that would have to be fetched.
    pub fn names_a_document(&self) -> bool {
        let text = String::from_utf8_lossy(&self.bytes()).to_ascii_lowercase();
        text.contains("client_id=https:") || text.contains("client_id=https%3a")
    }
}

fn damage(scene: &Scene, draft: Draft, random: &mut Random) -> Request {
    let mut method = draft.method.to_owned();
    let mut target = draft.path.clone().into_bytes();
    let mut headers: Fields = owned(&[("Host", "id.example"), ("Connection", "close")]);
    let mut query = draft.query;
    let (mut kind, mut body) = match draft.body {
        Body::None => ("", Vec::new()),
        Body::Json(value) => (JSON, value.to_string().into_bytes()),
        Body::Form(mut fields) => {
            mutations::fields(random, &mut fields);
            (FORM, mutations::form(random, &fields))
        }
    };
    let mut authorization = draft.authorization.map(String::into_bytes);
    let mut framing = if body.is_empty() { Framing::None } else { Framing::Length };
    if random.one_in(3) {
        headers.push((b"Cookie".to_vec(), random.pick(&scene.cookies).as_bytes().to_vec()));
    }
    for _ in 0..=random.below(4) {
        match random.below(12) {
            0 => method = (*random.pick(METHODS)).to_owned(),
            1 => target = damaged(random, &draft.path),
            2 => mutations::fields(random, &mut query),
            3 | 4 => mutations::bytes(random, &mut body),
            5 => kind = *random.pick(KINDS),
            6 => framing = *random.pick(FRAMINGS),
            7 => headers[0].1 = random.pick(HOSTS).to_vec(),
            8 => body = mutations::long(random, 100_000),
            9 => authorization = Some(credential(scene, random)),
            _ => {
                let (name, value) = header(scene, random);
                headers.push((name, value));
            }
        }
    }
    if !query.is_empty() {
        target.push(b'?');
        target.extend(mutations::form(random, &query));
    }
    if !kind.is_empty() {
        headers.push((b"Content-Type".to_vec(), kind.as_bytes().to_vec()));
    }
    // What could change something is refused for certain: see `Scene`.
    if !Scene::is_refused(&body) {
        body.truncate(body.len() / 2);
    }
    if let Some(value) =
        authorization.filter(|_| !method.eq_ignore_ascii_case("DELETE") || random.one_in(2))
    {
        let is_over = method.eq_ignore_ascii_case("DELETE") && !draft.path.ends_with("/nobody");
        let value = if is_over { b"Bearer nobody".to_vec() } else { value };
        headers.push((b"Authorization".to_vec(), value));
    }
    let path = target.split(|byte| *byte == b'?').next().unwrap_or_default();
    let endpoint = std::str::from_utf8(path).ok().and_then(|path| scene.endpoints.find(path));
    Request { endpoint, method, target, headers, body, framing }
}

/// A credential that opens nothing, or one that opens something else.
fn credential(scene: &Scene, random: &mut Random) -> Vec<u8> {
    let over = random.pick(&scene.over).clone();
    match random.below(6) {
        0 => basic(scene, random).into_bytes(),
        1 => format!("Bearer {over}").into_bytes(),
        2 => format!("bEaReR  {over} {over}").into_bytes(),
        3 => [&b"Bearer "[..], &mutations::long(random, 10_000)].concat(),
        4 => [&b"Basic "[..], &odd(random)].concat(),
        _ => [&b"Negotiate "[..], &odd(random)].concat(),
    }
}

/// A header that is odd, or that somebody might believe.
fn header(scene: &Scene, random: &mut Random) -> (Vec<u8>, Vec<u8>) {
    let name = *random.pick(HEADERS);
    let value = match random.below(5) {
        0 => odd(random),
        1 => mutations::long(random, 8_000),
        2 => random.pick(&scene.over).as_bytes().to_vec(),
        3 => random.pick(&scene.cookies).as_bytes().to_vec(),
        _ => random.pick(VALUES).as_bytes().to_vec(),
    };
    (name.as_bytes().to_vec(), value)
}

const METHODS: &[&str] = &[
    "GET", "HEAD", "POST", "PUT", "PATCH", "OPTIONS", "DELETE", "PROPFIND", "PURGE", "get", "BREW",
    "CONNECT", "TRACE",
];
const KINDS: &[&str] = &[
    "",
    FORM,
    JSON,
    "application/json; charset=utf-16",
    "text/plain",
    "multipart/form-data; boundary=x",
    "a/b/c",
    ";",
    "application/merge-patch+json",
    "application/x-www-form-urlencoded, application/json",
];
const FRAMINGS: &[Framing] = &[
    Framing::Length,
    Framing::Chunked,
    Framing::None,
    Framing::Longer,
    Framing::Shorter,
    Framing::Unfinished,
    Framing::Both,
    Framing::Nonsense,
];
const HOSTS: &[&[u8]] = &[
    b"id.example",
    b"ID.EXAMPLE:443",
    b"evil.example",
    b"127.0.0.1",
    b"[::1]:80",
    b"localhost:99999",
    b"id.example.",
    b"xn--",
    b"id.example, evil.example",
    b"a@id.example",
    b"",
];
const HEADERS: &[&str] = &[
    "Accept",
    "Accept-Encoding",
    "Accept-Language",
    "Access-Control-Request-Headers",
    "Access-Control-Request-Method",
    "CF-Connecting-IP",
    "CF-Ray",
    "Client-Cert",
    "Content-Encoding",
    "Content-Type",
    "Cookie",
    "DPoP",
    "Expect",
    "Forwarded",
    "If-Match",
    "If-Modified-Since",
    "If-None-Match",
    "If-Range",
    "Last-Event-ID",
    "Mcp-Method",
    "Mcp-Session-Id",
    "Origin",
    "Range",
    "Referer",
    "Sec-Fetch-Mode",
    "Sec-Fetch-Site",
    "TE",
    "Upgrade",
    "User-Agent",
    "Via",
    "X-API-Key",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-HTTP-Method-Override",
    "X-Original-URL",
    "X-Rewrite-URL",
];
const VALUES: &[&str] = &[
    "*",
    "*/*;q=x,;;",
    "text/html",
    "application/json",
    "application/token-introspection+jwt",
    "gzip, br",
    "bytes=0-1,5-",
    "W/\"x\"",
    "DELETE",
    "cross-site",
    "same-origin",
    "null",
    "https://evil.example",
    "203.0.113.7",
    "::ffff:10.0.0.1",
    "websocket",
    "100-continue",
    "for=127.0.0.1;host=evil.example;proto=https",
    "/admin/clients",
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "trailers",
    "tools/call",
];
