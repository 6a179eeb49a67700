//! What each request does at the platform, by the server's own count (`log.trace`). What is expected is
//! everything that is counted: hops, rows, alarms and signatures. `docs/cost.md` has its prices.

mod expected;

use latchkey_tests::device::DEVICE_GRANT;
use latchkey_tests::{Browser, Call, Client, Counted, Device, Page, Person, Server, Tokens, Walk};
use serde_json::json;

use crate::Case;
use expected::prevails;

pub(crate) use expected::expect;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "issue 6: the metadata documents and the keys do nothing at the platform",
            |all| {
                documents(&all.counted().server);
            },
        ),
        Case::new("issue 6: a registration is one message to its shard", |all| {
            registration(&all.counted().server);
        }),
        Case::new(
            "issue 6: GET /authorize with a session is one message, for a page and for a code without one",
            |all| {
                authorization(&all.counted().server);
            },
        ),
        Case::new(
            "issue 6: a code without a page costs the same however many grants the person has of this client",
            |all| {
                many_grants(&all.counted().server);
            },
        ),
        Case::new(
            "issue 6: Allow is one message to the shard and one to the account, which comes after it",
            |all| {
                consent(&all.counted().server);
            },
        ),
        Case::new("issue 6: a code exchange and a refresh are one message to the account", |all| {
            tokens(&all.counted().server);
        }),
        Case::new(
            "issue 6: introspection asks account and shard at once, and client_credentials nobody",
            |all| {
                introspection(&all.counted().server);
            },
        ),
        Case::new("issue 6: a revocation is one message to the account", |all| {
            revocation(&all.counted().server);
        }),
        Case::new(
            "issue 6: a device that asks and one that waits are one message, and its tokens are two",
            |all| {
                device(&all.counted().server);
            },
        ),
        Case::new(
            "issue 6: signing up and signing in wait for three hops one after the other",
            |all| {
                sign_up(&all.counted().server);
                sign_in(&all.counted().server);
            },
        ),
        Case::new(
            "issue 6: the account page is one message, and the activity page waits once",
            |all| {
                account_pages(&all.counted().server);
            },
        ),
        Case::new(
            "issue 6: the account page reads 512 grants at most, and all apps are on it and on those that it leads to",
            |all| {
                very_many_apps(&all.counted().server);
            },
        ),
        Case::new("issue 6: nothing waits for a KV write or delete", |all| {
            kv_writes(&all.counted().server);
        }),
        Case::new("issue 6: without log.trace no line has counts", |all| {
            let server = all.standard();
            let reference =
                Client::public(server).refresh(server, "nobody").expect_error(400, "invalid_grant");
            let _ = server.log().event(&reference);
            let text = server.log().text();
            assert!(!text.contains("\"waited\"") && !text.contains("\"afterwards\""), "counts");
        }),
    ]
}

/// A GET by the walk's browser, which follows no redirect.
fn look(walk: &Walk<'_>, path: &str) -> Counted {
    let cookies = walk.browser.jar.header().expect("cookies");
    walk.server.count(walk.server.call("GET", path).header("cookie", &cookies))
}

/// A form of a page, sent by the walk's browser.
fn send<'a>(walk: &Walk<'a>, page: &Page, endpoint: &str, pairs: &[(&str, &str)]) -> Call<'a> {
    let cookies = walk.browser.jar.header().expect("cookies");
    let form = page.form(endpoint);
    walk.server.call("POST", endpoint).form(&form.filled(pairs)).header("cookie", &cookies)
}

fn documents(server: &Server) {
    let jwks = || server.count(server.call("GET", "/jwks"));
    // Whoever comes first has the isolate fetch the keys.
    let _ = jwks();
    for path in [
        "/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration",
        "/.well-known/oauth-protected-resource/api",
    ] {
        let counted = expect("", "", || server.count(server.call("GET", path)));
        assert_eq!(counted.reply.status, 200, "{}", counted.reply.describe());
    }
    expect("", "", jwks);
}

fn registration(server: &Server) {
    // As many as there are by default.
    const SHARDS: usize = 16;
    let metadata = json!({
        "redirect_uris": ["https://client.example/callback"],
        "token_endpoint_auth_method": "none",
    });
    // Only the first that comes to a shard makes its tables.
    let usual = "client_registry_calls 1, in_turn 1, rows_written 2";
    let mut others = Vec::new();
    for _ in 0..3 * SHARDS {
        let call = server.call("POST", "/register").header("content-type", "application/json");
        let one = server.count(call.body(metadata.to_string()));
        assert_eq!(one.reply.status, 201, "{}", one.reply.describe());
        assert_eq!(one.waited.calls(), "client_registry_calls 1, in_turn 1");
        assert_eq!(one.afterwards.all(), "");
        others.extend(Some(one.waited.all()).filter(|did| did != usual));
    }
    assert!(others.len() <= SHARDS, "{} of {}: {others:?}", others.len(), 3 * SHARDS);
}

fn authorization(server: &Server) {
    let mut walk = Walk::begin(server);
    let request = walk.request();
    let page = || look(&walk, &request.path(server));
    let counted = expect("account_calls 1, in_turn 1, rows_read 2", "", page);
    assert!(counted.reply.text().contains("name=\"decision\""), "{}", counted.reply.describe());
    // Nobody is asked about somebody who isn't signed in.
    expect("", "", || server.count(server.call("GET", &walk.request().path(server))));

    // The person has allowed it, and the client asks for no page.
    let _ = walk.tokens();
    let counted = expect("account_calls 1, in_turn 1, rows_read 5, rows_written 3", "", || {
        let mut walk = Walk::with(server, walk.client.clone());
        let _ = walk.tokens();
        look(&walk, &walk.request().and("prompt", "none").path(server))
    });
    assert_eq!(counted.reply.status, 302, "{}", counted.reply.describe());
    assert!(counted.reply.header("location").is_some_and(|location| location.contains("code=")));
}

fn many_grants(server: &Server) {
    let mut walk = Walk::begin(server);
    let mut with_more = |grants: usize| {
        for _ in 0..grants {
            let _ = walk.tokens();
        }
        let counted = look(&walk, &walk.request().and("prompt", "none").path(server));
        assert_eq!(counted.reply.status, 302, "{}", counted.reply.describe());
        counted.waited.all()
    };
    // The first few are read. With one new grant in sixteen they are all counted.
    let usual = "account_calls 1, in_turn 1, rows_read 12, rows_written 3";
    for grants in [10, 20] {
        let _ = with_more(grants);
        let came = prevails(|| with_more(1), |did| did == usual);
        assert!(came.is_ok(), "{usual:?} after {grants} more, not {came:?}");
    }
}

fn consent(server: &Server) {
    let mut walk = Walk::begin(server);
    let allow = |walk: &mut Walk<'_>| {
        let page = walk.consent_page(&walk.request());
        let counted = server.count(send(walk, &page, "/consent", &[("decision", "allow")]));
        assert_eq!(counted.reply.status, 303, "{}", counted.reply.describe());
        counted
    };
    // The first one is noted in the client's record, whose copy is written anew once nobody waits.
    let first = allow(&mut walk);
    assert_eq!(first.afterwards.all(), "in_turn 1, kv_writes 1", "{}", first.line);
    // A grant with two indexes, and the log.
    let did = "account_calls 1, client_registry_calls 1, in_turn 2, rows_read 5, rows_written 4";
    // The second one of each client, since what is read counts the grants that it has already.
    expect(did, "", || {
        let mut walk = Walk::begin(server);
        let _ = allow(&mut walk);
        allow(&mut walk)
    });
}

fn tokens(server: &Server) {
    let mut walk = Walk::begin(server);
    let did = "account_calls 1, in_turn 1, rows_read 4, rows_written 3, signatures 1";
    let exchanged = expect(did, "", || {
        let code = walk.code();
        server.count(walk.client.call(server, "/token", &code.fields()))
    });
    let mut refresh = Tokens::from_reply(&exchanged.reply).refresh;
    // The grant and the log. On the first refresh of a day it ends a day later, which its index has to know.
    let did = "account_calls 1, in_turn 1, rows_read 4, rows_written 2, signatures 1";
    expect(did, "", || {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
        let counted = server.count(walk.client.call(server, "/token", &fields));
        refresh = Tokens::from_reply(&counted.reply).refresh;
        counted
    });
}

fn introspection(server: &Server) {
    const BOTH: &str = "account_calls 1, client_registry_calls 1, in_turn 1, rows_read 2";
    let mut walk = Walk::with(server, Client::with_method(server, "client_secret_basic"));
    let (tokens, asker) = (walk.tokens(), Client::configured("nightly"));
    let resource = format!("{}/api", server.issuer());
    let personal = walk.browser.new_token("Counted", &["mcp"], &[&resource]);
    let introspect =
        |token: &str| server.count(asker.call(server, "/introspect", &[("token", token)]));
    // A signature is checked once.
    let first = introspect(&tokens.access);
    assert_eq!(first.waited.of("signature_checks"), 1, "{}", first.line);
    for (asker, token, did) in [
        (&asker, &tokens.access, BOTH),
        (&walk.client, &tokens.refresh, BOTH),
        (&asker, &personal, "account_calls 1, in_turn 1, rows_read 1"),
    ] {
        let counted = expect(did, "", || {
            server.count(asker.call(server, "/introspect", &[("token", token)]))
        });
        assert_eq!(counted.reply.json()["active"], true, "{}", counted.reply.describe());
    }
    let fields = [("grant_type", "client_credentials"), ("scope", "mcp")];
    expect("signatures 1", "", || server.count(asker.call(server, "/token", &fields)));
}

fn revocation(server: &Server) {
    let mut walk = Walk::begin(server);
    // The token's id, and the log; the grant is looked at, and whether it was given back before.
    let did = "account_calls 1, in_turn 1, rows_read 2, rows_written 2, signature_checks 1";
    expect(did, "", || {
        let tokens = walk.tokens();
        server.count(walk.client.call(server, "/revoke", &[("token", &tokens.access)]))
    });
    // The grant and its index, and the log.
    expect("account_calls 1, in_turn 1, rows_read 5, rows_written 3", "", || {
        let mut walk = Walk::with(server, walk.client.clone());
        let tokens = walk.tokens();
        server.count(walk.client.call(server, "/revoke", &[("token", &tokens.refresh)]))
    });
}

fn device(server: &Server) {
    let (client, mut walk) = (Client::of_device(server, "none"), Walk::begin(server));
    let begin = || server.count(client.call(server, "/device_authorization", &[]));
    let did = "alarms_set 1, device_authorization_calls 1, in_turn 1, rows_read 6, rows_written 7";
    expect(did, "", begin);

    let poll = |device: &Device<'_>| {
        let fields = [("grant_type", DEVICE_GRANT), ("device_code", device.device_code())];
        server.count(client.call(server, "/token", &fields))
    };
    let ask = || Device::of(server, client.clone(), &[]);
    let did = "device_authorization_calls 1, in_turn 1, rows_read 3, rows_written 1";
    let waiting = expect(did, "", || poll(&ask()));
    assert_eq!(waiting.reply.status, 400, "{}", waiting.reply.describe());

    // Only the code's object knows whose account that is.
    let did = "account_calls 1, device_authorization_calls 1, in_turn 2, rows_read 5, rows_written 3, signatures 1";
    let allowed = expect(did, "", || {
        let device = ask();
        walk.browser.allow_device(&device);
        poll(&device)
    });
    let _ = Tokens::from_reply(&allowed.reply);
}

fn sign_up(server: &Server) {
    // The address is claimed, the account made with its tables, and the session begun.
    let did = "account_calls 2, alarms_read 1, alarms_set 1, directory_calls 1, in_turn 3, rows_read 15, rows_written 16";
    expect(did, "", || {
        let (person, mut browser) = (Person::new(), Browser::new(server));
        let page = browser.page("/sign-up").expect(200);
        let fields = [("email", person.email.as_str()), ("password", person.password.as_str())];
        let cookies = browser.jar.header().expect("cookies");
        let form = page.form("/sign-up").filled(&fields);
        let call = server.call("POST", "/sign-up").form(&form).header("cookie", &cookies);
        let counted = server.count(call);
        assert_eq!(counted.reply.status, 303, "{}", counted.reply.describe());
        counted
    });
}

fn sign_in(server: &Server) {
    let mut walk = Walk::begin(server);
    let fields = [("email", walk.person.email.clone()), ("password", walk.person.password.clone())];
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let page = walk.browser.page("/sign-in").expect(200);
    // The address says which account, whose password is checked, and the session begins while the tries
    // are forgotten.
    expect(
        "account_calls 2, directory_calls 2, in_turn 3, rows_read 6, rows_written 4",
        "",
        || {
            let counted = server.count(send(&walk, &page, "/sign-in", &fields));
            assert_eq!(counted.reply.status, 303, "{}", counted.reply.describe());
            counted
        },
    );
}

fn account_pages(server: &Server) {
    let mut walk = Walk::begin(server);
    let _ = walk.tokens();
    let page = expect("account_calls 1, in_turn 1, rows_read 5", "", || look(&walk, "/account"));
    assert!(page.reply.text().contains("/sign-out"), "{}", page.reply.describe());
    let activity = look(&walk, "/account/activity");
    assert_eq!(activity.waited.calls(), "account_calls 3, in_turn 1", "{}", activity.line);
}

fn very_many_apps(server: &Server) {
    const CLIENTS: usize = 6;
    let mut walk = Walk::begin(server);
    for number in 0..CLIENTS {
        if number > 0 {
            walk.client = Client::public(server);
        }
        let _ = walk.tokens();
        for _ in 0..100 {
            let request = walk.request().and("prompt", "none");
            let _ = walk.browser.open(&request.path(server)).away();
        }
    }
    let (mut path, mut apps) = ("/account".to_owned(), 0);
    let mut pages = 0;
    while pages < CLIENTS {
        let page = look(&walk, &path);
        pages += 1;
        // Of each grant the index and the row, and a few rows of others.
        let read = page.waited.of("rows_read");
        assert!(read <= 2 * 512 + 16, "{}", page.line);
        let text = page.reply.text();
        apps += text.matches("value=\"revoke-app\"").count();
        assert_eq!(text.contains(">First apps<"), pages > 1);
        let Some((_, after)) = text.split_once("/account?after=") else { break };
        let (after, _) = after.split_once('#').expect("the apps' heading");
        path = format!("/account?after={after}");
    }
    assert_eq!((apps, pages), (CLIENTS, 2));
}

fn kv_writes(server: &Server) {
    let _ = Walk::begin(server).tokens();
    let metadata = json!({ "redirect_uris": ["https://client.example/callback"] });
    let client = Client::register(server, &metadata);
    let uri = client.document["registration_client_uri"].as_str().expect("a URI");
    let path = server.local_path("/", uri).expect("a path of this server");
    let token = client.document["registration_access_token"].as_str().expect("a token");
    let removed = server.count(server.call("DELETE", &path).bearer(token));
    assert_eq!(removed.reply.status, 204, "{}", removed.reply.describe());
    assert_eq!(removed.afterwards.of("kv_deletes"), 1, "{}", removed.line);
    // It is gone here at once all the same, whatever the cache still has.
    client.refresh(server, "nobody").expect_error(401, "invalid_client");

    let text = server.log().text();
    let lines: Vec<_> = text.lines().filter(|line| line.contains("\"outcome\":")).collect();
    assert!(lines.iter().any(|line| line.contains("kv_writes")), "a consent writes a copy");
    for line in lines {
        // The members come in the order of the alphabet.
        let (_, waited) = line.split_once("\"waited\"").unwrap_or_default();
        assert!(!waited.contains("kv_writes") && !waited.contains("kv_deletes"), "{line}");
    }
}
