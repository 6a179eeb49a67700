//! Every endpoint against everything that isn't a request.
//!
//! The answer is the right error or a readable page, never a 5xx, and nothing is stored: no client
//! is registered, nobody is signed in, no code is issued.

use latchkey_tests::{Browser, Call, Reply, Server, Walk, raw};

use crate::Case;

/// An endpoint that takes a body.
struct Endpoint {
    path: &'static str,
    content_type: &'static str,
    is_page: bool,
}

const FORM: &str = "application/x-www-form-urlencoded";

const ENDPOINTS: [Endpoint; 10] = [
    Endpoint { path: "/token", content_type: FORM, is_page: false },
    Endpoint { path: "/revoke", content_type: FORM, is_page: false },
    Endpoint { path: "/register", content_type: "application/json", is_page: false },
    Endpoint { path: "/authorize", content_type: FORM, is_page: true },
    Endpoint { path: "/sign-in", content_type: FORM, is_page: true },
    Endpoint { path: "/sign-up", content_type: FORM, is_page: true },
    Endpoint { path: "/sign-out", content_type: FORM, is_page: true },
    Endpoint { path: "/consent", content_type: FORM, is_page: true },
    Endpoint { path: "/device_authorization", content_type: FORM, is_page: false },
    Endpoint { path: "/device", content_type: FORM, is_page: true },
];

/// The cases.
pub fn trials() -> Vec<Case> {
    let mut cases: Vec<Case> = ENDPOINTS
        .iter()
        .map(|endpoint| {
            let title = format!(
                "issue 2, bad input: POST {} refuses whatever is no request of its own",
                endpoint.path
            );
            Case::new(title, |servers| sweep(servers.standard(), endpoint))
        })
        .collect();
    cases.push(Case::new(
        "issue 2, bad input: a form of this browser's own with unreadable fields does nothing",
        |servers| own_forms(servers.standard()),
    ));
    cases.push(Case::new(
        "issue 2, bad input: queries of every kind are read or refused",
        |servers| {
            queries(servers.standard());
        },
    ));
    cases.push(Case::new("issue 2, bad input: huge and strange headers do no harm", |servers| {
        headers(servers.standard());
    }));
    cases.push(Case::new(
        "issue 2, bad input: bytes that are no HTTP request don't take the server down",
        |servers| {
            no_http(servers.standard());
        },
    ));
    cases
}

fn post<'s>(server: &'s Server, endpoint: &Endpoint) -> Call<'s> {
    server.call("POST", endpoint.path)
}

/// A refusal of the right kind: a 4xx, JSON or a page, that says nothing of our insides and
/// gives nothing away.
fn expect_refusal(reply: &Reply, endpoint: &Endpoint, what: &str) {
    let describe = || format!("{what}: {}", reply.describe());
    assert!((400..500).contains(&reply.status), "{}", describe());
    let kind = reply.header("content-type").unwrap_or_default();
    if endpoint.is_page {
        assert!(kind.starts_with("text/html"), "{}", describe());
    } else {
        let error = reply.json()["error"].as_str().unwrap_or_default().to_owned();
        let known = [
            "invalid_request",
            "invalid_client",
            "invalid_client_metadata",
            "invalid_redirect_uri",
        ];
        assert!(known.contains(&error.as_str()), "{}", describe());
    }
    let text = reply.text();
    for inside in ["panicked", ".rs:", "at async", "wasm", "RuntimeError", "stack", "Durable"] {
        assert!(!text.contains(inside), "{inside}: {}", describe());
    }
    assert_eq!(reply.header("location"), None, "{}", describe());
    let session = reply
        .cookies()
        .into_iter()
        .any(|cookie| cookie.name.ends_with("session") && !cookie.is_removal());
    assert!(!session, "{}", describe());
}

/// What a browser shows in the end: a posted authorization request is asked again by GET, at the
/// same place and without a cookie.
fn asked_by_get(server: &Server, reply: Reply) -> Reply {
    let Some(location) = reply.header("location").filter(|_| reply.status == 303) else {
        return reply;
    };
    let path = server.local_path("/authorize", location).expect("a path of this server");
    assert!(path.starts_with("/authorize"), "{}", reply.describe());
    assert_eq!(reply.cookies().len(), 0, "{}", reply.describe());
    server.get(&path)
}

/// Bodies that are no request of any endpoint, and what is wrong with them.
pub fn bodies() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("empty", Vec::new()),
        ("invalid UTF-8", b"a=\xff\xfe&client_id=\xc3\x28".to_vec()),
        ("invalid UTF-8, encoded", b"a=%ff%fe&client_id=%c3%28".to_vec()),
        ("overlong encoding", b"client_id=%c0%80".to_vec()),
        ("a lone surrogate", b"client_id=%ed%a0%80".to_vec()),
        ("half a percent sequence", b"client_id=%&csrf=%4".to_vec()),
        ("null bytes", b"client_id=\0&a=%00".to_vec()),
        (
            "all repeated",
            b"client_id=a&client_id=b&csrf=a&csrf=b&request=a&request=b&email=a&email=b".to_vec(),
        ),
        ("many parameters", "a=1&".repeat(5_000).into_bytes()),
        (
            "many different parameters",
            (0..3_000).map(|n| format!("p{n}=1&")).collect::<String>().into_bytes(),
        ),
        ("one long parameter", [b"client_id=".to_vec(), vec![b'x'; 60_000]].concat()),
        ("only separators", vec![b'&'; 60_000]),
        ("only equals signs", vec![b'='; 60_000]),
        ("JSON in a form", br#"{"client_id":"a"}"#.to_vec()),
        ("deep JSON", vec![b'['; 60_000]),
        ("binary", (0..=255).cycle().take(10_000).collect()),
    ]
}

fn sweep(server: &Server, endpoint: &Endpoint) {
    let is_json = endpoint.content_type == "application/json";
    let sound = if is_json { r#"{"a":"b"}"# } else { "a=b" };

    for wrong in
        ["text/plain", "multipart/form-data; boundary=x", "application/xml", "x", "a/b/c", ""]
    {
        let reply = post(server, endpoint).header("content-type", wrong).body(sound).send();
        expect_refusal(&reply, endpoint, &format!("content type {wrong:?}"));
        assert_eq!(reply.status, 400, "{}", reply.describe());
        if !endpoint.is_page {
            let code = if is_json { "invalid_client_metadata" } else { "invalid_request" };
            reply.expect_error(400, code);
        }
    }
    let swapped = if is_json { FORM } else { "application/json" };
    let reply = post(server, endpoint).header("content-type", swapped).body(sound).send();
    expect_refusal(&reply, endpoint, "the other content type");
    expect_refusal(&post(server, endpoint).body(sound).send(), endpoint, "no content type");
    expect_refusal(&post(server, endpoint).send(), endpoint, "nothing at all");

    for (what, body) in bodies() {
        let call = post(server, endpoint).header("content-type", endpoint.content_type);
        let reply = asked_by_get(server, call.body(body).send());
        expect_refusal(&reply, endpoint, what);
        let unreadable = ["invalid UTF-8", "invalid UTF-8, encoded", "all repeated", "binary"];
        match endpoint.path {
            "/register" if what != "JSON in a form" => {
                reply.expect_error(400, "invalid_client_metadata");
            }
            "/token" | "/revoke" | "/device_authorization" if unreadable.contains(&what) => {
                reply.expect_error(400, "invalid_request");
            }
            _ => {}
        }
    }

    let large = vec![b'a'; 65 * 1024];
    let announced = post(server, endpoint).header("content-type", endpoint.content_type);
    let reply = announced.body(large.clone()).send();
    expect_refusal(&reply, endpoint, "65 KB");
    assert_eq!(reply.status, 413, "{}", reply.describe());
    let head = format!(
        "POST {} HTTP/1.1\nContent-Type: {}\nTransfer-Encoding: chunked",
        endpoint.path, endpoint.content_type
    );
    let reply = raw::send(server, &head, &raw::chunked(&large));
    assert_eq!(reply.status, 413, "{}", reply.text);

    // RFC 9110 section 8.3: two content types are none.
    let head = format!(
        "POST {} HTTP/1.1\nContent-Type: text/plain\nContent-Type: {}\nContent-Length: {}",
        endpoint.path,
        endpoint.content_type,
        sound.len()
    );
    let reply = raw::send(server, &head, sound.as_bytes());
    assert!((400..500).contains(&reply.status), "{}", reply.text);
}

/// Bodies that are wrong in one thing only: the token is this browser's own and for this form.
fn own_forms(server: &Server) {
    for endpoint in ["/sign-in", "/sign-up"] {
        for (what, addition) in [
            ("invalid UTF-8", b"email=\xff\xfe@people.example&password=a+good+password".to_vec()),
            ("invalid UTF-8, encoded", b"email=%ff%fe&password=a+good+password".to_vec()),
            ("repeated", b"email=a@b.example&email=c@d.example&password=a+good+password".to_vec()),
            ("null bytes", b"email=a%00@b.example&password=a+good+password".to_vec()),
            ("nothing typed", b"email=&password=".to_vec()),
        ] {
            let mut browser = Browser::new(server);
            let form = browser.page(endpoint).expect(200).form(endpoint);
            let csrf = form.field("csrf").expect("csrf");
            let body = [format!("csrf={csrf}&").into_bytes(), addition].concat();
            let call = server.call("POST", endpoint).header("content-type", FORM).body(body);
            let reply = call.header("cookie", &browser.jar.header().expect("a cookie")).send();
            let described = format!("{endpoint} {what}: {}", reply.describe());
            assert!(matches!(reply.status, 400 | 401 | 422), "{described}");
            let session =
                reply.cookies().into_iter().any(|cookie| cookie.name.ends_with("session"));
            assert!(!session, "{described}");
        }
    }
}

fn queries(server: &Server) {
    let long = format!("x={}", "y".repeat(12_000));
    let many = "a=1&".repeat(1_000);
    for path in ["/authorize", "/sign-in", "/sign-up", "/consent", "/", "/jwks", "/token"] {
        for query in [
            "%",
            "%zz=%zz",
            "%ff",
            "request=%ff",
            "request=",
            "request=a&request=b",
            "client_id=%00",
            "client_id[]=a",
            "a=b=c&&&=",
            "\u{7f}",
            long.as_str(),
            &many,
        ] {
            let reply = server.get(&format!("{path}?{query}"));
            assert!(reply.status < 500, "{}", reply.describe());
            assert_eq!(reply.header("location"), None, "{}", reply.describe());
        }
    }
    let reply = raw::send(server, "GET /authorize?client_id=\u{e9}\u{202e} HTTP/1.1", b"");
    assert!(reply.status < 500, "{}", reply.text);
}

fn headers(server: &Server) {
    let huge = "x".repeat(10_000);
    for (name, value) in [
        ("cookie", huge.as_str()),
        ("cookie", ";;;=;=a;a=;\u{e9}"),
        ("cookie", "latchkey_session=a; latchkey_session=b; latchkey_browser=%00"),
        ("authorization", &huge),
        ("authorization", "Basic \u{e9}"),
        ("accept", "*/*;q=x,;;"),
        ("accept-language", "\u{1}"),
        ("origin", "not an origin"),
        ("sec-fetch-site", "elsewhere"),
        ("content-encoding", "gzip"),
        ("expect", "200-maybe"),
        ("if-none-match", "*"),
        ("range", "bytes=0-1"),
        ("x-forwarded-for", "'; DROP TABLE grants; --"),
        ("cf-connecting-ip", "::ffff:127.0.0.1\u{e9}"),
    ] {
        for (method, path) in
            [("GET", "/"), ("GET", "/sign-in"), ("POST", "/token"), ("GET", "/jwks")]
        {
            // A header that can't be sent at all has done no harm either.
            let Ok(reply) = server.call(method, path).header(name, value).try_send() else {
                continue;
            };
            assert!(reply.status < 500, "{name}: {}", reply.describe());
        }
    }
    let repeated = "GET / HTTP/1.1\nCookie: latchkey_browser=a\nCookie: latchkey_browser=b";
    assert_eq!(raw::send(server, repeated, b"").status, 200);
    let repeated = "POST /token HTTP/1.1\nAuthorization: Basic YTpi\nAuthorization: Basic Yzpk\n\
                    Content-Type: application/x-www-form-urlencoded\nContent-Length: 3";
    let reply = raw::send(server, repeated, b"a=b");
    assert!((400..500).contains(&reply.status), "{}", reply.text);
    // A gzip bomb's label on plain bytes: it isn't unpacked.
    let call = server.call("POST", "/token").header("content-encoding", "gzip");
    let reply = call.form(&[("grant_type", "refresh_token")]).send();
    assert!((400..500).contains(&reply.status), "{}", reply.describe());
}

fn no_http(server: &Server) {
    for head in [
        "GET",
        "GET /",
        "GET / HTTP/9.9",
        "BREW /token HTTP/1.1",
        "GET /\u{0}token HTTP/1.1",
        "GET http://evil.example/token HTTP/1.1",
        "POST /token HTTP/1.1\nContent-Length: -1",
        "POST /token HTTP/1.1\nContent-Length: 5\nContent-Length: 6",
        "POST /token HTTP/1.1\nContent-Length: 5\nTransfer-Encoding: chunked",
        "POST /token HTTP/1.1\nTransfer-Encoding: x",
        "GET / HTTP/1.1\nbad header line",
    ] {
        // Most of these end at the platform, before the worker; what counts is what comes after.
        let reply = raw::send(server, head, b"0\r\n\r\n");
        assert!(reply.status != 200 || head.starts_with("GET /"), "{head}: {}", reply.text);
    }
    let _ = Walk::begin(server).tokens();
}
