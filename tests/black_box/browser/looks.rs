//! Every page on a phone and on a desktop, light and dark.
//!
//! With `LATCHKEY_SCREENSHOTS` set to a folder, each page is saved there as it looks.

use latchkey_tests::{Authorization, Browser, Client, Person, Server};
use serde_json::json;
use std::path::PathBuf;

use super::chromium::{Chromium, SCREENS};
use super::visit::{ALLOW, DENY, Visit, fill_in, native_client};
use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "issue 2: the pages of a sign-in fit a phone and a desktop, light and dark, and every control is named and large enough",
            |servers| {
                sign_in_pages(servers.standard());
            },
        ),
        Case::new(
            "issue 2: the consent pages fit a phone and a desktop, light and dark, however long the client's words are",
            |servers| {
                consent_pages(servers.standard());
            },
        ),
        Case::new(
            "issue 2: the pages on the way back to an app fit a phone and a desktop, light and dark",
            |servers| {
                app_pages(servers.standard());
            },
        ),
        Case::new(
            "issue 2: the pages of another product fit a phone and a desktop, light and dark, and have its colour",
            |servers| {
                other_product(servers.short_links());
            },
        ),
    ]
}

/// What is wrong with a page, in words.
const FAULTS: &str = "
    const faults = [];
    const all = (selector) => [...document.querySelectorAll(selector)];
    const what = (element) => element.outerHTML.slice(0, 120);
    const page = document.scrollingElement;
    if (page.scrollWidth > innerWidth) faults.push(`${page.scrollWidth} wide on ${innerWidth}`);
    for (const field of all('input:not([type=hidden]), select, textarea')) {
      if (!field.labels.length) faults.push(`no label: ${what(field)}`);
    }
    for (const control of all('button, a')) {
      const name = control.getAttribute('aria-label') || control.textContent.trim();
      if (!name) faults.push(`no name: ${what(control)}`);
    }
    for (const control of all('button, .button, summary, select, input:not([type=hidden])')) {
      // What a screen leaves out nobody has to touch.
      if (!control.checkVisibility()) continue;
      // A box is ticked, and a choice made, by its label too.
      const target = ['checkbox', 'radio'].includes(control.type) ? control.labels[0] : control;
      const { width, height } = target.getBoundingClientRect();
      if (height < 44 || width < 44) faults.push(`${width} x ${height}: ${what(control)}`);
    }
    for (const image of all('img')) if (!image.hasAttribute('alt')) faults.push(`no alt: ${what(image)}`);
    const ids = all('[id]').map((element) => element.id);
    if (new Set(ids).size !== ids.length) faults.push(`an id twice: ${ids}`);
    if (all('h1').length !== 1) faults.push(`${all('h1').length} main headings`);
    if (!document.documentElement.lang) faults.push('no language');
    if (!document.title) faults.push('no title');
    return faults;
";

/// The scripts of a page: ours have none.
const SCRIPTS: &str = "return document.scripts.length";

/// The brightness of the background, 0 to 255.
const BRIGHTNESS: &str = "
    return Math.max(...getComputedStyle(document.documentElement).backgroundColor.match(/\\d+/g).slice(0, 3));
";

/// Looks at the page at hand on every screen.
#[track_caller]
pub fn look(chromium: &Chromium, page: &str) {
    assert_eq!(chromium.script(SCRIPTS), 0, "{page} has a script");
    look_at_any(chromium, page);
}

/// The same for a page that may have scripts.
#[track_caller]
pub fn look_at_any(chromium: &Chromium, page: &str) {
    for screen in SCREENS {
        chromium.show_on(screen);
        let faults = chromium.script(FAULTS);
        assert_eq!(faults, json!([]), "{page} on {}", screen.name);
        let dark = chromium.script(BRIGHTNESS).as_u64().is_some_and(|brightness| brightness < 128);
        assert_eq!(dark, screen.name.ends_with("dark"), "{page} on {}", screen.name);
        if let Some(folder) = std::env::var_os("LATCHKEY_SCREENSHOTS").map(PathBuf::from) {
            std::fs::create_dir_all(&folder).expect("the folder for screenshots");
            let file = folder.join(format!("{page}-{}.png", screen.name));
            std::fs::write(file, chromium.screenshot(screen)).expect("a screenshot");
        }
    }
    chromium.show_as_usual();
    let mut said = chromium.console();
    // An error page's own status is reported, and a product's logo lies on the network, which no
    // test reaches.
    said.retain(|line| {
        !line.contains("responded with a status of 4") && !line.contains("logo.png")
    });
    assert!(said.is_empty(), "{page}: the console has {said:#?}");
}

fn sign_in_pages(server: &Server) {
    let visit = Visit::new(server);
    let chromium = &visit.chromium;
    chromium.open(&server.address());
    look(chromium, "home");
    visit.open();
    look(chromium, "sign-in");
    fill_in(chromium, &Person::new());
    chromium.click("main button[type=submit]");
    chromium.wait_for("[role=alert]");
    look(chromium, "sign-in-refused");

    chromium.click("a[href*='/sign-up']");
    chromium.wait_for("input[autocomplete=new-password]");
    look(chromium, "sign-up");
    fill_in(chromium, &visit.person);
    chromium.click("main button[type=submit]");
    chromium.wait_for("[role=alert]");
    look(chromium, "sign-up-refused");

    chromium.open(&format!("{}/sign-in", server.address()));
    fill_in(chromium, &visit.person);
    chromium.click("main button[type=submit]");
    chromium.wait_for("form[action$='/sign-out']");
    look(chromium, "home-signed-in");
    chromium.click("form[action$='/sign-out'] button");
    chromium.wait_for("a[href$='/sign-in']");
    look(chromium, "signed-out");

    chromium.open(&format!("{}/authorize?client_id=nobody", server.address()));
    look(chromium, "error");
    let client = Client::public(server);
    let bad = Authorization::of(&client).without("code_challenge");
    chromium.open(&visit.address_of(&bad));
    chromium.wait_for("main a.button");
    look(chromium, "error-of-the-app");
}

fn consent_pages(server: &Server) {
    let visit = Visit::new(server);
    let chromium = &visit.chromium;
    visit.open();
    visit.sign_in();
    look(chromium, "consent-loopback");

    let long = "Incomprehensibilities".repeat(9);
    let path = "segment/".repeat(40);
    let web = json!({
        "client_name": long,
        "client_uri": format!("https://{}.example/", "a-long-host-name".repeat(3)),
        "policy_uri": "https://client.example/privacy",
        "tos_uri": "https://client.example/terms",
        "redirect_uris": [format!("https://callback.example/{path}")],
        "application_type": "web",
    });
    let request = Authorization::of(&native_client(server, &web));
    let request = request.and("scope", "mcp mcp:write").and("resource", "https://api.example/v1");
    chromium.open(&visit.address_of(&request));
    chromium.wait_for(ALLOW);
    look(chromium, "consent-web-long");

    visit.open();
    chromium.click(ALLOW);
    let code = visit.arrival().code();
    let _ = visit.redeem(&visit.request, code).expect(200);
    visit.wait_for_client();
    chromium.back();
    chromium.click(ALLOW);
    chromium.wait_for(".state.good");
    look(chromium, "already-allowed");
}

fn app_pages(server: &Server) {
    let app = json!({
        "client_name": "Cursor",
        "redirect_uris": ["cursor://anysphere.cursor-mcp/oauth/callback"],
    });
    let request = Authorization::of(&native_client(server, &app));
    // A browser each: Chromium asks whether to open the app, and takes no click until it is told.
    for (button, page) in [(DENY, "denied-app"), (ALLOW, "allowed-app")] {
        let visit = Visit::new(server);
        visit.chromium.open(&visit.address_of(&request));
        visit.sign_in();
        look(&visit.chromium, "consent-app");
        visit.chromium.click(button);
        visit.chromium.wait_for("main a.button.primary");
        look(&visit.chromium, page);
    }
}

fn other_product(server: &Server) {
    let client = native_client(server, &json!({ "client_name": "Acme Notes" }));
    let request = Authorization::of(&client).with("redirect_uri", "http://127.0.0.1:1/callback");
    let scopes = "shorturl:read shorturl:create qrcode:read qrcode:create analytics:read";
    let request = request.and("scope", scopes);
    let (person, chromium) = (Person::new(), Chromium::start());
    Browser::new(server).join(&person);

    chromium.open(&format!("{}{}", server.address(), server.at("/")));
    look(&chromium, "short-links-home");
    chromium.open(&format!("{}{}", server.address(), request.path(server)));
    look(&chromium, "short-links-sign-in");
    fill_in(&chromium, &person);
    chromium.click("main button[type=submit]");
    chromium.wait_for(ALLOW);
    look(&chromium, "short-links-consent");
    chromium.show_on(SCREENS[0]);
    let colour =
        "return getComputedStyle(document.querySelector('button[value=allow]')).backgroundColor";
    assert_eq!(chromium.script(colour), "rgb(10, 125, 79)");
}
