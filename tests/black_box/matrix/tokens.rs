//! How the client of a cell gets its access token.

use latchkey_tests::{Authorization, Browser, Client, Tokens};

use super::discovery::Found;
use crate::profile::Profile;

/// A person signs up and presses Allow.
#[track_caller]
pub(super) fn interactive(profile: &Profile<'_>, found: &Found, client: &Client) -> String {
    let request = authorization(found, client);
    let mut browser = Browser::new(profile.server);
    let with = found.resource();
    refreshed(
        profile,
        found,
        client,
        &profile.authorize(&mut browser, client, &found.metadata, &request, &with),
    )
}

/// There is no browser: the client sends the request itself, without a cookie, and follows the
/// redirect by hand.
#[track_caller]
pub(super) fn headless(profile: &Profile<'_>, found: &Found, client: &Client) -> String {
    let request = authorization(found, client);
    let endpoint = profile.path(&found.metadata, "authorization_endpoint");
    let callback = request.answered_at_once_by(profile.server, &endpoint);
    assert_eq!(callback.target(), client.redirect_uri);
    let with = found.resource();
    let tokens = profile.redeem(client, &found.metadata, &request, &callback, &with);
    refreshed(profile, found, client, &tokens)
}

fn authorization(found: &Found, client: &Client) -> Authorization {
    let request = Authorization::of(client);
    found.wishes().into_iter().fold(request, |request, (name, value)| request.and(name, value))
}

/// The token that is left after one refresh, for the same resource.
#[track_caller]
fn refreshed(profile: &Profile<'_>, found: &Found, client: &Client, first: &Tokens) -> String {
    let mut fields = vec![("grant_type", "refresh_token"), ("refresh_token", &first.refresh)];
    fields.extend(found.resource());
    let path = profile.path(&found.metadata, "token_endpoint");
    Tokens::from_reply(&client.call_at(profile.server, &path, &fields).send()).access
}

/// There is no person: the client asks for a token of its own
/// ([RFC 6749 section 4.4](https://www.rfc-editor.org/rfc/rfc6749#section-4.4)).
#[track_caller]
pub(super) fn for_itself(profile: &Profile<'_>, found: &Found, client: &Client) -> String {
    let mut fields = vec![("grant_type", "client_credentials")];
    fields.extend(found.wishes());
    let path = profile.path(&found.metadata, "token_endpoint");
    let reply = client.call_at(profile.server, &path, &fields).send().expect(200);
    let document = reply.json();
    assert_eq!(document["token_type"], "Bearer", "{document}");
    // RFC 6749 section 4.4.3: a refresh token SHOULD NOT be included.
    assert_eq!(document.get("refresh_token"), None, "{document}");
    document["access_token"].as_str().expect("access_token").to_owned()
}
