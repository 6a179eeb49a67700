//! Where the playground is served, and where it isn't.

use latchkey_tests::{Deployment, Server};

use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "issue 5: the playground is served in development, by itself and with a policy of its own",
            |servers| {
                serves(servers.playground());
            },
        ),
        Case::new(
            "issue 5: without the playground's files its place is like any that isn't there",
            |servers| {
                for server in [servers.standard(), servers.short_links()] {
                    serves_nothing(server);
                }
            },
        ),
        Case::new("issue 5: a public server has no playground unless it is asked for", |_| {
            let quiet = Server::start(Deployment::public_playground(false)).expect("a server");
            serves_nothing(&quiet);
            quiet.restart_as(&Deployment::public_playground(true)).expect("a server");
            serves(&quiet);
            let document = quiet.get("/mcp/oauth/playground/client.json").expect(200).json();
            let page = "https://links.example/mcp/oauth/playground/";
            assert_eq!(document["client_id"], format!("{page}client.json"));
            assert_eq!(document["redirect_uris"][0], page);
            assert_eq!(document["application_type"], "web");
        }),
    ]
}

fn serves(server: &Server) {
    let link = format!("href=\"{}\"", server.at("/playground/"));
    assert!(server.get(&server.at("/")).text().contains(&link), "the start page names it");
    let at = |file: &str| server.at(&format!("/playground{file}"));
    let moved = server.get(&at("?url=x")).expect(302);
    assert_eq!(moved.header("location"), Some(&*at("/?url=x")));

    let files = [
        ("/", "text/html"),
        ("/playground.js", "text/javascript"),
        ("/steps/discovery.js", "text/javascript"),
        ("/style.css", "text/css"),
        ("/look.css", "text/css"),
        ("/icon.svg", "image/svg+xml"),
        ("/package/index.js", "text/javascript"),
        ("/package/latchkey.wasm", "application/wasm"),
        ("/client.json", "application/json"),
    ];
    for (file, kind) in files {
        let reply = server.get(&at(file)).expect(200);
        let found = reply.header("content-type").unwrap_or_default();
        assert!(found.starts_with(kind), "{file}: {found}");
        assert!(!reply.body.is_empty(), "{file} is empty");
        let policy = reply.header("content-security-policy").expect("a policy");
        for part in
            ["default-src 'none'", "script-src 'self' 'wasm-unsafe-eval'", "frame-ancestors 'none'"]
        {
            assert!(policy.contains(part), "{file}: {policy}");
        }
        assert!(!policy.contains("'unsafe-inline'") && !policy.contains("'unsafe-eval'"));
        assert_eq!(reply.header("referrer-policy"), Some("no-referrer"), "{file}");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{file}");
        // CORS-01: no other page reads what is on the origin of the sign-in pages.
        assert_eq!(reply.header("access-control-allow-origin"), None, "{file}");
        assert!(server.call("HEAD", &at(file)).send().expect(200).body.is_empty(), "{file}");
    }
    let page = server.get(&at("/")).text();
    assert!(!page.contains("<style") && !page.contains(" style=") && !page.contains(" onclick="));
    assert_eq!(page.matches("<script").count(), 1, "one script, of its own file");

    for absent in ["/nothing.js", "/index", "/tests/mask.test.js", "/README.md", "/..%2findex.html"]
    {
        let _ = server.get(&at(absent)).expect(404);
    }
    let _ = server.call("POST", &at("/")).send().expect(405);
}

fn serves_nothing(server: &Server) {
    let nowhere = server.get(&server.at("/nowhere"));
    assert!(!server.get(&server.at("/")).text().contains("/playground"));
    for file in ["", "/", "/playground.js", "/look.css", "/client.json"] {
        let reply = server.get(&server.at(&format!("/playground{file}")));
        assert_eq!((reply.status, &reply.body), (404, &nowhere.body), "{file}");
    }
}
