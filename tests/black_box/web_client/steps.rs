//! The walk step by step, as a tool does it.

use serde_json::{Value, json};

use super::app::App;
use super::case;
use super::world::{World, text};
use crate::Case;
use crate::browser::visit::ALLOW;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        case(
            "issue 5: step by step a tool finds the server of an API, registers, gets tokens, refreshes and revokes them",
            the_whole_walk,
        ),
        case(
            "RFC 7636 section 4.1: every verifier is drawn afresh, and its challenge is S256 of it",
            pkce,
        ),
        case(
            "issue 5: a step that the server refuses throws the server's own code and status",
            refused_steps,
        ),
    ]
}

/// Runs lines with what earlier ones found, and keeps what they return in `found`.
fn step(app: &App<'_>, lines: &str) -> Value {
    let lines = format!(
        "const found = JSON.parse(sessionStorage.getItem('found') ?? '{{}}');
         const onExchange = (exchange) => sessionStorage.setItem('traces', (sessionStorage.getItem('traces') ?? '') + JSON.stringify(exchange));
         const result = await (async () => {{ {lines} }})();
         sessionStorage.setItem('found', JSON.stringify({{ ...found, ...result }}));
         return result;"
    );
    app.run(&lines)
}

fn the_whole_walk(world: &World) {
    let app = App::new(world);
    let resource = format!("{}/api", world.issuer());
    let found = step(
        &app,
        &format!(
            "const {{ metadata, scope }} = await latchkey.discoverResource('{resource}', {{ onExchange }}); return {{ resource: metadata.resource, issuer: metadata.authorization_servers[0], scope }};"
        ),
    );
    assert_eq!(found, json!({ "resource": resource, "issuer": world.issuer(), "scope": "api" }));
    let found = step(
        &app,
        "const { metadata, metadataUrl } = await latchkey.discoverServer(found.issuer, { onExchange }); return { server: metadata, metadataUrl };",
    );
    assert_eq!(found["server"]["token_endpoint"], format!("{}/token", world.issuer()));
    assert_eq!(
        found["metadataUrl"],
        format!("{}/.well-known/oauth-authorization-server", world.issuer())
    );
    let redirect_uri = app.site.callback();
    let registered = step(
        &app,
        &format!(
            "return {{ client: await latchkey.registerClient(found.server, {{ client_name: 'A tool', redirect_uris: ['{redirect_uri}'] }}, {{ onExchange }}) }};"
        ),
    );
    let client_id = text(&registered["client"]["client_id"]).to_owned();
    assert_eq!(registered["client"]["client_name"], "A tool");
    assert_eq!(registered["client"]["client_secret"], Value::Null);

    let request = step(
        &app,
        &format!(
            "const request = await latchkey.createAuthorizationRequest(found.server, {{ clientId: found.client.client_id, redirectUri: '{redirect_uri}', scope: found.scope, resource: found.resource }}); return {{ url: request.url, state: request.state, codeVerifier: request.codeVerifier }};"
        ),
    );
    let url = url::Url::parse(text(&request["url"])).expect("a URL");
    assert!(url.as_str().starts_with(&format!("{}/authorize?", world.issuer())), "{url}");
    app.chromium.open(url.as_str());
    app.chromium.click(ALLOW);
    app.wait_until_ready();

    let tokens = step(&app, &format!("const code = await latchkey.readCallback(location.href, {{ server: found.server, state: found.state }});
        const tokens = await latchkey.redeemCode(found.server, {{ clientId: found.client.client_id, code, codeVerifier: found.codeVerifier, redirectUri: '{redirect_uri}', resource: found.resource }}, {{ onExchange }});
        const {{ accessToken, refreshToken, tokenType, expiresIn, scope }} = tokens;
        if (`${{String(tokens)}} ${{JSON.stringify(tokens)}}`.includes(accessToken)) throw new Error('the token shows');
        return {{ accessToken, refreshToken, tokenType, expiresIn, granted: scope }};"));
    assert_eq!((&tokens["expiresIn"], &tokens["granted"]), (&json!(3600), &json!("api")));
    assert_eq!(text(&tokens["tokenType"]).to_lowercase(), "bearer");
    let _ = app.call(text(&tokens["accessToken"])).expect(200);

    let next = step(
        &app,
        "const { accessToken, refreshToken } = await latchkey.refreshTokens(found.server, { clientId: found.client.client_id, refreshToken: found.refreshToken, resource: found.resource }, { onExchange }); return { accessToken, refreshToken };",
    );
    assert_ne!(next["refreshToken"], tokens["refreshToken"]);
    let _ = app.call(text(&next["accessToken"])).expect(200);

    step(
        &app,
        "await latchkey.revokeToken(found.server, { clientId: found.client.client_id, token: found.refreshToken, tokenTypeHint: 'refresh_token' }, { onExchange }); return {};",
    );
    app.call(text(&next["accessToken"])).expect_error(401, "invalid_token");
    let traces = app.chromium.script("return sessionStorage.getItem('traces');");
    for secret in [
        &tokens["accessToken"],
        &tokens["refreshToken"],
        &next["accessToken"],
        &request["codeVerifier"],
    ] {
        assert!(!text(&traces).contains(text(secret)), "{traces}");
    }
    for purpose in [
        "protected_resource",
        "protected_resource_metadata",
        "authorization_server_metadata",
        "registration",
        "token",
        "revocation",
    ] {
        assert!(
            text(&traces).contains(&format!("\"purpose\":\"{purpose}\"")),
            "{purpose}: {traces}"
        );
    }
    assert_eq!(world.middle.passed(&client_id, "/token").len(), 2);
}

fn pkce(world: &World) {
    let app = App::new(world);
    let drawn = app.run("return await Promise.all(Array.from({ length: 50 }, async () => { const pkce = await latchkey.createPkce(); return [pkce.codeVerifier, pkce.codeChallenge, pkce.codeChallengeMethod, await latchkey.createState()]; }));");
    let drawn = drawn.as_array().expect("pairs");
    let mut seen = std::collections::BTreeSet::new();
    for one in drawn {
        let [verifier, challenge, method, state] = [0, 1, 2, 3].map(|nth: usize| text(&one[nth]));
        assert_eq!(latchkey_tests::pkce::challenge(verifier), challenge);
        assert_eq!((method, verifier.len()), ("S256", 43));
        assert!(state.len() >= 43, "{state}");
        assert!(seen.insert(verifier.to_owned()) && seen.insert(state.to_owned()), "drawn twice");
    }
}

fn refused_steps(world: &World) {
    let app = App::new(world);
    let server = format!("(await latchkey.discoverServer('{}')).metadata", world.issuer());
    let id = &app.client.id;
    for (lines, code, status) in [
        (
            format!(
                "await latchkey.refreshTokens({server}, {{ clientId: '{id}', refreshToken: 'nobody' }});"
            ),
            "invalid_grant",
            400,
        ),
        (
            format!(
                "await latchkey.redeemCode({server}, {{ clientId: '{id}', code: 'nobody', codeVerifier: 'x'.repeat(43), redirectUri: location.href }});"
            ),
            "invalid_grant",
            400,
        ),
        (
            format!(
                "await latchkey.refreshTokens({server}, {{ clientId: 'nobody', refreshToken: 'nobody' }});"
            ),
            "invalid_client",
            401,
        ),
        (
            format!(
                "await latchkey.registerClient({server}, {{ redirect_uris: ['http://evil.example/'] }});"
            ),
            "invalid_redirect_uri",
            400,
        ),
    ] {
        let failure = app.fails(&lines).expect(code);
        assert_eq!(failure.0["status"], status, "{lines}: {failure:?}");
        assert!(!failure.message().is_empty(), "{failure:?}");
    }
    // CORS-03: Latchkey answers resource servers about tokens, and no script.
    let asked = format!(
        "await latchkey.introspectToken({server}, {{ token: 'nobody', authorization: 'Basic eDp5' }});"
    );
    let _ = app.fails(&asked).expect("network_error");
}
