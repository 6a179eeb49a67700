//! What every page has in common: headers, no script, nothing from elsewhere.

use latchkey_tests::{
    Authorization, Browser, Client, Device, Form, Page, Person, Reply, Server, Walk,
};
use serde_json::json;

use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "RFC 9700 section 4.12, SEC-02: after a form the browser is sent on by 303, so that nothing typed goes along",
            |servers| sent_on_by_303(servers.standard()),
        ),
        Case::new(
            "RFC 9700 sections 4.16 and 4.2.4, SEC-03, SEC-04, SEC-09: no page can be framed, leaks a referrer, is cached, or limits where its form leads",
            |servers| {
                for server in [servers.standard(), servers.short_links()] {
                    for (what, page) in every_page(server) {
                        security_headers(&what, &page);
                    }
                }
            },
        ),
        Case::new(
            "issue 2: pages work without JavaScript, in the product's own words, with labelled fields",
            |servers| {
                for (what, page) in every_page(servers.short_links()) {
                    plain_html(&what, &page);
                }
            },
        ),
        Case::new(
            "issue 2: the stylesheet and the icon load, and may be kept for ever",
            |servers| {
                for server in [servers.standard(), servers.short_links()] {
                    assets(server);
                }
            },
        ),
        Case::new(
            "issue 2: the start page says whose server this is, and where everything lies",
            |servers| {
                start_page(servers.standard());
                start_page(servers.short_links());
            },
        ),
        Case::new(
            "issue 2: a private-use scheme is opened by a page that stays and has a link",
            |servers| {
                private_use_scheme(servers.standard());
            },
        ),
    ]
}

/// Posts a form of a page, and follows nothing.
fn post(browser: &mut Browser<'_>, server: &Server, form: &Form, pairs: &[(&str, &str)]) -> Reply {
    let path = server.local_path("/", &form.action).expect("a path of this server");
    let call = server.call("POST", &path).form(&form.filled(pairs));
    let call = call.header("sec-fetch-site", "same-origin").header("origin", "null");
    let reply = call.header("cookie", &browser.jar.header().expect("a cookie")).send();
    browser.jar.take(&reply.cookies());
    reply
}

fn sent_on_by_303(server: &Server) {
    let (client, person) = (Client::public(server), Person::new());
    let fields = [("email", person.email.as_str()), ("password", &person.password)];
    for entrance in ["/sign-up", "/sign-in"] {
        let request = Authorization::of(&client);
        let mut browser = Browser::new(server);
        let _ = browser.page(&request.path(server)).expect(200);
        let form = browser.page(entrance).expect(200).form(entrance);
        let _ = post(&mut browser, server, &form, &fields).expect(303);
        for decision in ["deny", "allow"] {
            let page = browser.page(&request.path(server)).expect(200);
            let form = page.form("/consent");
            let reply = post(&mut browser, server, &form, &[("decision", decision)]).expect(303);
            let location = reply.header("location").unwrap_or_default();
            assert!(location.starts_with(&client.redirect_uri), "{}", reply.describe());
        }
        let _ = server.post_form("/authorize", &owned(&request)).expect(303);
    }
}

fn owned(request: &Authorization) -> Vec<(&str, &str)> {
    request.fields().iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// One page of each kind.
fn every_page(server: &Server) -> Vec<(String, Page)> {
    let mut walk = Walk::begin(server);
    let request = walk.request();
    let consent = walk.consent_page(&request);
    let callback = walk.browser.decide(&consent, "allow").away();
    let _ = walk.client.redeem(server, &request.code(&callback)).expect(200);
    let already = walk.browser.decide(&consent, "allow").page();
    let forged = walk.browser.post(&server.at("/sign-out"), &[]).page();
    let faulty = walk.browser.page(&walk.request().without("code_challenge").path(server));
    let unknown = walk.browser.page(&server.at("/authorize?client_id=nobody"));
    let nothing = walk.browser.page(&server.at("/consent"));
    let damaged = walk.browser.page(&server.at("/consent?request=damaged"));
    let code = walk.browser.page(&server.at("/device"));
    let wrong_code = walk.browser.enter_code("ZZZZ-9999");
    let [device, refused] = [(); 2].map(|()| Device::new(server));
    let device = walk.browser.enter_code(device.user_code());
    let refused = walk.browser.enter_code(refused.user_code());
    let refused = walk.browser.decide_device(&refused, "deny");
    let connected = walk.browser.decide_device(&device, "allow");
    let home = walk.browser.page(&server.at("/"));
    let signed_out = walk.browser.submit(&home, &home.form("/sign-out"), &[]).page();
    let mut stranger = Browser::new(server);
    let sign_in = stranger.page(&request.path(server));
    let wrong = stranger.sign_in(&sign_in, &latchkey_tests::Person::new()).page();
    let unread = server
        .call("POST", &server.at("/sign-in"))
        .header("content-type", "text/plain")
        .body("x")
        .send();
    vec![
        ("start, signed in".to_owned(), home),
        ("start".to_owned(), stranger.page(&server.at("/"))),
        ("sign-in".to_owned(), sign_in),
        ("sign-in, wrong".to_owned(), wrong),
        ("sign-up".to_owned(), stranger.page(&server.at("/sign-up"))),
        ("consent".to_owned(), consent),
        ("already allowed".to_owned(), already),
        ("device's code".to_owned(), code),
        ("device's code, wrong".to_owned(), wrong_code),
        ("device".to_owned(), device),
        ("device connected".to_owned(), connected),
        ("device refused".to_owned(), refused),
        ("signed out".to_owned(), signed_out),
        ("local error".to_owned(), unknown),
        ("error for the client".to_owned(), faulty),
        ("forged form".to_owned(), forged),
        ("nothing to decide".to_owned(), nothing),
        ("damaged request".to_owned(), damaged),
        ("unreadable form".to_owned(), Page { path: server.at("/sign-in"), reply: unread }),
    ]
}

fn security_headers(what: &str, page: &Page) {
    let reply = &page.reply;
    let header = |name: &str| reply.header(name).unwrap_or_default();
    let describe = || format!("{what}: {}", reply.describe());
    assert_eq!(header("content-type"), "text/html; charset=utf-8", "{}", describe());
    assert_eq!(header("x-frame-options"), "DENY", "{}", describe());
    assert_eq!(header("x-content-type-options"), "nosniff", "{}", describe());
    assert_eq!(header("referrer-policy"), "no-referrer", "{}", describe());
    assert!(header("cache-control").contains("no-store"), "{}", describe());
    let policy = header("content-security-policy");
    for directive in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"] {
        assert!(policy.contains(directive), "{directive} in {policy}");
    }
    // Browsers apply form-action to the redirects after the form, and clients redirect on.
    for forbidden in ["form-action", "unsafe", "script-src", "*"] {
        assert!(!policy.contains(forbidden), "{forbidden} in {policy}");
    }
    let cors = reply.headers.iter().find(|(name, _)| name.starts_with("access-control"));
    assert_eq!(cors, None, "{}", describe());
}

fn plain_html(what: &str, page: &Page) {
    assert_eq!(page.texts("script, iframe, object, embed, style, base").len(), 0, "{what}");
    assert_eq!(page.attributes("[style]", "style"), [""; 0], "{what}: the policy forbids it");
    for handler in ["onclick", "onload", "onsubmit", "onerror", "onfocus"] {
        assert_eq!(page.attributes(&format!("[{handler}]"), handler), [""; 0], "{what}");
    }
    assert_eq!(page.attributes("html", "lang"), ["en"], "{what}");
    assert_eq!(page.texts("h1").len(), 1, "{what}: one heading");
    assert!(page.title().contains("Short Links"), "{what}: {}", page.title());
    let viewport = page.attributes("meta[name=viewport]", "content").concat();
    assert!(viewport.contains("width=device-width"), "{what}");
    assert!(!viewport.contains("maximum-scale") && !viewport.contains("user-scalable"), "{what}");
    // Everything loads from here, but for the product's logo.
    let loaded = [
        page.attributes("link[rel=stylesheet]", "href"),
        page.attributes("link[rel=icon]", "href"),
        page.attributes("img", "src"),
    ]
    .concat();
    for source in loaded {
        let own = source.starts_with("/mcp/oauth/") && !source.starts_with("//");
        assert!(own || source == "https://cdn.links.example/logo.png", "{what}: {source}");
    }
    // Every field that a person fills in has a label, and every form can be submitted.
    let labels = page.attributes("label[for]", "for");
    for id in page.attributes("input:not([type=hidden])", "id") {
        assert!(labels.contains(&id), "{what}: no label for {id}");
    }
    assert!(
        page.texts("form button[type=submit]").len() >= page.forms().len(),
        "{what}: a form without a button"
    );
    for form in page.forms() {
        assert!(form.action.starts_with("/mcp/oauth/"), "{what}: {}", form.action);
    }
}

fn assets(server: &Server) {
    let page = Browser::new(server).page(&server.at("/sign-in")).expect(200);
    for (selector, kind) in
        [("link[rel=stylesheet]", "text/css"), ("link[rel=icon]", "image/svg+xml")]
    {
        let [path] = &page.attributes(selector, "href")[..] else { panic!("one {selector}") };
        let reply = server.get(path).expect(200);
        assert!(reply.header("content-type").unwrap().starts_with(kind), "{}", reply.describe());
        let cache = reply.header("cache-control").unwrap_or_default();
        assert!(cache.contains("immutable") && cache.contains("max-age="), "{cache}");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        assert!(reply.body.len() > 100, "{}", reply.describe());
    }
}

fn start_page(server: &Server) {
    let page = Browser::new(server).page(&server.at("/")).expect(200);
    let text = page.text();
    for wanted in [
        server.issuer(),
        format!("{}{}", server.origin(), server.metadata_path()),
        server.url("/authorize"),
        server.url("/token"),
        server.url("/register"),
        server.url("/revoke"),
        server.url("/jwks"),
    ] {
        assert!(text.contains(&wanted), "{wanted} in {text}");
    }
    for endpoint in ["/sign-in", "/sign-up"] {
        let links = page.attributes(&format!("a[href='{}']", server.at(endpoint)), "href");
        assert_eq!(links.len(), 1, "{endpoint}");
    }
}

fn private_use_scheme(server: &Server) {
    let metadata = json!({
        "client_name": "Cursor",
        "redirect_uris": ["cursor://anysphere.cursor-mcp/oauth/callback"],
        "token_endpoint_auth_method": "none",
    });
    let mut walk = Walk::with(server, Client::register(server, &metadata));
    for decision in ["deny", "allow"] {
        let request = walk.request();
        let consent = walk.consent_page(&request);
        assert!(consent.text().contains("cursor://"), "the scheme is in plain sight");
        let page = walk.browser.decide(&consent, decision).page().expect(200);
        security_headers(decision, &page);
        let links = page.attributes("main a[href^='cursor://']", "href");
        assert_eq!(links.len(), 1, "{}", page.reply.describe());
        let callback = latchkey_tests::Callback::new(&links[0], page.reply.clone());
        assert_eq!(callback.target(), "cursor://anysphere.cursor-mcp/oauth/callback");
        assert_eq!(callback.get("state").as_deref(), request.get("state"));
        if decision == "allow" {
            let _ = walk.client.redeem(server, &request.code(&callback)).expect(200);
        } else {
            assert_eq!(callback.get("error").as_deref(), Some("access_denied"));
        }
    }
    // An error before any page goes back by redirect: that leads nowhere but to the app.
    let request = Authorization::of(&walk.client).without("code_challenge");
    let callback = Browser::new(server).open(&request.path(server)).away();
    assert_eq!(callback.get("error").as_deref(), Some("invalid_request"));
}
