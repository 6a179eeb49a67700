//! Clocks that are wrong, or are set while the app is open.

use serde_json::Value;

use super::app::App;
use super::case;
use super::world::World;
use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        case(
            "issue 5: a clock that is ten minutes fast neither refreshes in a loop nor signs out",
            |world| wrong_clock(world, 600_000),
        ),
        case(
            "issue 5: a clock that is ten minutes slow neither refreshes in a loop nor signs out",
            |world| wrong_clock(world, -600_000),
        ),
        case(
            "issue 5: a clock that is set by ten minutes while somebody is signed in costs one refresh at most",
            set_meanwhile,
        ),
    ]
}

/// A script that shifts the clock of a page by milliseconds, now and later.
pub fn clock(shift: i64) -> String {
    format!(
        "{{ const Real = Date; let shift = {shift};
           window.moveClock = (milliseconds) => {{ shift += milliseconds; }};
           window.Date = class extends Real {{
             constructor(...given) {{ if (given.length) super(...given); else super(Real.now() + shift); }}
             static now() {{ return Real.now() + shift; }}
           }}; }}"
    )
}

const ASK_TEN_TIMES: &str = "
    const tokens = new Set();
    for (let turn = 0; turn < 10; turn += 1) tokens.add(await client.getAccessToken());
    return tokens.size;";

fn wrong_clock(world: &World, shift: i64) {
    let app = App::with_prelude(world, &clock(shift));
    let skewed = app.chromium.script("return Date.now();").as_f64().expect("a time");
    let real = std::time::UNIX_EPOCH.elapsed().expect("a time").as_millis();
    #[expect(clippy::cast_precision_loss, reason = "a time of this century")]
    let off = skewed - real as f64 - shift as f64;
    assert!(off.abs() < 60_000.0, "the clock is off by {off} ms more");

    app.sign_in("{ storage: 'local' }");
    assert_eq!(app.run(ASK_TEN_TIMES), 1);
    app.open();
    app.create("{ storage: 'local' }");
    assert_eq!(app.run(ASK_TEN_TIMES), 1);
    assert_eq!(app.token_requests_begun(), 1, "nothing was refreshed");
    let _ = app.call(&app.access_token()).expect(200);
    // Near the end by this clock it is refreshed, once.
    app.run("moveClock(3590_000);");
    assert_eq!(app.run(ASK_TEN_TIMES), 1);
    assert_eq!(app.token_requests_begun(), 2);
    let _ = app.call(&app.access_token()).expect(200);
    assert_eq!(app.events("signedout"), [Value::Null; 0]);
}

fn set_meanwhile(world: &World) {
    let app = App::with_prelude(world, &clock(0));
    app.sign_in("{}");
    for step in ["moveClock(600_000);", "moveClock(-600_000);", "moveClock(-600_000);"] {
        let before = app.token_requests_begun();
        app.run(step);
        assert_eq!(app.run(ASK_TEN_TIMES), 1, "{step}");
        assert!(app.token_requests_begun() <= before + 1, "{step}: refreshed in a loop");
        let _ = app.call(&app.access_token()).expect(200);
    }
    assert_eq!(app.events("signedout"), [Value::Null; 0]);
}
