//! How a client of each revision finds the authorization server.

use latchkey_tests::Challenge;
use serde_json::{Value, json};

use crate::profile::{Profile, discovered, request};

/// What a client has found.
pub(super) struct Found {
    /// The metadata of the authorization server.
    pub metadata: Value,
    /// What the client sends as `resource`; nothing before 2025-06-18.
    pub resource: Option<String>,
    /// What it asks for; nothing when nobody told it.
    pub scope: Option<String>,
}

impl Found {
    /// The parameter `resource`, as the revision sends it.
    pub fn resource(&self) -> Vec<(&str, &str)> {
        self.resource.iter().map(|resource| ("resource", resource.as_str())).collect()
    }

    /// The parameters that say what is asked for.
    pub fn wishes(&self) -> Vec<(&str, &str)> {
        let scope = self.scope.iter().map(|scope| ("scope", scope.as_str()));
        self.resource().into_iter().chain(scope).collect()
    }
}

/// Discovers as the revision says.
#[track_caller]
pub(super) fn discover(profile: &Profile<'_>) -> Found {
    match profile.version {
        "2025-03-26" => at_the_origin(profile),
        "2025-06-18" => by_the_challenge(profile),
        "2025-11-25" => by_three_addresses(profile),
        "2026-07-28" => without_initialize(profile),
        version => panic!("no revision {version}"),
    }
}

/// 2025-03-26 knows nothing of protected resources: the origin of the MCP server, its path dropped, is
/// the base, and where it has no document the endpoints are at fixed paths.
fn at_the_origin(profile: &Profile<'_>) -> Found {
    let _ = profile.send("POST", None, &[], Some(&profile.initialize())).expect(401);
    let origin = profile.server.origin();
    let metadata = profile.document(&format!("{origin}/.well-known/oauth-authorization-server"));
    let fallback = json!({
        "issuer": origin,
        "authorization_endpoint": format!("{origin}/authorize"),
        "token_endpoint": format!("{origin}/token"),
        "registration_endpoint": format!("{origin}/register"),
    });
    for (name, value) in fallback.as_object().into_iter().flatten() {
        assert_eq!(metadata[name], *value, "{name}");
    }
    // It goes by the fixed paths, as a client would that finds no document.
    Found { metadata: fallback, resource: None, scope: None }
}

/// 2025-06-18: the 401 names the resource's metadata, and that the server.
fn by_the_challenge(profile: &Profile<'_>) -> Found {
    let reply = profile.send("POST", None, &[], Some(&profile.initialize())).expect(401);
    let (resource, metadata) = discovered(profile, &Challenge::of(&reply));
    found(&resource, metadata, None)
}

/// 2025-11-25: the header if it is there, else path-inserted and then the root; of the server the
/// three addresses in order; the scope of the challenge.
fn by_three_addresses(profile: &Profile<'_>) -> Found {
    let reply = profile.send("POST", None, &[], Some(&profile.initialize())).expect(401);
    let challenge = Challenge::of(&reply);
    let origin = profile.server.origin();
    let named = profile.document(challenge.get("resource_metadata").expect("resource_metadata"));
    let without_header = ["/mcp", ""].map(|path| {
        profile.document(&format!("{origin}/.well-known/oauth-protected-resource{path}"))
    });
    assert_eq!(without_header, [named.clone(), named.clone()]);
    let issuer = named["authorization_servers"][0].as_str().expect("an issuer");
    // An issuer without a path has two addresses; the third is the second one again.
    let [metadata, other] = ["oauth-authorization-server", "openid-configuration"]
        .map(|document| profile.document(&format!("{issuer}/.well-known/{document}")));
    assert_eq!(metadata, other);
    assert_eq!(metadata["issuer"], issuer);
    // It MUST refuse a server whose metadata doesn't say that it knows PKCE.
    assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256"]));
    found(&named, metadata, challenge.get("scope"))
}

/// 2026-07-28: the first request is already the one that is meant.
fn without_initialize(profile: &Profile<'_>) -> Found {
    let body =
        request("tools/call", super::with_meta(json!({ "name": "whoami", "arguments": {} })));
    let headers = super::july_2026("whoami");
    let headers = crate::profile::borrowed(&headers);
    let reply = profile.send("POST", None, &headers, Some(&body)).expect(401);
    let challenge = Challenge::of(&reply);
    let (resource, metadata) = discovered(profile, &challenge);
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
    found(&resource, metadata, challenge.get("scope"))
}

fn found(resource: &Value, metadata: Value, scope: Option<&str>) -> Found {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let listed = || text(&resource["scopes_supported"][0]);
    Found {
        metadata,
        resource: text(&resource["resource"]),
        scope: scope.map(str::to_owned).or_else(listed),
    }
}
