//! The pages for a device's code in the states that matter.

use latchkey_protocol::time::Lifetime;

use super::super::{
    AccessPeriod, AskedFrom, Client, DeviceCodePage, DeviceConfirmPage, DeviceEnd, DeviceEndPage,
    Look, Purpose, Resource, ScopeLine, SignInPage, SignUpPage,
};
use super::fixtures::{
    CSRF, REQUEST, SCOPES, bare_look, claude, cursor, hostile, hostile_client, hostile_look, look,
};
use super::gallery::Rendered;
use super::page;

fn confirm<'a>(
    look: &'a Look,
    client: Client<'a>,
    program: Option<&'a str>,
) -> DeviceConfirmPage<'a> {
    static SHOWN: [ScopeLine<'static>; 3] = SCOPES;
    DeviceConfirmPage {
        look,
        csrf: CSRF,
        sign_out_csrf: CSRF,
        request: REQUEST,
        user_code: "WDJB-7431",
        code_field: "WDJB7431",
        grant: "AAAAAAAAAAAAAAAAAAAAAA",
        email: "mia.lindqvist@studio.example",
        client,
        asked_from: AskedFrom { program, place: Some("Lisbon, PT"), ago: Lifetime::minutes(2) },
        resources: &[Resource {
            name: Some("Acme Notes MCP"),
            uri: "https://notes.acme.example/mcp",
        }],
        scopes: &SHOWN,
        access: AccessPeriod { idle: Lifetime::days(30), absolute: Lifetime::days(365) },
    }
}

pub(super) fn devices() -> Vec<Rendered> {
    let mut pages = Vec::new();
    let mut add = |name, look: &Look, page: Result<String, askama::Error>| {
        pages.push((name, look.clone(), page.expect(name)));
    };
    let (look, bare, odd, bad) = (&look(), &bare_look(), &hostile_look(), hostile());
    let enter = DeviceCodePage { look, csrf: CSRF, typed: "", error: None, qr: Some("/device/qr") };
    add("device", look, enter.render());
    let linked = "/mcp/oauth/device/qr?user_code=WDJB-7431";
    add(
        "device-linked",
        bare,
        DeviceCodePage {
            look: bare,
            csrf: CSRF,
            typed: "WDJB-7431",
            error: None,
            qr: Some(linked),
        }
        .render(),
    );
    add(
        "device-error",
        look,
        DeviceCodePage {
            typed: "WDJB-7431",
            error: Some("No device is waiting with this code. Check each letter and digit."),
            qr: None,
            ..enter
        }
        .render(),
    );
    add(
        "device-hostile",
        odd,
        DeviceCodePage { look: odd, csrf: &bad, typed: &bad, error: Some(&bad), qr: None }.render(),
    );
    add("device-confirm", look, confirm(look, cursor(), Some("VS Code on Mac")).render());
    add("device-confirm-unknown", bare, {
        let asked_from = AskedFrom { program: None, place: None, ago: Lifetime::seconds(3) };
        DeviceConfirmPage { asked_from, ..confirm(bare, claude(), None) }.render()
    });
    add("device-confirm-hostile", odd, {
        let asked_from =
            AskedFrom { program: Some(&bad), place: Some(&bad), ago: Lifetime::days(400) };
        let page = confirm(odd, hostile_client(&bad), None);
        DeviceConfirmPage {
            asked_from,
            csrf: &bad,
            sign_out_csrf: &bad,
            request: &bad,
            email: &bad,
            resources: &[Resource { name: Some(&bad), uri: &bad }],
            scopes: &[ScopeLine {
                token: &bad,
                title: &bad,
                detail: Some(&bad),
                includes: vec![&bad],
                earlier: None,
            }],
            ..page
        }
        .render()
    });
    let end = |look, end, client| DeviceEndPage { look, end, client }.render();
    add("device-allowed", look, end(look, DeviceEnd::Allowed, Some(cursor())));
    add("device-allowed-again", bare, end(bare, DeviceEnd::Allowed, None));
    add("device-denied", look, end(look, DeviceEnd::Denied, None));
    add("device-end-hostile", odd, end(odd, DeviceEnd::Allowed, Some(hostile_client(&bad))));
    add(
        "sign-in-for-device",
        look,
        SignInPage {
            look,
            csrf: CSRF,
            request: Some(REQUEST),
            purpose: Some(Purpose::Device),
            email: "",
            error: None,
            sign_up_allowed: true,
        }
        .render(),
    );
    add(
        "sign-up-for-device",
        look,
        SignUpPage {
            look,
            csrf: CSRF,
            request: Some(REQUEST),
            purpose: Some(Purpose::Device),
            email: "",
            password_minimum: 8,
            error: None,
            email_error: None,
            password_error: None,
        }
        .render(),
    );
    pages
}

#[test]
fn dev_07_the_confirmation_shows_the_code_the_client_the_scopes_and_where_it_came_from() {
    let document = page("device-confirm");
    for shown in [
        "WDJB-7431",
        "Cursor",
        "Self-chosen name and website, not verified.",
        "Read your notes",
        "Acme Notes MCP",
        "VS Code on Mac",
        "Lisbon, PT",
        "2 minutes ago",
        "Only go on if you started this yourself, on a device in front of you.",
        "Nobody from support will ask you for this code.",
        "mia.lindqvist",
    ] {
        assert!(document.contains(shown), "{shown}");
    }
}

#[test]
fn dev_07_allow_and_dont_allow_weigh_the_same() {
    let document = page("device-confirm");
    for decision in ["deny", "allow"] {
        let button = format!(
            "<button class=\"button\" type=\"submit\" name=\"decision\" value=\"{decision}\">"
        );
        assert_eq!(document.matches(&button).count(), 1, "{decision}");
    }
    assert!(!document.contains("button primary"));
}
