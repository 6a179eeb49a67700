//! Every page in several states, the hostile ones included, against what holds for all of them.

mod accounts;
mod activities;
mod consents;
mod devices;
mod fixtures;
mod gallery;

use gallery::gallery;

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
    tag.split(&format!(" {name}=\""))
        .nth(1)
        .or_else(|| tag.strip_prefix(&format!("{name}=\"")))?
        .split('"')
        .next()
}

#[test]
fn no_page_has_scripts_or_inline_styles() {
    for (name, _, document) in gallery() {
        let lower = document.to_lowercase();
        for refused in [
            "<script",
            "<style",
            " style=\"",
            "javascript:",
            "<img src=x",
            "<iframe",
            "<object",
            "<base",
        ] {
            assert!(!lower.contains(refused), "{name}: {refused}");
        }
        let handler = lower.split(" on").skip(1).any(|rest| {
            rest.split_once("=\"")
                .is_some_and(|(event, _)| event.bytes().all(|byte| byte.is_ascii_lowercase()))
        });
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
            let source = attribute(tag, "src").unwrap();
            let own = format!("{}/device/qr", look.base_path);
            assert!(
                source.starts_with("https://cdn.acme.example/") || source.starts_with(&own),
                "{name}"
            );
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
    const VOID: [&str; 8] = ["wbr", "meta", "link", "img", "input", "br", "!doctype", "path"];
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
        let ids: Vec<&str> =
            document.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        for id in &ids {
            assert_eq!(ids.iter().filter(|other| *other == id).count(), 1, "{name}: {id} twice");
        }
        for tag in tags(&document, "input").into_iter().chain(tags(&document, "select")) {
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
            assert!(
                attribute(tag, "action").unwrap().starts_with(&format!("{}/", look.base_path)),
                "{name}"
            );
            // Only the activity's filter asks and changes nothing.
            if attribute(tag, "method") == Some("get") {
                assert!(attribute(tag, "action").unwrap().ends_with("/account/activity"), "{name}");
                assert!(!body.contains("csrf"), "{name}");
                continue;
            }
            assert_eq!(attribute(tag, "method"), Some("post"), "{name}");
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
    for expected in [
        "autocomplete=\"username\"",
        "autocomplete=\"current-password\"",
        "inputmode=\"email\"",
        "value=\"mia@studio.example\"",
        "role=\"alert\"",
        "<title>Error: Sign in · Acme Notes</title>",
    ] {
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
        "<bdi>Claude</bdi>",
        "mia.lindqvist<wbr>@studio.example",
        "not verified",
        "<strong><bdi>claude.ai</bdi></strong>",
        "https://claude.ai/api/mcp/auth_callback",
        "https://notes.acme.example/mcp",
        "Read your notes",
        "notes:read",
        "Up to 1 year",
        "30 days",
        "href=\"/account\"",
        "rel=\"noopener noreferrer nofollow\"",
        "name=\"decision\" value=\"allow\"",
        "name=\"decision\" value=\"deny\"",
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
    for name in
        ["return-denied", "return-with-error", "return-hostile", "return-with-error-hostile"]
    {
        assert!(!page(name).contains("http-equiv"), "{name}");
    }
    assert!(own.contains("<span>Open <bdi>Cursor</bdi></span>"));
    assert!(page("return-denied").contains("<span>Go back to <bdi>Claude</bdi></span>"));
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
    for expected in [
        "https://id.acme.example/.well-known/oauth-authorization-server",
        "https://id.acme.example/token",
    ] {
        assert!(out.contains(expected), "{expected}");
    }
    assert!(out.contains("href=\"/sign-in\"") && out.contains("href=\"/sign-up\""));
    assert!(!out.contains("action=\"/sign-out\""));
    assert!(signed_in.contains("action=\"/sign-out\"") && signed_in.contains("LATCHKEY.issuer"));
    assert!(!signed_in.contains("href=\"/sign-in\""));
}

#[test]
fn needs_25_the_account_page_takes_back_each_app_token_and_browser() {
    let document = page("account");
    for (action, label, times) in [
        ("revoke-app", "aria-label=\"Revoke Claude, claude.ai\"", 3),
        ("revoke-app", "aria-label=\"Revoke Claude Code, An app on your device\"", 3),
        ("revoke-token", "aria-label=\"Revoke the token CI\"", 3),
        ("revoke-token", "aria-label=\"Remove the token Old laptop\"", 3),
        ("end-session", "aria-label=\"Sign out Safari on iPhone\"", 2),
        ("end-other-sessions", "Sign out everywhere else", 1),
    ] {
        let forms = document.matches(&format!("name=\"action\" value=\"{action}\"")).count();
        assert_eq!((forms, document.matches(label).count()), (times, 1), "{action} {label}");
    }
    for expected in [
        "Read your notes",
        "notes:read",
        "Acme Notes MCP",
        "5 Jul 2026",
        "Last used <time datetime=\"2026-10-03T13:05:09Z\">3 Oct 2026, 13:05 UTC</time>",
        "Never used",
        "Expired <time",
        "its access ends at once",
        "<span class=\"tag\">This one</span>",
        "href=\"/account/tokens\"",
        "href=\"/account/activity\"",
    ] {
        assert!(document.contains(expected), "{expected}");
    }
    let empty = page("account-empty");
    assert!(empty.contains("No app has access") && !empty.contains("Sign out everywhere"));
    let done = page("account-done");
    assert!(done.contains("role=\"status\"") && done.contains("within 1 hour"));
    assert!(!done.contains("Personal access tokens"));
    assert!(!page("account-sixty-apps").contains("<details open"));
}

#[test]
fn needs_24_a_token_is_shown_once_with_both_ways_to_send_it() {
    let document = page("token-created");
    for expected in [
        "curl https://api.acme.example/v1",
        "Authorization: Bearer $TOKEN",
        "X-API-Key: $TOKEN",
        "this once and never again",
    ] {
        assert!(document.contains(expected), "{expected}");
    }
    assert_eq!(document.matches("latchkey_pat_").count(), 1);
    assert!(page("token-created-mcp").contains("text/event-stream"));
    assert!(!page("new-token-one").contains("name=\"resource\""));
}

#[test]
fn needs_27_asking_for_more_says_what_is_new() {
    let more = page("consent-more");
    assert!(more.contains("asks for more access"));
    assert_eq!(more.matches("<span class=\"tag new\">New</span>").count(), 1);
    assert_eq!(more.matches("<span class=\"tag\">Already allowed</span>").count(), 2);
    let again = page("consent-again");
    assert!(again.contains("asks for access") && !again.contains(">New<"));
    assert!(!page("consent-web").contains("class=\"tag"));
}

#[test]
fn mrs_09_a_scope_that_implies_others_says_so_wherever_it_is_shown() {
    const WORDS: &str = "Includes: Read your notes, Write and change notes.";
    for (name, times) in
        [("consent-implying", 2), ("account-implying", 4), ("new-token-implying", 2)]
    {
        assert_eq!(page(name).matches(WORDS).count(), times, "{name}");
    }
    for name in ["consent-more", "account", "new-token"] {
        assert!(!page(name).contains("Includes:"), "{name}");
    }
    let form = page("new-token-implying");
    assert!(form.contains(&format!("id=\"scope-4-detail\">Their history too. {WORDS}</p>")));
    assert!(form.contains("value=\"notes:delete\" aria-describedby=\"scope-5-detail\""));
}

#[test]
fn the_activitys_links_keep_its_filters() {
    let calls = page("activity-calls");
    let query = "group=calls&#38;app=latchkey_client_01";
    for expected in [
        format!("href=\"/account/activity.csv?{query}\""),
        format!("href=\"/account/activity.json?{query}\""),
        format!("href=\"/account/activity?{query}&#38;before=1234\""),
        format!("href=\"/account/activity?{query}\""),
    ] {
        assert!(calls.contains(&expected), "{expected}");
    }
    let all = page("activity");
    assert!(all.contains("href=\"/account/activity.csv\"") && !all.contains("before="));
    assert!(!page("activity-empty").contains("activity.csv"));
    assert!(page("activity-nothing").contains("Nothing like that"));
}
