//! Loading the package, and pages that don't let it.

use serde_json::json;

use super::app::App;
use super::case;
use super::site::{Flaw, Site};
use super::world::World;
use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        case(
            "issue 5: under default-src 'none' with 'wasm-unsafe-eval' the package loads without a violation",
            under_a_strict_policy,
        ),
        case(
            "issue 5: where the policy lacks 'wasm-unsafe-eval' every call says wasm_unavailable, and so does load",
            without_webassembly,
        ),
        case(
            "issue 5: where the WebAssembly can't be fetched it is wasm_unavailable, until it can",
            not_there,
        ),
        case("issue 5: wrong options are invalid_options and name the option", wrong_options),
    ]
}

fn under_a_strict_policy(world: &World) {
    let app = App::new(world);
    app.run("await latchkey.load(); await latchkey.createPkce();");
    app.create("{ storage: 'worker' }");
    app.create("{}");
    assert_eq!(app.chromium.console(), [""; 0]);
}

fn without_webassembly(world: &World) {
    let app = App::with(world, world.somebody(), Site::with_flaw(Flaw::NoWebAssembly));
    for lines in [
        "await latchkey.load();",
        "await latchkey.createPkce();",
        "await latchkey.createClient({ issuer: 'http://127.0.0.1:1' });",
    ] {
        let failure = app.fails(lines).expect("wasm_unavailable");
        assert!(failure.message().contains("wasm-unsafe-eval"), "{failure:?}");
    }
}

fn not_there(world: &World) {
    let app = App::with(world, world.somebody(), Site::with_flaw(Flaw::WebAssemblyAtSecondTry));
    let _ = app.fails("await latchkey.createPkce();").expect("wasm_unavailable");
    let challenge = app.run("return (await latchkey.createPkce()).codeChallenge;");
    assert_eq!(challenge.as_str().map(str::len), Some(43));
    app.sign_in("{}");
    let _ = app.call(&app.access_token()).expect(200);
}

fn wrong_options(world: &World) {
    let app = App::new(world);
    let wrong = [
        ("{}", "issuer"),
        ("{ issuer: 7 }", "issuer"),
        ("{ issuer: 'http://id.example' }", "issuer"),
        ("{ issuer: 'javascript:1' }", "issuer"),
        ("{ resource: 'http://api.example' }", "resource"),
        ("{ issuer: 'https://id.example', clientId: 7 }", "clientId"),
        ("{ issuer: 'https://id.example', redirectUri: {} }", "redirectUri"),
        ("{ issuer: 'https://id.example', storage: 'cookie' }", "storage"),
        ("{ issuer: 'https://id.example', stepUp: 'never' }", "stepUp"),
        (
            "{ issuer: 'https://id.example', allowedOrigins: ['http://api.example'] }",
            "allowedOrigins",
        ),
        ("{ issuer: 'https://id.example', allowedOrigins: '*' }", "allowedOrigins"),
    ];
    for (options, member) in wrong {
        let failure = app.fails(&format!("await latchkey.createClient({options});"));
        let failure = failure.expect("invalid_options");
        assert_eq!(failure.0["member"], json!(member), "{options}: {failure:?}");
    }
    app.create("{}");
    let long = "await client.signIn({ returnTo: 'x'.repeat(2001) });";
    assert_eq!(app.fails(long).expect("invalid_options").0["member"], "returnTo");
    let _ = app.fails("new latchkey.Client();");
}
