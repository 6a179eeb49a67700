//! Authorization requests that succeed, and what becomes of their parameters.

use latchkey_tests::{Authorization, Browser, Client, Person, Server, Tokens, Walk, jwt};
use serde_json::json;

use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "RFC 6749 section 4.1.2, AUTHZ-07: state comes back exactly, whatever it is",
            |servers| {
                state_is_exact(servers.standard());
            },
        ),
        Case::new(
            "RFC 9207 section 2, ISS-01: iss is in every response, success and denial",
            |servers| {
                issuer_in_every_response(servers.standard());
            },
        ),
        Case::new(
            "RFC 8252 section 7.3: a native app chooses its port at each run, and gets its code there",
            |servers| {
                loopback_port(servers.standard());
            },
        ),
        Case::new(
            "AUTHZ-09: the query of a registered redirect URI is kept, and ours is appended",
            |servers| {
                registered_query(servers.standard());
            },
        ),
        Case::new("AUTHZ-11: the request may be posted as a form", |servers| {
            posted_request(servers.standard());
        }),
        Case::new(
            "RFC 6749 section 3.3: unknown scopes are dropped, and without any the default is asked for",
            |servers| {
                scopes(servers.standard());
            },
        ),
        Case::new(
            "RFC 8707 section 2, MAS-12: every way to write a resource is the one audience",
            |servers| {
                resources(servers.standard());
            },
        ),
        Case::new(
            "OpenID Connect Core section 3.1.2.1: prompt=login asks for the password again, once",
            |servers| {
                prompt_login(servers.standard());
            },
        ),
        Case::new(
            "OpenID Connect Core section 3.1.2.1: max_age asks for the password when it was too long ago",
            |servers| {
                max_age(servers.standard());
            },
        ),
        Case::new(
            "OpenID Connect Core section 3.1.2.1: prompt=none succeeds only for what was allowed before",
            |servers| {
                prompt_none(servers.standard());
            },
        ),
        Case::new(
            "RFC 8252 section 8.6, NAT-04: an app on the person's machine is never allowed silently",
            |servers| {
                prompt_none_loopback(servers.standard());
            },
        ),
        Case::new(
            "OpenID Connect Initiating User Registration section 2: prompt=create begins with the sign-up page",
            |servers| {
                prompt_create(servers.standard());
            },
        ),
        Case::new("issue 2: login_hint is filled in as the e-mail address", |servers| {
            login_hint(servers.standard());
        }),
        Case::new("needs 17: being signed in is never consent", |servers| {
            let mut walk = Walk::begin(servers.standard());
            let _ = walk.tokens();
            let request = walk.request();
            let _ = walk.consent_page(&request);
        }),
        Case::new(
            "issue 2: whoever signs up or in on the way lands on the consent page of the same request",
            |servers| {
                request_survives_sign_in(servers.standard());
            },
        ),
        Case::new(
            "issue 2: a long state comes back through sign-in and consent, and one that could not is refused at once",
            |servers| {
                long_state(servers.standard());
            },
        ),
    ]
}

fn state_is_exact(server: &Server) {
    let mut walk = Walk::begin(server);
    for state in [
        "simple",
        "a b",
        "a+b%20c%2Bd",
        "=&?#/;:@[]!$'()*,",
        "\"<script>'\\",
        "ünïcödé 日本語 🔑",
        "{\"json\":[1,\"x\"]}",
        " leading and trailing ",
        "line\r\nfeed\ttab",
        "a\u{0}b",
        "%",
        "%zz",
        &"long".repeat(500),
    ] {
        let request = walk.request().with("state", state);
        for decision in ["allow", "deny"] {
            let page = walk.consent_page(&request);
            let callback = walk.browser.decide(&page, decision).away();
            assert_eq!(callback.get("state").as_deref(), Some(state), "{}", callback.location);
        }
    }
    let request = walk.request().without("state");
    assert_eq!(walk.approve(&request).get("state"), None);
}

fn issuer_in_every_response(server: &Server) {
    let mut walk = Walk::begin(server);
    let request = walk.request();
    for decision in ["allow", "deny"] {
        let page = walk.consent_page(&request);
        let callback = walk.browser.decide(&page, decision).away();
        // RFC 9700 section 4.12: 303 after a form, never 307.
        assert_eq!(callback.reply.status, 303, "{}", callback.reply.describe());
        assert_eq!(callback.get("iss"), Some(server.issuer()), "{}", callback.location);
        assert_eq!(callback.get("code").is_some(), decision == "allow");
        let error = (decision == "deny").then_some("access_denied");
        assert_eq!(callback.get("error").as_deref(), error);
    }
}

fn loopback_port(server: &Server) {
    for host in ["127.0.0.1", "localhost", "[::1]"] {
        let metadata = json!({
            "redirect_uris": [format!("http://{host}:3000/callback"), format!("http://{host}/plain")],
            "token_endpoint_auth_method": "none",
        });
        let mut walk = Walk::with(server, Client::register(server, &metadata));
        for uri in [
            format!("http://{host}:3000/callback"),
            format!("http://{host}:54321/callback"),
            format!("http://{host}/callback"),
            format!("http://{host}:80/callback"),
            format!("http://{host}:1/plain"),
        ] {
            let request = walk.request().with("redirect_uri", &uri);
            let callback = walk.approve(&request);
            assert_eq!(callback.target(), uri, "{}", callback.location);
            let code = request.code(&callback);
            // RFC 6749 section 4.1.3: the one of the request, port and all.
            let mut other = code.clone();
            other.redirect_uri = format!("http://{host}:3001/callback");
            walk.client.redeem(server, &other).expect_error(400, "invalid_grant");
            let _ = Tokens::from_reply(&walk.client.redeem(server, &code));
        }
    }
}

fn registered_query(server: &Server) {
    let metadata = json!({
        "redirect_uris": ["https://client.example/callback?tenant=a%2Bb&x="],
        "token_endpoint_auth_method": "none",
    });
    let mut walk = Walk::with(server, Client::register(server, &metadata));
    let request = walk.request();
    let callback = walk.approve(&request);
    let kept = "https://client.example/callback?tenant=a%2Bb&x=&";
    assert!(callback.location.starts_with(kept), "{}", callback.location);
    let _ = Tokens::from_reply(&walk.client.redeem(server, &request.code(&callback)));
}

fn posted_request(server: &Server) {
    let mut walk = Walk::begin(server);
    let request = walk.request();
    // From another site the cookies stay at home; they come along with the redirect.
    let jar = walk.browser.jar.clone();
    let reply = server.call("POST", "/authorize").form(request.fields()).send().expect(303);
    let location = reply.header("location").expect("location");
    assert_eq!(server.local_path("/authorize", location), Some(request.path(server)));
    assert_eq!(reply.cookies().len(), 0, "{}", reply.describe());
    let page = walk.browser.post_from_another_site("/authorize", request.fields()).page();
    let page = page.expect(200);
    assert_eq!(walk.browser.jar.get("latchkey_browser"), jar.get("latchkey_browser"));
    let callback = walk.browser.decide(&page, "allow").away();
    let _ = Tokens::from_reply(&walk.client.redeem(server, &request.code(&callback)));
}

fn scopes(server: &Server) {
    let mut walk = Walk::begin(server);
    for (requested, granted) in [
        (None, "mcp"),
        (Some(""), "mcp"),
        (Some("mcp"), "mcp"),
        (Some("mcp:write"), "mcp:write"),
        (Some("mcp mcp:write"), "mcp mcp:write"),
        (Some("mcp mcp"), "mcp"),
        (Some("mcp claudeai openid profile email offline_access"), "mcp"),
        (Some("openid profile email offline_access"), "mcp"),
        (Some("claudeai"), "mcp"),
        (Some("offline_access"), "mcp"),
        (Some("MCP"), "mcp"),
    ] {
        // Another installation each time, so that nothing was allowed before.
        walk.client = Client::public(server);
        let mut request = walk.request();
        if let Some(requested) = requested {
            request = request.and("scope", requested);
        }
        let tokens = walk.tokens_for(&request);
        assert_eq!(tokens.scope, granted, "{requested:?}");
    }
}

fn resources(server: &Server) {
    let keys = jwt::keys(server);
    let mut walk = Walk::begin(server);
    let own = format!("{}/mcp", server.issuer());
    let own_upper = own.replace("http://", "HTTP://");
    let own_slash = format!("{own}/");
    let api = "https://api.example/v1";
    for (requested, audience) in [
        (vec![], own.as_str()),
        (vec![own.as_str()], &own),
        (vec![&own_upper], &own),
        (vec![&own_slash], &own),
        (vec![api], api),
        (vec!["https://API.Example:443/v1"], api),
        (vec!["https://api.example/v1/"], api),
        (vec!["", api], api),
        (vec![api, &own], api),
        (vec![&own, api], &own),
    ] {
        let mut request = walk.request();
        for resource in &requested {
            request = request.and("resource", resource);
        }
        let tokens = walk.tokens_for(&request);
        let claims = jwt::verify(&tokens.access, &keys).unwrap().claims;
        assert_eq!(claims["aud"], audience, "{requested:?}");
    }
}

fn prompt_login(server: &Server) {
    let mut walk = Walk::begin(server);
    let request = walk.request().and("prompt", "login");
    let page = walk.browser.page(&request.path(server)).expect(200);
    assert_eq!(page.forms().iter().filter(|form| form.action.ends_with("/consent")).count(), 0);
    let consent = walk.browser.sign_in(&page, &walk.person).page().expect(200);
    let callback = walk.browser.decide(&consent, "allow").away();
    let _ = Tokens::from_reply(&walk.client.redeem(server, &request.code(&callback)));
}

fn max_age(server: &Server) {
    let mut walk = Walk::begin(server);
    let recent = walk.request().and("max_age", "3600");
    let _ = walk.consent_page(&recent);
    let request = walk.request().and("max_age", "0");
    let page = walk.browser.page(&request.path(server)).expect(200);
    let consent = walk.browser.sign_in(&page, &walk.person).page().expect(200);
    let callback = walk.browser.decide(&consent, "allow").away();
    let tokens = Tokens::from_reply(&walk.client.redeem(server, &request.code(&callback)));
    let claims = jwt::verify(&tokens.access, &jwt::keys(server)).unwrap().claims;
    let age = claims["iat"].as_u64().unwrap() - claims["auth_time"].as_u64().unwrap();
    assert!(age < 60, "auth_time is that of the new sign-in: {claims}");
}

fn prompt_none(server: &Server) {
    let mut walk = Walk::begin(server);
    let silent = |walk: &mut Walk<'_>, request: Authorization| {
        walk.browser.open(&request.and("prompt", "none").path(walk.server)).away()
    };
    let request = walk.request();
    let callback = silent(&mut walk, request);
    assert_eq!(callback.get("error").as_deref(), Some("consent_required"));

    let _ = walk.tokens();
    let request = walk.request();
    let callback = silent(&mut walk, request.clone());
    assert_eq!(callback.get("state").as_deref(), request.get("state"));
    let _ = Tokens::from_reply(&walk.client.redeem(server, &request.code(&callback)));

    // More than was allowed, another resource, another client: the person has to be asked.
    let other = Client::public(server);
    for request in [
        walk.request().and("scope", "mcp mcp:write"),
        walk.request().and("resource", "https://api.example/v1"),
        Authorization::of(&other),
    ] {
        let callback = silent(&mut walk, request);
        assert_eq!(callback.get("error").as_deref(), Some("consent_required"));
    }
}

fn prompt_none_loopback(server: &Server) {
    let metadata = json!({
        "redirect_uris": ["http://127.0.0.1/callback"],
        "token_endpoint_auth_method": "none",
    });
    let mut walk = Walk::with(server, Client::register(server, &metadata));
    let _ = walk.tokens();
    let request = walk.request().and("prompt", "none");
    let callback = walk.browser.open(&request.path(server)).away();
    assert_eq!(callback.get("error").as_deref(), Some("consent_required"));
}

fn prompt_create(server: &Server) {
    let client = Client::public(server);
    let request = Authorization::of(&client).and("prompt", "create");
    let mut browser = Browser::new(server);
    let page = browser.page(&request.path(server)).expect(200);
    let consent = browser.sign_up(&page, &Person::new()).page().expect(200);
    let callback = browser.decide(&consent, "allow").away();
    let _ = Tokens::from_reply(&client.redeem(server, &request.code(&callback)));
}

fn login_hint(server: &Server) {
    let client = Client::public(server);
    for hint in ["ada@people.example", "\"><script>alert(1)</script>"] {
        let request = Authorization::of(&client).and("login_hint", hint);
        let page = Browser::new(server).page(&request.path(server)).expect(200);
        assert_eq!(page.form("/sign-in").field("email"), Some(hint));
        assert_eq!(page.texts("script").len(), 0);
    }
}

fn request_survives_sign_in(server: &Server) {
    let (client, person) = (Client::public(server), Person::new());
    let mut browser = Browser::new(server);
    let request = Authorization::of(&client);
    let sign_in = browser.page(&request.path(server)).expect(200);
    let link = sign_in.attributes("a[href*='/sign-up']", "href").remove(0);
    let sign_up = browser.page(&link).expect(200);
    let consent = browser.sign_up(&sign_up, &person).page().expect(200);
    let callback = browser.decide(&consent, "allow").away();
    let _ = Tokens::from_reply(&client.redeem(server, &request.code(&callback)));

    let mut another_browser = Browser::new(server);
    let request = Authorization::of(&client);
    let sign_in = another_browser.page(&request.path(server)).expect(200);
    let consent = another_browser.sign_in(&sign_in, &person).page().expect(200);
    let callback = another_browser.decide(&consent, "allow").away();
    assert_eq!(callback.get("state").as_deref(), request.get("state"));
    let _ = Tokens::from_reply(&client.redeem(server, &request.code(&callback)));
}

fn long_state(server: &Server) {
    let (client, mut browser) = (Client::public(server), Browser::new(server));
    let state = "x/".repeat(3_000);
    let request = Authorization::of(&client).with("state", &state);
    let sign_in = browser.page(&request.path(server)).expect(200);
    let link = sign_in.attributes("a[href*='/sign-up']", "href").remove(0);
    let sign_up = browser.page(&link).expect(200);
    let consent = browser.sign_up(&sign_up, &Person::new()).page().expect(200);
    let callback = browser.decide(&consent, "allow").away();
    assert_eq!(callback.get("state").as_deref(), Some(state.as_str()));

    let request = request.with("state", &"x".repeat(12_000));
    let _ = browser.page(&request.path(server)).expect(400).reference();
    let request = request.with("state", &"x".repeat(50_000));
    let _ = browser.post("/authorize", request.fields()).page().expect(400).reference();
}
