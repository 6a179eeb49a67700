//! What a hostile client or site would do to a person.

use latchkey_tests::{Authorization, Server};
use serde_json::json;

use super::chromium::Chromium;
use super::listener::{Answer, Listener};
use super::visit::{ALLOW, Visit, native_client};
use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "DCR-11: in Chromium markup and turned text in a client's name do no harm",
            |servers| {
                hostile_name(servers.standard());
            },
        ),
        Case::new(
            "RFC 9700 section 4.16: no page of ours shows inside another site's frame",
            |servers| {
                framing(servers.standard());
            },
        ),
        Case::new(
            "issue 2: an error page in Chromium shows the reference that the log has",
            |servers| {
                error_page(servers.standard());
            },
        ),
    ]
}

/// Names that would be an element, end one, or turn the text around them; each with what is left to
/// read of it.
const NAMES: [(&str, &str); 3] = [
    (
        "<img src=x onerror=\"document.title='run'\">",
        "<img src=x onerror=\"document.title='run'\">",
    ),
    (
        "</strong></bdi><script>document.title='run'</script>",
        "<script>document.title='run'</script>",
    ),
    ("Acme \u{202e}ecived ruoy\u{2066}\u{200f} Inc", "ecived ruoy"),
];

fn hostile_name(server: &Server) {
    let visit = Visit::new(server);
    let chromium = &visit.chromium;
    let turned = |character| matches!(character, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    for (name, left) in NAMES {
        let client = native_client(server, &json!({ "client_name": name }));
        let request = Authorization::of(&client).with("redirect_uri", &visit.listener.url());
        chromium.open(&visit.address_of(&request));
        // First the sign-in page, and from then on only the consent page.
        for _ in 0..2 {
            let text = chromium.text("main");
            assert!(text.contains(left) && !text.contains(turned), "{text:?}");
            assert_eq!(chromium.count("script, main img, [onerror]"), 0, "{text}");
            assert_ne!(chromium.title(), "run");
            if chromium.count(ALLOW) == 0 {
                visit.sign_in();
            }
        }
        // Whatever direction its letters have, they keep to themselves.
        let loose = "return document.querySelectorAll('h1 > bdi, dd bdi').length";
        assert!(chromium.script(loose).as_u64().is_some_and(|count| count >= 2));
    }
    visit.expect_quiet_console();
}

fn framing(server: &Server) {
    let client = native_client(server, &json!({ "client_name": "Acme Notes" }));
    let chromium = Chromium::start();
    let request = Authorization::of(&client).with("redirect_uri", "http://127.0.0.1:1/callback");
    let ours = format!("{}{}", server.address(), request.path(server)).replace('&', "&amp;");
    for address in [ours.as_str(), &server.address()] {
        let attacker =
            Listener::start(Answer::Page(format!("<iframe src=\"{address}\"></iframe>")));
        let _ = chromium.console();
        chromium.open(&attacker.url());
        chromium.enter_frame();
        assert_eq!(chromium.count("form, .card, a[href*='sign-in']"), 0, "{address} is in a frame");
        let said = chromium.console().join("\n");
        assert!(said.contains("frame-ancestors"), "{said}");
    }
    // The same address is fine by itself.
    chromium.open(&ours.replace("&amp;", "&"));
    chromium.wait_for("input[name=email]");
    assert_eq!(chromium.count(ALLOW), 0);
}

fn error_page(server: &Server) {
    let chromium = Chromium::start();
    for path in ["/authorize?client_id=nobody", "/consent?request=damaged"] {
        chromium.open(&format!("{}{path}", server.address()));
        let reference = chromium.text(".reference code");
        assert!(reference.len() >= 6, "{reference:?}");
        assert!(server.log().event(&reference)["reason"].is_string());
        let page = chromium.text("main");
        assert!(page.contains("Error 400") && !page.contains("rust"), "{page}");
    }
}
