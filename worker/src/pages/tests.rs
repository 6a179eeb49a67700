//! Every page in several states, the hostile ones included, against what holds for all of them.
//!
//! `LATCHKEY_GALLERY=<folder> cargo test render_gallery` also writes them there, to look at.

use latchkey_protocol::time::Lifetime;

use super::*;

/// Markup, bidi controls, quotes and a length that no name has.
fn hostile() -> String {
    format!(
        "<script>alert(1)</script>\u{202E}\"'&<img src=x onerror=alert(1)>\u{2066}\u{200B}{}",
        "W".repeat(3000)
    )
}

const CSRF: &str = "csrf-value";
const REQUEST: &str = "sealed.request+value/with=signs&";

fn look() -> Look {
    Look {
        product_name: "Acme Notes".to_owned(),
        logo_url: None,
        accent: Colour::rgb(0x1f5fd0),
        accent_dark: None,
        privacy_url: Some("https://acme.example/privacy".to_owned()),
        terms_url: Some("https://acme.example/terms".to_owned()),
        support_url: Some("mailto:help@acme.example".to_owned()),
        base_path: String::new(),
    }
}

fn bare_look() -> Look {
    Look {
        accent: Colour::rgb(0xffd400),
        privacy_url: None,
        terms_url: None,
        support_url: None,
        base_path: "/mcp/oauth".to_owned(),
        ..look()
    }
}

fn hostile_look() -> Look {
    Look {
        product_name: hostile(),
        logo_url: Some("https://cdn.acme.example/\"><script>.png".to_owned()),
        accent: Colour::rgb(0xffffff),
        accent_dark: Some(Colour::rgb(0x000000)),
        ..look()
    }
}

fn claude() -> Client<'static> {
    Client {
        name: Some("Claude"),
        identity: ClientIdentity::Published { host: "claude.ai" },
        policy_uri: Some("https://www.anthropic.com/legal/privacy"),
        tos_uri: Some("https://www.anthropic.com/legal/terms"),
    }
}

fn cursor() -> Client<'static> {
    Client {
        name: Some("Cursor"),
        identity: ClientIdentity::SelfRegistered { website: Some("cursor.com") },
        policy_uri: None,
        tos_uri: None,
    }
}

fn hostile_client(text: &str) -> Client<'_> {
    Client {
        name: Some(text),
        identity: ClientIdentity::SelfRegistered { website: Some(text) },
        policy_uri: Some("javascript:alert(1)"),
        tos_uri: Some(text),
    }
}

const SCOPES: [ScopeLine<'static>; 3] = [
    ScopeLine { token: "notes:read", title: "Read your notes", detail: Some("All of them, with their attachments.") },
    ScopeLine { token: "notes:write", title: "Write and change notes", detail: None },
    ScopeLine { token: "profile", title: "See your name and e-mail address", detail: None },
];

fn consent<'a>(look: &'a Look, client: Client<'a>, destination: Destination<'a>) -> ConsentPage<'a> {
    ConsentPage {
        look,
        csrf: CSRF,
        request: REQUEST,
        email: "mia.lindqvist@studio.example",
        client,
        destination,
        redirect_uri: "https://claude.ai/api/mcp/auth_callback",
        resource: Some(Resource { name: Some("Acme Notes MCP"), uri: "https://notes.acme.example/mcp" }),
        scopes: &SCOPES,
        access: AccessPeriod::Renewed { idle: Lifetime::days(30), absolute: Lifetime::days(365) },
        manage_path: Some("/account"),
    }
}

const ENDPOINTS: [EndpointLine<'static>; 5] = [
    EndpointLine { name: "Authorization", url: "https://id.acme.example/authorize" },
    EndpointLine { name: "Token", url: "https://id.acme.example/token" },
    EndpointLine { name: "Registration", url: "https://id.acme.example/register" },
    EndpointLine { name: "Revocation", url: "https://id.acme.example/revoke" },
    EndpointLine { name: "Keys", url: "https://id.acme.example/jwks" },
];

/// A name for the file, the look, and the document.
type Rendered = (&'static str, Look, String);

fn gallery() -> Vec<Rendered> {
    let mut pages = Vec::new();
    let mut add = |name, look: &Look, page: Result<String, askama::Error>| {
        pages.push((name, look.clone(), page.expect(name)));
    };
    let (look, bare, odd, bad) = (&look(), &bare_look(), &hostile_look(), hostile());

    add("sign-in", look, SignInPage { look, csrf: CSRF, request: None, client: None, email: "", error: None, sign_up_allowed: true }.render());
    add("sign-in-for-client", look, SignInPage { look, csrf: CSRF, request: Some(REQUEST), client: Some(claude()), email: "mia@studio.example", error: None, sign_up_allowed: true }.render());
    add("sign-in-error", look, SignInPage { look, csrf: CSRF, request: Some(REQUEST), client: Some(cursor()), email: "mia@studio.example", error: Some("That e-mail address and password don’t match. Try again."), sign_up_allowed: true }.render());
    add("sign-in-closed", bare, SignInPage { look: bare, csrf: CSRF, request: None, client: None, email: "", error: None, sign_up_allowed: false }.render());
    add("sign-in-hostile", odd, SignInPage { look: odd, csrf: &bad, request: Some(&bad), client: Some(hostile_client(&bad)), email: &bad, error: Some(&bad), sign_up_allowed: true }.render());

    add("sign-up", look, SignUpPage { look, csrf: CSRF, request: Some(REQUEST), client: Some(claude()), email: "", password_minimum: 8, error: None, email_error: None, password_error: None }.render());
    add("sign-up-error", look, SignUpPage { look, csrf: CSRF, request: Some(REQUEST), client: None, email: "mia@studio", password_minimum: 8, error: Some("The account was not created yet."), email_error: Some("This doesn’t look like an e-mail address."), password_error: Some("Use at least 8 characters.") }.render());
    add("sign-up-hostile", odd, SignUpPage { look: odd, csrf: &bad, request: None, client: Some(hostile_client(&bad)), email: &bad, password_minimum: 8, error: Some(&bad), email_error: Some(&bad), password_error: Some(&bad) }.render());

    add("consent-web", look, consent(look, claude(), Destination::Web { host: "claude.ai" }).render());
    add("consent-loopback", look, ConsentPage { redirect_uri: "http://localhost:33418/callback", manage_path: None, client: Client { name: Some("Claude Code"), ..claude() }, ..consent(look, claude(), Destination::Loopback { authority: "localhost:33418" }) }.render());
    add("consent-private-use", bare, ConsentPage { redirect_uri: "cursor://anysphere.cursor-mcp/oauth/callback", manage_path: None, resource: None, access: AccessPeriod::Once { lifetime: Lifetime::hours(1) }, ..consent(bare, cursor(), Destination::PrivateUse { scheme: "cursor" }) }.render());
    add("consent-verified", look, consent(look, Client { identity: ClientIdentity::Verified { website: Some("claude.ai") }, ..claude() }, Destination::Web { host: "claude.ai" }).render());
    add("consent-nothing", bare, ConsentPage { scopes: &[], manage_path: None, resource: None, ..consent(bare, Client { name: None, identity: ClientIdentity::SelfRegistered { website: None }, policy_uri: None, tos_uri: None }, Destination::Web { host: "app.example" }) }.render());
    let names: Vec<String> = (1..=50).map(|number| format!("workspace.module-{number}.records:read_and_write")).collect();
    let many: Vec<ScopeLine<'_>> = names.iter().map(|token| ScopeLine { token, title: "Read and change the records of this module", detail: None }).collect();
    add("consent-fifty-scopes", look, ConsentPage { scopes: &many, ..consent(look, cursor(), Destination::Web { host: "a-rather-long-subdomain.callbacks.elsewhere.example:8443" }) }.render());
    let scopes = [ScopeLine { token: &bad, title: &bad, detail: Some(&bad) }];
    add("consent-hostile", odd, ConsentPage { look: odd, csrf: &bad, request: &bad, email: &bad, client: hostile_client(&bad), destination: Destination::PrivateUse { scheme: &bad }, redirect_uri: &bad, resource: Some(Resource { name: Some(&bad), uri: &bad }), scopes: &scopes, access: AccessPeriod::Once { lifetime: Lifetime::minutes(5) }, manage_path: None }.render());

    add("error", look, ErrorPage { look, status: 400, title: "This link is incomplete", what_happened: "The app sent you here without saying which app it is, so nothing was shared with it.", what_to_do: "Go back to the app and start again. If it happens every time, tell the people who make the app.", reference: "01K5-7QJM-4T2W", action: None }.render());
    add("error-action", bare, ErrorPage { look: bare, status: 503, title: "We can’t reach your account right now", what_happened: "Something on our side did not answer in time.", what_to_do: "Wait a minute, then try again.", reference: "01K5-7QJM-4T2W", action: Some(Action { label: "Try again", href: "/mcp/oauth/sign-in" }) }.render());
    add("error-hostile", odd, ErrorPage { look: odd, status: 400, title: &bad, what_happened: &bad, what_to_do: &bad, reference: &bad, action: Some(Action { label: &bad, href: "/" }) }.render());

    add("return-to-app", look, ReturnToApp { look, outcome: Outcome::Allowed, client: cursor(), destination: Destination::PrivateUse { scheme: "cursor" }, url: "cursor://anysphere.cursor-mcp/oauth/callback?code=a&state=b" }.render());
    add("return-denied", look, ReturnToApp { look, outcome: Outcome::Denied, client: claude(), destination: Destination::Web { host: "claude.ai" }, url: "https://claude.ai/api/mcp/auth_callback?error=access_denied" }.render());
    add("return-hostile", odd, ReturnToApp { look: odd, outcome: Outcome::Allowed, client: hostile_client(&bad), destination: Destination::PrivateUse { scheme: "javascript" }, url: "javascript:alert(1)" }.render());

    add("return-with-error", look, ReturnWithError { look, client: claude(), destination: Destination::Web { host: "claude.ai" }, url: "https://claude.ai/api/mcp/auth_callback?error=invalid_scope&state=x", code: "invalid_scope", description: Some("The app asked for access that this server doesn’t know."), reference: "01K5-7QJM-4T2W" }.render());
    add("return-with-error-hostile", odd, ReturnWithError { look: odd, client: hostile_client(&bad), destination: Destination::Web { host: &bad }, url: &bad, code: &bad, description: Some(&bad), reference: &bad }.render());

    add("already-approved", look, AlreadyApprovedPage { look, client: Some(cursor()) }.render());
    add("already-approved-unknown", bare, AlreadyApprovedPage { look: bare, client: None }.render());

    let home = |look, account, notices| HomePage { look, account, sign_up_allowed: true, issuer: "https://id.acme.example", metadata_url: "https://id.acme.example/.well-known/oauth-authorization-server", endpoints: &ENDPOINTS, notices };
    add("home", look, home(look, None, Vec::new()).render());
    add("home-signed-in", look, home(look, Some(SignedIn { email: "mia.lindqvist@studio.example", csrf: CSRF }), vec!["The issuer is a local address. Set LATCHKEY.issuer before you deploy.".to_owned()]).render());
    add("home-hostile", odd, HomePage { look: odd, account: Some(SignedIn { email: &bad, csrf: &bad }), sign_up_allowed: false, issuer: &bad, metadata_url: "/", endpoints: &[EndpointLine { name: &bad, url: &bad }], notices: vec![bad.clone()] }.render());

    add("signed-out", look, SignedOutPage { look }.render());
    pages
}

fn page(name: &str) -> String {
    gallery().into_iter().find(|page| page.0 == name).expect(name).2
}

/// The attributes' part of every `<name …>`.
fn tags<'a>(document: &'a str, name: &str) -> Vec<&'a str> {
    document
        .split(&format!("<{name} "))
        .skip(1)
        .map(|rest| rest.split('>').next().unwrap())
        .collect()
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    tag.split(&format!(" {name}=\"")).nth(1).or_else(|| tag.strip_prefix(&format!("{name}=\"")))?.split('"').next()
}

#[test]
fn no_page_has_scripts_or_inline_styles() {
    for (name, _, document) in gallery() {
        let lower = document.to_lowercase();
        for refused in ["<script", "<style", " style=\"", "javascript:", "<img src=x", "<iframe", "<object", "<base"] {
            assert!(!lower.contains(refused), "{name}: {refused}");
        }
        let handler = lower.split(" on").skip(1).any(|rest| rest.split_once("=\"").is_some_and(|(event, _)| event.bytes().all(|byte| byte.is_ascii_lowercase())));
        assert!(!handler, "{name}: an event handler");
    }
}

#[test]
fn sec_04_no_page_loads_anything_from_a_third_party() {
    for (name, look, document) in gallery() {
        for tag in tags(&document, "link") {
            let href = attribute(tag, "href").unwrap();
            assert!(href == look.stylesheet_path() || href == look.icon_path(), "{name}: {href}");
        }
        for tag in tags(&document, "img") {
            assert!(attribute(tag, "src").unwrap().starts_with("https://cdn.acme.example/"), "{name}");
        }
        assert!(!document.contains("src=\"http://"), "{name}");
        assert!(!document.contains("href=\"http://"), "{name}");
    }
}

#[test]
fn dcr_11_names_from_outside_are_escaped_cleaned_and_short() {
    for (name, _, document) in gallery() {
        // The hidden fields and the links to go on carry what the server sealed, whole.
        let sealed = |line: &&str| line.contains("type=\"hidden\"") || line.contains("?request=");
        let shown: String = document.lines().filter(|line| !sealed(line)).collect();
        assert!(!shown.contains(['\u{202E}', '\u{2066}', '\u{200B}']), "{name}");
        let longest = shown.split(|character| character != 'W').map(str::len).max();
        assert!(longest < Some(321), "{name}: {longest:?}");
        assert!(!document.contains("<script>alert"), "{name}");
    }
    assert!(page("consent-hostile").contains("&#60;script&#62;alert(1)"));
}

#[test]
fn every_document_is_balanced() {
    const VOID: [&str; 7] = ["meta", "link", "img", "input", "br", "!doctype", "path"];
    for (name, _, document) in gallery() {
        let mut open: Vec<&str> = Vec::new();
        for tag in document.split('<').skip(1) {
            let tag = tag.split('>').next().unwrap();
            let word = tag.split([' ', '/']).find(|word| !word.is_empty()).unwrap();
            if tag.starts_with('/') {
                assert_eq!(open.pop(), Some(word), "{name}");
            } else if !VOID.contains(&word) && !tag.ends_with('/') {
                open.push(word);
            }
        }
        assert!(open.is_empty(), "{name}: {open:?}");
        assert_eq!(document.matches("<h1").count(), 1, "{name}");
        assert_eq!(document.matches("<main").count(), 1, "{name}");
        assert!(document.contains("<html lang=\"en\">"), "{name}");
        assert!(document.contains("<meta name=\"robots\" content=\"noindex\">"), "{name}");
    }
}

#[test]
fn every_field_has_a_label_and_every_reference_a_target() {
    for (name, _, document) in gallery() {
        let ids: Vec<&str> = document.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        for id in &ids {
            assert_eq!(ids.iter().filter(|other| *other == id).count(), 1, "{name}: {id} twice");
        }
        for tag in tags(&document, "input") {
            if attribute(tag, "type") == Some("hidden") {
                continue;
            }
            let id = attribute(tag, "id").expect(name);
            assert!(document.contains(&format!("<label for=\"{id}\">")), "{name}: {id}");
            assert!(attribute(tag, "autocomplete").is_some(), "{name}: {id}");
        }
        for described in ["aria-describedby", "aria-labelledby"] {
            for list in document.split(&format!(" {described}=\"")).skip(1) {
                for id in list.split('"').next().unwrap().split(' ') {
                    assert!(ids.contains(&id), "{name}: {described} {id}");
                }
            }
        }
        assert!(document.matches(" autofocus").count() <= 1, "{name}");
    }
}

#[test]
fn sec_05_every_form_posts_here_and_carries_the_csrf_value() {
    let mut forms = 0;
    for (name, look, document) in gallery() {
        for form in document.split("<form ").skip(1) {
            let (tag, body) = form.split_once('>').unwrap();
            let body = body.split("</form>").next().unwrap();
            assert_eq!(attribute(tag, "method"), Some("post"), "{name}");
            assert!(attribute(tag, "action").unwrap().starts_with(&format!("{}/", look.base_path)), "{name}");
            assert_eq!(body.matches("name=\"csrf\"").count(), 1, "{name}");
            forms += 1;
        }
    }
    assert!(forms > 15, "{forms}");
}

#[test]
fn the_request_survives_sign_in_sign_up_and_not_you() {
    let hidden = "name=\"request\" value=\"sealed.request+value/with=signs&#38;\"";
    let query = "?request=sealed.request%2Bvalue%2Fwith%3Dsigns%26\"";
    for name in ["sign-in-for-client", "sign-in-error", "sign-up"] {
        assert_eq!(page(name).matches(hidden).count(), 1, "{name}");
        assert_eq!(page(name).matches(query).count(), 1, "{name}");
    }
    let consent = page("consent-web");
    assert_eq!(consent.matches(hidden).count(), 2);
    assert!(consent.contains("action=\"/sign-out\""));
    assert!(!page("sign-in").contains("request"));
}

#[test]
fn sign_in_says_what_password_managers_need() {
    let document = page("sign-in-error");
    for expected in ["autocomplete=\"username\"", "autocomplete=\"current-password\"", "inputmode=\"email\"", "value=\"mia@studio.example\"", "role=\"alert\"", "<title>Error: Sign in · Acme Notes</title>"] {
        assert!(document.contains(expected), "{expected}");
    }
    assert!(page("sign-up").contains("autocomplete=\"new-password\" minlength=\"8\""));
    assert!(page("sign-in").contains("/sign-up"));
    assert!(!page("sign-in-closed").contains("sign-up"));
}

#[test]
fn mas_15_consent_shows_who_what_where_and_for_how_long() {
    let document = page("consent-web");
    for expected in [
        "<bdi>Claude</bdi>", "mia.lindqvist@studio.example", "not verified",
        "<strong><bdi>claude.ai</bdi></strong>", "https://claude.ai/api/mcp/auth_callback",
        "https://notes.acme.example/mcp", "Read your notes", "notes:read", "Up to 1 year", "30 days",
        "href=\"/account\"", "rel=\"noopener noreferrer nofollow\"",
        "name=\"decision\" value=\"allow\"", "name=\"decision\" value=\"deny\"",
    ] {
        assert!(document.contains(expected), "{expected}");
    }
    assert!(!document.contains("notice caution"));
    assert!(!page("consent-verified").contains("not verified"));
    assert!(page("consent-verified").contains("Verified by"));
}

#[test]
fn cim_11_a_destination_on_the_device_is_named_and_warned_of() {
    let loopback = page("consent-loopback");
    assert!(loopback.contains("An app on this device (<bdi>localhost:33418</bdi>)"));
    assert!(loopback.contains("notice caution"));
    let private_use = page("consent-private-use");
    assert!(private_use.contains("<bdi>cursor://</bdi>"));
    assert!(private_use.contains("notice caution"));
    assert!(page("consent-fifty-scopes").contains("This is not part of <bdi>cursor.com</bdi>"));
}

#[test]
fn only_a_place_on_the_device_is_opened_without_a_press() {
    let own = page("return-to-app");
    let url = "cursor://anysphere.cursor-mcp/oauth/callback?code=a&#38;state=b";
    assert!(own.contains(&format!("<meta http-equiv=\"refresh\" content=\"0;url={url}\">")));
    assert!(own.contains(&format!("href=\"{url}\"")));
    for name in ["return-denied", "return-with-error", "return-hostile", "return-with-error-hostile"] {
        assert!(!page(name).contains("http-equiv"), "{name}");
    }
    assert!(page("return-denied").contains("<strong><bdi>claude.ai</bdi></strong>"));
    assert!(!page("return-hostile").contains("alert(1)\""));
}

#[test]
fn errors_carry_the_reference() {
    for name in ["error", "error-action", "return-with-error"] {
        assert!(page(name).contains("<code>01K5-7QJM-4T2W</code>"), "{name}");
    }
    assert!(page("return-with-error").contains("invalid_scope"));
}

#[test]
fn home_says_what_a_developer_needs_and_who_is_signed_in() {
    let (out, signed_in) = (page("home"), page("home-signed-in"));
    for expected in ["https://id.acme.example/.well-known/oauth-authorization-server", "https://id.acme.example/token"] {
        assert!(out.contains(expected), "{expected}");
    }
    assert!(out.contains("href=\"/sign-in\"") && out.contains("href=\"/sign-up\""));
    assert!(!out.contains("action=\"/sign-out\""));
    assert!(signed_in.contains("action=\"/sign-out\"") && signed_in.contains("LATCHKEY.issuer"));
    assert!(!signed_in.contains("href=\"/sign-in\""));
}

#[test]
fn render_gallery() {
    let pages = gallery();
    assert!(pages.len() >= 25);
    let Some(folder) = std::env::var_os("LATCHKEY_GALLERY") else {
        return;
    };
    let folder = std::path::PathBuf::from(folder);
    for (name, look, document) in pages {
        for (path, contents) in [
            (format!("/{name}.html"), document),
            (look.stylesheet_path(), look.stylesheet()),
            (look.icon_path(), look.icon().unwrap()),
        ] {
            let file = folder.join(path.trim_start_matches('/'));
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, contents).unwrap();
        }
    }
}
