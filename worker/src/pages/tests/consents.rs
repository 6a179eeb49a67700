//! The consent page in the states that matter.

use latchkey_protocol::time::Lifetime;

use super::super::{
    AccessPeriod, Client, ClientIdentity, Colour, ConsentPage, Destination, Earlier, Look,
    Resource, ScopeLine,
};
use super::fixtures::{
    SCOPES, bare_look, claude, consent, cursor, hostile, hostile_client, hostile_look, implying,
    look,
};
use super::gallery::Rendered;

pub(super) fn consents() -> Vec<Rendered> {
    let mut pages = Vec::new();
    let mut add = |name, look: &Look, page: Result<String, askama::Error>| {
        pages.push((name, look.clone(), page.expect(name)));
    };
    let (look, bare, odd, bad) = (&look(), &bare_look(), &hostile_look(), hostile());

    add(
        "consent-web",
        look,
        consent(look, claude(), Destination::Web { host: "claude.ai" }).render(),
    );
    add(
        "consent-changed",
        look,
        ConsentPage {
            client_has_changed: true,
            client: Client {
                identity: ClientIdentity::Published { host: "claude.ai" },
                ..claude()
            },
            ..consent(look, claude(), Destination::Web { host: "claude.ai" })
        }
        .render(),
    );
    add(
        "consent-loopback",
        look,
        ConsentPage {
            redirect_uri: "http://localhost:33418/callback",
            client: Client { name: Some("Claude Code"), ..claude() },
            ..consent(look, claude(), Destination::Loopback { authority: "localhost:33418" })
        }
        .render(),
    );
    add(
        "consent-private-use",
        bare,
        ConsentPage {
            redirect_uri: "cursor://anysphere.cursor-mcp/oauth/callback",
            resources: &[],
            access: AccessPeriod { idle: Lifetime::hours(1), absolute: Lifetime::hours(1) },
            ..consent(bare, cursor(), Destination::PrivateUse { scheme: "cursor" })
        }
        .render(),
    );
    add(
        "consent-verified",
        look,
        consent(
            look,
            Client {
                identity: ClientIdentity::Verified { website: Some("claude.ai") },
                ..claude()
            },
            Destination::Web { host: "claude.ai" },
        )
        .render(),
    );
    add(
        "consent-nothing",
        bare,
        ConsentPage {
            scopes: &[],
            resources: &[],
            ..consent(
                bare,
                Client {
                    name: None,
                    identity: ClientIdentity::SelfRegistered { website: None },
                    policy_uri: None,
                    tos_uri: None,
                },
                Destination::Web { host: "app.example" },
            )
        }
        .render(),
    );
    let names: Vec<String> = (1..=50)
        .map(|number| format!("workspace.module-{number}.records:read_and_write"))
        .collect();
    let many: Vec<ScopeLine<'_>> = names
        .iter()
        .map(|token| ScopeLine {
            token,
            title: "Read and change the records of this module",
            detail: None,
            includes: Vec::new(),
            earlier: None,
        })
        .collect();
    add(
        "consent-fifty-scopes",
        look,
        ConsentPage {
            scopes: &many,
            ..consent(
                look,
                cursor(),
                Destination::Web {
                    host: "a-rather-long-subdomain.callbacks.elsewhere.example:8443",
                },
            )
        }
        .render(),
    );
    let scopes = [ScopeLine {
        token: &bad,
        title: &bad,
        detail: Some(&bad),
        includes: vec![&bad, &bad],
        earlier: None,
    }];
    add(
        "consent-hostile",
        odd,
        ConsentPage {
            client_has_changed: true,
            look: odd,
            csrf: &bad,
            request: &bad,
            email: &bad,
            client: hostile_client(&bad),
            destination: Destination::PrivateUse { scheme: &bad },
            redirect_uri: &bad,
            resources: &[Resource { name: Some(&bad), uri: &bad }],
            scopes: &scopes,
            access: AccessPeriod { idle: Lifetime::minutes(5), absolute: Lifetime::minutes(5) },
            manage_path: "/account",
        }
        .render(),
    );
    let more = SCOPES.map(|scope| ScopeLine {
        earlier: Some(match scope.token {
            "notes:write" => Earlier::New,
            _ => Earlier::Allowed,
        }),
        ..scope
    });
    add(
        "consent-more",
        look,
        ConsentPage {
            scopes: &more,
            ..consent(look, claude(), Destination::Web { host: "claude.ai" })
        }
        .render(),
    );
    let implying = implying();
    add(
        "consent-implying",
        look,
        ConsentPage {
            scopes: &implying,
            ..consent(look, claude(), Destination::Web { host: "claude.ai" })
        }
        .render(),
    );
    let again = SCOPES.map(|scope| ScopeLine { earlier: Some(Earlier::Allowed), ..scope });
    add(
        "consent-again",
        look,
        ConsentPage {
            scopes: &again,
            ..consent(look, claude(), Destination::Web { host: "claude.ai" })
        }
        .render(),
    );
    let branded = &Look {
        logo_url: Some("https://cdn.acme.example/logo.svg".to_owned()),
        accent: Colour::rgb(0x0b6e4f),
        ..look.clone()
    };
    add(
        "consent-logo",
        branded,
        consent(branded, claude(), Destination::Web { host: "claude.ai" }).render(),
    );
    pages
}
