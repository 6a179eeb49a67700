//! The consent page: what it says, and what pressing its buttons does, in every order.

use latchkey_tests::client::Code;
use latchkey_tests::{Authorization, Browser, Client, Landing, Page, Person, Server, Tokens, Walk};
use serde_json::json;
use std::time::{Duration, Instant};

use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "SECURITY: one request allowed by two people gives two codes, and neither tells the other",
            |servers| two_accounts_one_request(servers.standard()),
        ),
        Case::new(
            "RFC 8707 section 2: the consent page names every resource asked for",
            |servers| {
                every_resource(servers.standard());
            },
        ),
        Case::new(
            "MAS-15, needs 22: the page says which app, which account, what for and where it leads",
            |servers| {
                says_everything(servers.standard());
            },
        ),
        Case::new("issue 2: a double click on Allow is one grant and one code", |servers| {
            double_click(servers.standard());
        }),
        Case::new(
            "issue 2: Allow after the code was used is a page that says so, and no second code",
            |servers| {
                press_after_redemption(servers.standard());
            },
        ),
        Case::new(
            "RFC 6749 section 4.1.2.1: denying gives access_denied and nothing else",
            |servers| {
                deny(servers.standard());
            },
        ),
        Case::new(
            "issue 2: two tabs, two requests, each answered with its own code and state",
            |servers| {
                two_tabs(servers.standard());
            },
        ),
        Case::new("needs 22: \"not you?\" changes the account and keeps the request", |servers| {
            not_you(servers.standard());
        }),
        Case::new("SEC-05: opening a link never grants anything", |servers| {
            get_never_grants(servers.standard());
        }),
        Case::new(
            "RFC 6749 section 10.12, SEC-05: consent needs this browser's token for this very request",
            |servers| {
                forged_consent(servers.standard());
            },
        ),
        Case::new("issue 2: a request that was tampered with is refused", |servers| {
            forged_request(servers.standard());
        }),
        Case::new(
            "issue 2: a request that waited too long is refused, with what to do",
            |servers| {
                expired_request(servers.quick());
            },
        ),
        Case::new(
            "issue 2: signed out in another tab, Allow asks to sign in again and keeps the request",
            |servers| {
                signed_out_meanwhile(servers.standard());
            },
        ),
        Case::new(
            "issue 2: signed in anew in another tab, Allow asks once more and keeps the request",
            |servers| {
                signed_in_meanwhile(servers.standard());
            },
        ),
        Case::new("issue 2: a decision that is neither yes nor no changes nothing", |servers| {
            strange_decisions(servers.standard());
        }),
        Case::new(
            "needs 18: allowing the same app again leaves the first grant alone",
            |servers| {
                let mut walk = Walk::begin(servers.standard());
                let (first, second) = (walk.tokens(), walk.tokens());
                for tokens in [first, second] {
                    let _ = walk.client.refresh(walk.server, &tokens.refresh).expect(200);
                }
            },
        ),
    ]
}

fn says_everything(server: &Server) {
    let metadata = json!({
        "client_name": "Drawing board",
        "client_uri": "https://drawing.example/",
        "policy_uri": "https://drawing.example/privacy",
        "tos_uri": "https://drawing.example/terms",
        "redirect_uris": ["https://callback.example:8443/oauth/cb"],
        "token_endpoint_auth_method": "none",
    });
    let mut walk = Walk::with(server, Client::register(server, &metadata));
    let request =
        walk.request().and("scope", "mcp mcp:write").and("resource", "https://api.example/v1");
    let page = walk.consent_page(&request);
    let text = page.text();
    for wanted in [
        "Drawing board",
        "drawing.example",
        "not verified",
        walk.person.email.as_str(),
        "callback.example:8443",
        "https://callback.example:8443/oauth/cb",
        "Use your tools",
        "Read and run them.",
        "Change your tools",
        "mcp:write",
        "https://api.example/v1",
        "API",
    ] {
        assert!(text.to_lowercase().contains(&wanted.to_lowercase()), "{wanted:?} in {text}");
    }
    // DCR-11: nothing of the client's is loaded, and its links don't say who sends them.
    assert_eq!(page.attributes("img[src*='drawing.example']", "src").len(), 0);
    for rel in page.attributes("a[href*='drawing.example']", "rel") {
        assert!(rel.contains("noopener") && rel.contains("noreferrer"), "{rel}");
    }
    // needs 17: the form carries a handle, not the URI or the scopes.
    for (name, value) in page.form("/consent").fields {
        assert!(matches!(name.as_str(), "csrf" | "request"), "{name}");
        assert!(!value.contains("callback.example") && !value.contains("mcp"), "{name}");
    }
    // What a client that asks for less gets to see is less.
    let request = walk.request().and("scope", "mcp");
    let page = walk.consent_page(&request);
    assert!(!page.text().contains("Change your tools"));
}

fn double_click(server: &Server) {
    let mut walk = Walk::begin(server);
    let request = walk.request();
    let page = walk.consent_page(&request);
    let mut second_click = walk.browser.clone();
    let [first, second] = std::thread::scope(|scope| {
        let other = scope.spawn(|| second_click.decide(&page, "allow").away());
        [walk.browser.decide(&page, "allow").away(), other.join().unwrap()]
    });
    assert_eq!(first.location, second.location);
    let tokens = Tokens::from_reply(&walk.client.redeem(server, &request.code(&first)));
    let _ = walk.client.refresh(server, &tokens.refresh).expect(200);
}

fn press_after_redemption(server: &Server) {
    let mut walk = Walk::begin(server);
    let request = walk.request();
    let page = walk.consent_page(&request);
    let callback = walk.browser.decide(&page, "allow").away();
    let tokens = Tokens::from_reply(&walk.client.redeem(server, &request.code(&callback)));
    for _ in 0..2 {
        let again = walk.browser.decide(&page, "allow").page().expect(200);
        assert!(!again.reply.text().contains(&callback.code()), "{}", again.reply.describe());
        assert_eq!(again.attributes("a[href*='code=']", "href").len(), 0);
    }
    // It did no harm: the grant lives, and the code is still used up.
    let _ = walk.client.refresh(server, &tokens.refresh).expect(200);
    walk.client.redeem(server, &request.code(&callback)).expect_error(400, "invalid_grant");
}

fn deny(server: &Server) {
    let mut walk = Walk::begin(server);
    let request = walk.request();
    let page = walk.consent_page(&request);
    let callback = walk.browser.decide(&page, "deny").away();
    assert_eq!(callback.target(), "https://client.example/callback");
    assert_eq!(callback.get("error").as_deref(), Some("access_denied"));
    assert_eq!(callback.get("state").as_deref(), request.get("state"));
    assert_eq!((callback.get("code"), callback.get("iss")), (None, Some(server.issuer())));
    assert_not_allowed(&mut walk);
    // Back, and then yes after all.
    let callback = walk.browser.decide(&page, "allow").away();
    let _ = Tokens::from_reply(&walk.client.redeem(server, &request.code(&callback)));
}

/// Nothing was granted to the walk's client.
fn assert_not_allowed(walk: &mut Walk<'_>) {
    let request = walk.request().and("prompt", "none");
    let callback = walk.browser.open(&request.path(walk.server)).away();
    assert_eq!(callback.get("error").as_deref(), Some("consent_required"));
}

fn two_tabs(server: &Server) {
    let mut walk = Walk::begin(server);
    let other_client = Client::public(server);
    let requests = [walk.request(), walk.request(), Authorization::of(&other_client)];
    let pages = requests.each_ref().map(|request| walk.consent_page(request));
    // Decided in another order than they were opened in.
    for index in [2, 0, 1] {
        let callback = walk.browser.decide(&pages[index], "allow").away();
        let request = &requests[index];
        assert_eq!(callback.get("state").as_deref(), request.get("state"));
        let client = if index == 2 { &other_client } else { &walk.client };
        let _ = Tokens::from_reply(&client.redeem(server, &request.code(&callback)));
    }
}

fn not_you(server: &Server) {
    let mut walk = Walk::begin(server);
    let (first, second) = (walk.person.clone(), Person::new());
    Browser::new(server).join(&second);
    let request = walk.request();
    let page = walk.consent_page(&request);
    let sign_in = walk.browser.submit(&page, &page.form("/sign-out"), &[]).page().expect(200);
    assert!(sign_in.form("/sign-in").field("request").is_some(), "the request is kept");
    let consent = walk.browser.sign_in(&sign_in, &second).page().expect(200);
    let text = consent.text();
    assert!(text.contains(&second.email) && !text.contains(&first.email), "{text}");
    let callback = walk.browser.decide(&consent, "allow").away();
    assert_eq!(callback.get("state").as_deref(), request.get("state"));
    let tokens = Tokens::from_reply(&walk.client.redeem(server, &request.code(&callback)));
    // It is the second person's grant: the first one allowed nothing.
    let home = walk.browser.page("/").expect(200);
    let _ = walk.browser.submit(&home, &home.form("/sign-out"), &[]).page().expect(200);
    let page = walk.browser.page("/sign-in").expect(200);
    let _ = walk.browser.sign_in(&page, &first).page().expect(200);
    assert_not_allowed(&mut walk);
    let _ = walk.client.refresh(server, &tokens.refresh).expect(200);
}

fn get_never_grants(server: &Server) {
    let mut walk = Walk::begin(server);
    let request = walk.request();
    let page = walk.consent_page(&request);
    let form = page.form("/consent");
    let query = latchkey_tests::http::encode(&form.filled(&[("decision", "allow")]));
    let _ = walk.browser.page(&format!("/consent?{query}"));
    let with_decision =
        format!("{}&decision=allow&csrf={}", request.path(server), form.field("csrf").unwrap());
    let _ = walk.browser.page(&with_decision).expect(200);
    let head = server.call("HEAD", &format!("/consent?{query}"));
    let head = head.header("cookie", &walk.browser.jar.header().unwrap()).send();
    assert_eq!(head.header("location"), None);
    assert_not_allowed(&mut walk);
}

fn expect_no_code(landing: Landing, what: &str) -> Page {
    let Landing::Page(page) = landing else { panic!("{what}: a redirect to the client") };
    assert!((400..500).contains(&page.reply.status), "{what}: {}", page.reply.describe());
    assert!(page.reference().len() >= 6, "{what}");
    page
}

/// The form isn't believed: the same question is shown afresh, and nothing was decided.
fn expect_asked_again(landing: Landing, what: &str) {
    let Landing::Page(page) = landing else { panic!("{what}: a redirect to the client") };
    assert_eq!(page.reply.status, 200, "{what}: {}", page.reply.describe());
    assert!(page.form("/consent").field("csrf").is_some(), "{what}");
}

fn forged_consent(server: &Server) {
    let mut walk = Walk::begin(server);
    let (request, other_request) = (walk.request(), walk.request());
    let page = walk.consent_page(&request);
    let other_page = walk.consent_page(&other_request);
    let right = page.form("/consent").filled(&[("decision", "allow")]);
    let with_csrf = |token: Option<&str>| {
        let mut fields = right.clone();
        fields.retain(|(name, _)| name != "csrf");
        fields.extend(token.map(|token| ("csrf".to_owned(), token.to_owned())));
        fields
    };
    let sign_in = walk.browser.page("/sign-in").form("/sign-in");
    let mut stranger = Walk::begin(server);
    let strangers_page = stranger.consent_page(&request);
    let token = |page: &Page| page.form("/consent").field("csrf").unwrap().to_owned();
    for (what, csrf) in [
        ("no token", None),
        ("empty", Some(String::new())),
        ("made up", Some("A".repeat(43))),
        ("of another request", Some(token(&other_page))),
        ("of another person", Some(token(&strangers_page))),
        ("of another form", Some(sign_in.field("csrf").unwrap().to_owned())),
    ] {
        let landing = walk.browser.post("/consent", &with_csrf(csrf.as_deref()));
        expect_asked_again(landing, what);
    }
    // The right token in another person's browser, in one that was never here, and from another site.
    expect_asked_again(stranger.browser.post("/consent", &right), "another browser");
    let _ = Browser::new(server).post("/consent", &right).page().expect(200).form("/sign-in");
    let call = server.call("POST", "/consent").form(&right).header("sec-fetch-site", "cross-site");
    let reply = call.header("cookie", &walk.browser.jar.header().unwrap()).send();
    assert!(reply.header("location").is_none_or(|location| !location.contains("code=")));
    assert_eq!(reply.status, 403, "{}", reply.describe());
    assert_not_allowed(&mut walk);
    assert_not_allowed(&mut stranger);
    let _ = walk.browser.post("/consent", &right).away().code();
}

fn two_accounts_one_request(server: &Server) {
    let mut walk = Walk::begin(server);
    let mut other = Walk::with(server, walk.client.clone());
    let request = walk.request();
    let page = walk.consent_page(&request);
    let sealed = page.form("/consent").field("request").unwrap().to_owned();
    let path = other.browser.path("/consent", &[("request", &sealed)]);
    let others_page = other.browser.page(&path).expect(200);
    let first = request.code(&walk.browser.decide(&page, "allow").away());
    let second = request.code(&other.browser.decide(&others_page, "allow").away());
    let parts = |code: &Code| {
        let parts: Vec<String> = code.code.split('.').map(str::to_owned).collect();
        assert_eq!(parts.len(), 3, "{}", code.code);
        parts
    };
    let (own, others) = (parts(&first), parts(&second));
    assert!(own[0] != others[0] && own[2] != others[2], "{own:?} {others:?}");
    // Whoever knows one code can't make the other of it.
    let stolen = format!("{}.{}.{}", others[0], others[1], own[2]);
    let stolen = Code { code: stolen, ..second.clone() };
    walk.client.redeem(server, &stolen).expect_error(400, "invalid_grant");
    for code in [first, second] {
        let _ = Tokens::from_reply(&walk.client.redeem(server, &code));
    }
}

fn every_resource(server: &Server) {
    let mut walk = Walk::begin(server);
    let request = walk.request().and("resource", &server.url("/mcp"));
    let one = walk.consent_page(&request);
    let both = walk.consent_page(&request.and("resource", "https://api.example/v1"));
    assert!(one.text().contains("Tools") && both.text().contains("Tools"), "{}", both.text());
    assert!(both.text().contains("API"), "{}", both.reply.describe());
    assert!(!one.text().contains("API"), "{}", one.reply.describe());
}

fn forged_request(server: &Server) {
    let mut walk = Walk::begin(server);
    let request = walk.request();
    let form = walk.consent_page(&request).form("/consent");
    let sealed = form.field("request").unwrap().to_owned();
    let middle = sealed.len() / 2;
    let flip = |at: usize| {
        let other = if &sealed[at..=at] == "A" { "B" } else { "A" };
        format!("{}{other}{}", &sealed[..at], &sealed[at + 1..])
    };
    for (what, forged) in [
        ("first character", flip(0)),
        ("nonce", flip(10)),
        ("middle", flip(middle)),
        ("end", flip(sealed.len() - 2)),
        ("cut short", sealed[..middle].to_owned()),
        ("longer", format!("{sealed}AAAA")),
        ("twice", format!("{sealed}{sealed}")),
        ("no base64url", "!!!".to_owned()),
        ("JSON", "{\"client_id\":\"x\"}".to_owned()),
        ("a cookie", walk.browser.jar.get("latchkey_session").unwrap().to_owned()),
        ("very long", "A".repeat(20_000)),
    ] {
        let mut fields = form.filled(&[("decision", "allow")]);
        for (name, value) in &mut fields {
            if name == "request" {
                value.clone_from(&forged);
            }
        }
        let _ = expect_no_code(walk.browser.post("/consent", &fields), what);
        if forged.len() < 10_000 {
            for endpoint in ["/consent", "/sign-in", "/sign-up"] {
                let path = walk.browser.path(endpoint, &[("request", forged.as_str())]);
                let _ = expect_no_code(walk.browser.open(&path), what);
            }
        }
    }
    assert_not_allowed(&mut walk);
}

fn expired_request(server: &Server) {
    let mut walk = Walk::begin(server);
    let request = walk.request();
    let page = walk.consent_page(&request);
    let sealed = page.form("/consent").field("request").unwrap().to_owned();
    let path = walk.browser.path("/consent", &[("request", &sealed)]);
    let deadline = Instant::now() + Duration::from_secs(60);
    let expired = loop {
        let shown = walk.browser.page(&path);
        if shown.reply.status != 200 {
            break shown;
        }
        assert!(Instant::now() < deadline, "it never expires");
        std::thread::sleep(Duration::from_millis(300));
    };
    let _ = expired.expect(400).reference();
    let refused = expect_no_code(walk.browser.decide(&page, "allow"), "expired");
    assert!(refused.text().to_lowercase().contains("start again"), "{}", refused.text());
    assert_not_allowed(&mut walk);
}

fn signed_out_meanwhile(server: &Server) {
    let mut walk = Walk::begin(server);
    let request = walk.request();
    let page = walk.consent_page(&request);
    let home = walk.browser.page("/").expect(200);
    let _ = walk.browser.submit(&home, &home.form("/sign-out"), &[]).page().expect(200);
    let sign_in = walk.browser.decide(&page, "allow").page().expect(200);
    let consent = walk.browser.sign_in(&sign_in, &walk.person).page().expect(200);
    let callback = walk.browser.decide(&consent, "allow").away();
    let _ = Tokens::from_reply(&walk.client.redeem(server, &request.code(&callback)));
}

fn signed_in_meanwhile(server: &Server) {
    let mut walk = Walk::begin(server);
    let request = walk.request();
    let page = walk.consent_page(&request);
    let sign_in = walk.browser.page("/sign-in").expect(200);
    let _ = walk.browser.sign_in(&sign_in, &walk.person).page().expect(200);
    let again = walk.browser.decide(&page, "allow").page().expect(200);
    let callback = walk.browser.decide(&again, "allow").away();
    assert_eq!(callback.get("state").as_deref(), request.get("state"));
    let _ = Tokens::from_reply(&walk.client.redeem(server, &request.code(&callback)));
}

fn strange_decisions(server: &Server) {
    let mut walk = Walk::begin(server);
    let request = walk.request();
    let form = walk.consent_page(&request).form("/consent");
    for decision in [None, Some(""), Some("yes"), Some("ALLOW"), Some("allow ")] {
        let mut fields = form.fields.clone();
        fields.extend(decision.map(|decision| ("decision".to_owned(), decision.to_owned())));
        let _ = expect_no_code(walk.browser.post("/consent", &fields), &format!("{decision:?}"));
    }
    let mut both = form.fields.clone();
    both.extend(["deny", "allow"].map(|value| ("decision".to_owned(), value.to_owned())));
    let _ = expect_no_code(walk.browser.post("/consent", &both), "both");
    assert_not_allowed(&mut walk);
}
