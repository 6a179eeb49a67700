//! Looks, clients and texts that the gallery is made of, the hostile ones included.

use latchkey_protocol::time::Lifetime;

use super::super::{
    AccessPeriod, Client, ClientIdentity, Colour, ConsentPage, Destination, EndpointLine, Look,
    Resource, ScopeLine,
};

/// Markup, bidi controls, quotes and a length that no name has.
pub(super) fn hostile() -> String {
    format!(
        "<script>alert(1)</script>\u{202E}\"'&<img src=x onerror=alert(1)>\u{2066}\u{200B}{}",
        "W".repeat(3000)
    )
}

pub(super) const CSRF: &str = "csrf-value";
pub(super) const REQUEST: &str = "sealed.request+value/with=signs&";

pub(super) fn look() -> Look {
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

pub(super) fn bare_look() -> Look {
    Look {
        accent: Colour::rgb(0xffd400),
        privacy_url: None,
        terms_url: None,
        support_url: None,
        base_path: "/mcp/oauth".to_owned(),
        ..look()
    }
}

pub(super) fn hostile_look() -> Look {
    Look {
        product_name: hostile(),
        logo_url: Some("https://cdn.acme.example/\"><script>.png".to_owned()),
        accent: Colour::rgb(0xffffff),
        accent_dark: Some(Colour::rgb(0x000000)),
        ..look()
    }
}

pub(super) fn claude() -> Client<'static> {
    Client {
        name: Some("Claude"),
        identity: ClientIdentity::Published { host: "claude.ai" },
        policy_uri: Some("https://www.anthropic.com/legal/privacy"),
        tos_uri: Some("https://www.anthropic.com/legal/terms"),
    }
}

pub(super) fn cursor() -> Client<'static> {
    Client {
        name: Some("Cursor"),
        identity: ClientIdentity::SelfRegistered { website: Some("cursor.com") },
        policy_uri: None,
        tos_uri: None,
    }
}

pub(super) fn hostile_client(text: &str) -> Client<'_> {
    Client {
        name: Some(text),
        identity: ClientIdentity::SelfRegistered { website: Some(text) },
        policy_uri: Some("javascript:alert(1)"),
        tos_uri: Some(text),
    }
}

pub(super) const SCOPES: [ScopeLine<'static>; 3] = [
    ScopeLine {
        token: "notes:read",
        title: "Read your notes",
        detail: Some("All of them, with their attachments."),
        includes: Vec::new(),
        earlier: None,
    },
    ScopeLine {
        token: "notes:write",
        title: "Write and change notes",
        detail: None,
        includes: Vec::new(),
        earlier: None,
    },
    ScopeLine {
        token: "profile",
        title: "See your name and e-mail address",
        detail: None,
        includes: Vec::new(),
        earlier: None,
    },
];

/// The same, and one that includes two of them, once with a detail and once without.
pub(super) fn implying() -> Vec<ScopeLine<'static>> {
    let all = |token, title, detail| ScopeLine {
        token,
        title,
        detail,
        includes: vec!["Read your notes", "Write and change notes"],
        earlier: None,
    };
    let more = [
        all("notes:all", "Manage your notes", Some("Their history too.")),
        all("notes:delete", "Delete notes", None),
    ];
    SCOPES.into_iter().chain(more).collect()
}

pub(super) fn consent<'a>(
    look: &'a Look,
    client: Client<'a>,
    destination: Destination<'a>,
) -> ConsentPage<'a> {
    static SHOWN: [ScopeLine<'static>; 3] = SCOPES;
    ConsentPage {
        look,
        csrf: CSRF,
        request: REQUEST,
        email: "mia.lindqvist@studio.example",
        client,
        client_has_changed: false,
        destination,
        redirect_uri: "https://claude.ai/api/mcp/auth_callback",
        resources: &[Resource {
            name: Some("Acme Notes MCP"),
            uri: "https://notes.acme.example/mcp",
        }],
        scopes: &SHOWN,
        access: AccessPeriod { idle: Lifetime::days(30), absolute: Lifetime::days(365) },
        manage_path: "/account",
    }
}

pub(super) const ENDPOINTS: [EndpointLine<'static>; 5] = [
    EndpointLine { name: "Authorization", url: "https://id.acme.example/authorize" },
    EndpointLine { name: "Token", url: "https://id.acme.example/token" },
    EndpointLine { name: "Registration", url: "https://id.acme.example/register" },
    EndpointLine { name: "Revocation", url: "https://id.acme.example/revoke" },
    EndpointLine { name: "Keys", url: "https://id.acme.example/jwks" },
];
