//! Every page in the states that matter.
//!
//! `LATCHKEY_GALLERY=<folder> cargo test render_gallery` writes them there, to look at.

use super::super::{
    Action, AlreadyApprovedPage, Destination, EndpointLine, ErrorPage, HomePage, Look, Outcome,
    Purpose, Resource, ReturnToApp, ReturnWithError, SignInPage, SignUpPage, SignedIn,
    SignedOutPage,
};
use super::accounts::accounts;
use super::activities::activities;
use super::consents::consents;
use super::devices::devices;
use super::fixtures::{
    CSRF, ENDPOINTS, REQUEST, bare_look, claude, cursor, hostile, hostile_client, hostile_look,
    look,
};

/// A name for the file, the look, and the document.
pub(super) type Rendered = (&'static str, Look, String);

pub(super) fn gallery() -> Vec<Rendered> {
    let mut pages = Vec::new();
    let mut add = |name, look: &Look, page: Result<String, askama::Error>| {
        pages.push((name, look.clone(), page.expect(name)));
    };
    let (look, bare, odd, bad) = (&look(), &bare_look(), &hostile_look(), hostile());

    add(
        "sign-in",
        look,
        SignInPage {
            look,
            csrf: CSRF,
            request: None,
            purpose: None,
            email: "",
            error: None,
            sign_up_allowed: true,
        }
        .render(),
    );
    add(
        "sign-in-for-client",
        look,
        SignInPage {
            look,
            csrf: CSRF,
            request: Some(REQUEST),
            purpose: Some(Purpose::App(claude())),
            email: "mia@studio.example",
            error: None,
            sign_up_allowed: true,
        }
        .render(),
    );
    add(
        "sign-in-error",
        look,
        SignInPage {
            look,
            csrf: CSRF,
            request: Some(REQUEST),
            purpose: Some(Purpose::App(cursor())),
            email: "mia@studio.example",
            error: Some("That e-mail address and password don’t match. Try again."),
            sign_up_allowed: true,
        }
        .render(),
    );
    add(
        "sign-in-closed",
        bare,
        SignInPage {
            look: bare,
            csrf: CSRF,
            request: None,
            purpose: None,
            email: "",
            error: None,
            sign_up_allowed: false,
        }
        .render(),
    );
    add(
        "sign-in-hostile",
        odd,
        SignInPage {
            look: odd,
            csrf: &bad,
            request: Some(&bad),
            purpose: Some(Purpose::App(hostile_client(&bad))),
            email: &bad,
            error: Some(&bad),
            sign_up_allowed: true,
        }
        .render(),
    );

    add(
        "sign-up",
        look,
        SignUpPage {
            look,
            csrf: CSRF,
            request: Some(REQUEST),
            purpose: Some(Purpose::App(claude())),
            email: "",
            password_minimum: 8,
            error: None,
            email_error: None,
            password_error: None,
        }
        .render(),
    );
    add(
        "sign-up-error",
        look,
        SignUpPage {
            look,
            csrf: CSRF,
            request: Some(REQUEST),
            purpose: None,
            email: "mia@studio",
            password_minimum: 8,
            error: Some("The account was not created yet."),
            email_error: Some("This doesn’t look like an e-mail address."),
            password_error: Some("Use at least 8 characters."),
        }
        .render(),
    );
    add(
        "sign-up-hostile",
        odd,
        SignUpPage {
            look: odd,
            csrf: &bad,
            request: None,
            purpose: Some(Purpose::App(hostile_client(&bad))),
            email: &bad,
            password_minimum: 8,
            error: Some(&bad),
            email_error: Some(&bad),
            password_error: Some(&bad),
        }
        .render(),
    );
    let what_happened = "The app sent you here without saying which app it is, so nothing was \
                         shared with it.";
    let what_to_do = "Go back to the app and start again. If it happens every time, tell the \
                      people who make the app.";
    add(
        "error",
        look,
        ErrorPage {
            look,
            status: 400,
            title: "This link is incomplete",
            what_happened,
            what_to_do,
            reference: "01K5-7QJM-4T2W",
            action: None,
        }
        .render(),
    );
    add(
        "error-action",
        bare,
        ErrorPage {
            look: bare,
            status: 503,
            title: "We can’t reach your account right now",
            what_happened: "Something on our side did not answer in time.",
            what_to_do: "Wait a minute, then try again.",
            reference: "01K5-7QJM-4T2W",
            action: Some(Action { label: "Try again", href: "/mcp/oauth/sign-in" }),
        }
        .render(),
    );
    add(
        "error-hostile",
        odd,
        ErrorPage {
            look: odd,
            status: 400,
            title: &bad,
            what_happened: &bad,
            what_to_do: &bad,
            reference: &bad,
            action: Some(Action { label: &bad, href: "/" }),
        }
        .render(),
    );

    add(
        "return-to-app",
        look,
        ReturnToApp {
            look,
            outcome: Outcome::Allowed,
            client: cursor(),
            destination: Destination::PrivateUse { scheme: "cursor" },
            url: "cursor://anysphere.cursor-mcp/oauth/callback?code=a&state=b",
        }
        .render(),
    );
    add(
        "return-denied",
        look,
        ReturnToApp {
            look,
            outcome: Outcome::Denied,
            client: claude(),
            destination: Destination::Web { host: "claude.ai" },
            url: "https://claude.ai/api/mcp/auth_callback?error=access_denied",
        }
        .render(),
    );
    add(
        "return-hostile",
        odd,
        ReturnToApp {
            look: odd,
            outcome: Outcome::Allowed,
            client: hostile_client(&bad),
            destination: Destination::PrivateUse { scheme: "javascript" },
            url: "javascript:alert(1)",
        }
        .render(),
    );

    add(
        "return-with-error",
        look,
        ReturnWithError {
            look,
            client: claude(),
            destination: Destination::Web { host: "claude.ai" },
            url: "https://claude.ai/api/mcp/auth_callback?error=invalid_scope&state=x",
            code: "invalid_scope",
            description: Some("The app asked for access that this server doesn’t know."),
            reference: "01K5-7QJM-4T2W",
        }
        .render(),
    );
    add(
        "return-with-error-hostile",
        odd,
        ReturnWithError {
            look: odd,
            client: hostile_client(&bad),
            destination: Destination::Web { host: &bad },
            url: &bad,
            code: &bad,
            description: Some(&bad),
            reference: &bad,
        }
        .render(),
    );

    add("already-approved", look, AlreadyApprovedPage { look, client: Some(cursor()) }.render());
    add(
        "already-approved-unknown",
        bare,
        AlreadyApprovedPage { look: bare, client: None }.render(),
    );

    let behind = [
        Resource { name: Some("Acme Notes MCP"), uri: "https://id.acme.example/mcp" },
        Resource { name: Some("Acme Drawings MCP"), uri: "https://id.acme.example/drawings" },
    ];
    let home = |look, account, notices| HomePage {
        look,
        account,
        resources: &behind,
        playground: Some("/playground/"),
        sign_up_allowed: true,
        issuer: "https://id.acme.example",
        metadata_url: "https://id.acme.example/.well-known/oauth-authorization-server",
        endpoints: &ENDPOINTS,
        notices,
    };
    add("home", look, home(look, None, Vec::new()).render());
    add(
        "home-nothing-behind",
        look,
        HomePage { resources: &[], playground: None, ..home(look, None, Vec::new()) }.render(),
    );
    add(
        "home-signed-in",
        look,
        home(
            look,
            Some(SignedIn { email: "mia.lindqvist@studio.example", csrf: CSRF }),
            vec![
                "The issuer is a local address. Set LATCHKEY.issuer before you deploy.".to_owned(),
            ],
        )
        .render(),
    );
    add(
        "home-hostile",
        odd,
        HomePage {
            look: odd,
            account: Some(SignedIn { email: &bad, csrf: &bad }),
            sign_up_allowed: false,
            issuer: &bad,
            metadata_url: "/",
            resources: &[Resource { name: Some(&bad), uri: &bad }],
            playground: None,
            endpoints: &[EndpointLine { name: &bad, url: &bad }],
            notices: vec![bad.clone()],
        }
        .render(),
    );

    add("signed-out", look, SignedOutPage { look }.render());
    pages.extend(consents());
    pages.extend(devices());
    pages.extend(accounts());
    pages.extend(activities());
    pages
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
