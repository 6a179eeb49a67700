//! What people do on pages: sign up, allow, take back, make and take back personal access tokens.

use super::attempt::{Attempt, Found, Kind};
use super::tokens::{entries, fresh_client, is_active, stays_alive, stays_ended};
use crate::browser::Browser;
use crate::client::{Callback, Client, Tokens};
use crate::cookies::Jar;
use crate::http::Reply;
use crate::page::Page;
use crate::random;
use crate::server::Server;
use crate::walk::{Person, Walk};

/// Posts a form as a browser with these cookies does, once, without following where it leads.
fn post(
    server: &Server,
    path: &str,
    fields: &[(String, String)],
    jar: &Jar,
) -> Result<Reply, String> {
    let call = server.call("POST", path).form(fields).header("origin", "null");
    let call = call.header("sec-fetch-site", "same-origin");
    call.header("cookie", &jar.header().unwrap_or_default()).try_send()
}

fn browser<'s>(server: &'s Server, jar: &Jar) -> Browser<'s> {
    let mut browser = Browser::new(server);
    browser.jar = jar.clone();
    browser
}

/// Somebody signs in, and it is them.
fn is_there(server: &Server, person: &Person) -> bool {
    let mut browser = Browser::new(server);
    let page = browser.page("/sign-in").expect(200);
    let landed = browser.sign_in(&page, person).page();
    landed.reply.status == 200
        && landed.text().contains(&person.email)
        && landed.forms().iter().all(|form| form.action != "/sign-in")
}

/// Somebody makes an account.
pub fn sign_up(walk: &Walk<'_>) -> Attempt {
    let (person, mut stranger) = (Person::new(), Browser::new(walk.server));
    let page = stranger.page("/sign-up").expect(200);
    let fields = [("email", person.email.as_str()), ("password", person.password.as_str())];
    let (form, jar) = (page.form("/sign-up").filled(&fields), stranger.jar);
    Attempt::new(
        Kind::SignUp,
        move |server| post(server, "/sign-up", &form, &jar),
        move |server, answer, _| {
            let was_done = is_there(server, &person);
            assert!(was_done || answer.is_none(), "the account {} is lost", person.email);
            if !was_done {
                // One that broke off half-way is simply repeated.
                Browser::new(server).join(&person);
                assert!(is_there(server, &person));
            }
            // Nobody else gets the address.
            let other = Person { email: person.email.clone(), ..Person::new() };
            assert!(!is_there(server, &other));
            Found::and(was_done, move |server| {
                assert!(is_there(server, &person), "the account {} is lost", person.email);
            })
        },
    )
}

/// Somebody presses Allow.
pub fn allow(walk: &mut Walk<'_>) -> Attempt {
    let client = fresh_client(walk);
    let request = walk.request();
    let page = walk.consent_page(&request);
    let (form, jar) =
        (page.form("/consent").filled(&[("decision", "allow")]), walk.browser.jar.clone());
    let (sent, cookies) = (form.clone(), jar.clone());
    Attempt::new(
        Kind::Allow,
        move |server| post(server, "/consent", &sent, &cookies),
        move |server, answer, _| {
            let consents = |server: &Server| entries(server, &jar, &client, "consented");
            let before = consents(server);
            let was_done = before == 1;
            assert!(
                was_done || (answer.is_none() && before == 0),
                "{before} consents, or a lost one"
            );
            // Pressing again is the same grant and the same code.
            let pressed = post(server, "/consent", &form, &jar).expect("an answer").expect(303);
            let code = |reply: Reply| {
                let location = reply.header("location").expect("a location").to_owned();
                request.code(&Callback::new(&location, reply))
            };
            let again = code(pressed);
            if let Some(reply) = answer {
                assert_eq!(code(reply).code, again.code, "two codes of one consent");
            }
            assert_eq!(consents(server), 1, "two consents");
            let tokens = Tokens::from_reply(&client.redeem(server, &again));
            stays_alive(was_done, client, tokens)
        },
    )
}

/// The ids of what can be taken back by `action` on the account page.
fn ids(page: &Page, action: &str) -> Vec<String> {
    let forms = page.forms();
    let of_action = forms.iter().filter(|form| form.field("action") == Some(action));
    of_action.filter_map(|form| form.field("id")).map(str::to_owned).collect()
}

/// The form that takes back what came last, which wasn't among `before`.
fn form_for_new(walk: &mut Walk<'_>, action: &str, before: &[String]) -> Vec<(String, String)> {
    let page = walk.browser.account();
    let new: Vec<_> = ids(&page, action).into_iter().filter(|id| !before.contains(id)).collect();
    assert_eq!(new.len(), 1, "one that is new: {new:?}");
    page.account_form(action, Some(&new[0])).filled(&[])
}

/// Somebody takes an app's access back.
pub fn revocation(walk: &mut Walk<'_>) -> Attempt {
    let client = fresh_client(walk);
    let before = ids(&walk.browser.account(), "revoke-app");
    let tokens = walk.tokens();
    let form = form_for_new(walk, "revoke-app", &before);
    let jar = walk.browser.jar.clone();
    let (sent, cookies) = (form.clone(), jar.clone());
    Attempt::new(
        Kind::RevokeByPerson,
        move |server| post(server, "/account", &sent, &cookies),
        move |server, answer, _| {
            let was_done = !is_active(server, &client, &tokens.refresh);
            assert!(was_done || answer.is_none(), "a revocation is lost");
            if !was_done {
                let _ = post(server, "/account", &form, &jar).expect("an answer");
            }
            stays_ended(was_done, client, tokens)
        },
    )
}

/// Who may ask about personal access tokens.
fn watcher() -> Client {
    Client::configured("watcher")
}

/// Somebody makes a personal access token.
pub fn token_made(walk: &mut Walk<'_>) -> Attempt {
    let label = format!("Token {}", random::text(12));
    let page = walk.browser.page("/account/tokens").expect(200);
    let pairs = [("label", label.as_str()), ("scope", "mcp")];
    let (form, jar) = (page.form("/account/tokens").filled(&pairs), walk.browser.jar.clone());
    let cookies = jar.clone();
    Attempt::new(
        Kind::PersonalAccessToken,
        move |server| post(server, "/account/tokens", &form, &cookies),
        move |server, answer, _| {
            let text = browser(server, &jar).account().text();
            let was_done = text.contains(&label);
            let Some(reply) = answer else { return Found::done(was_done) };
            assert!(was_done, "the token {label} is lost");
            let page = Page { path: "/account/tokens".to_owned(), reply };
            let token = page.texts("#token").concat();
            let is_good = move |server: &Server| {
                assert!(is_active(server, &watcher(), &token), "the token {label} is lost");
            };
            is_good(server);
            Found::and(true, is_good)
        },
    )
}

/// Somebody takes a personal access token back.
pub fn token_revoked(walk: &mut Walk<'_>) -> Attempt {
    let before = ids(&walk.browser.account(), "revoke-token");
    let token = walk.browser.new_token("To be revoked", &["mcp"], &[]);
    let form = form_for_new(walk, "revoke-token", &before);
    let jar = walk.browser.jar.clone();
    let (sent, cookies) = (form.clone(), jar.clone());
    Attempt::new(
        Kind::PersonalAccessTokenRevoked,
        move |server| post(server, "/account", &sent, &cookies),
        move |server, answer, _| {
            let was_done = !is_active(server, &watcher(), &token);
            assert!(was_done || answer.is_none(), "a revocation is lost");
            if !was_done {
                let _ = post(server, "/account", &form, &jar).expect("an answer");
            }
            let is_over = move |server: &Server| {
                assert!(!is_active(server, &watcher(), &token), "a revoked token is back");
            };
            is_over(server);
            Found::and(was_done, is_over)
        },
    )
}
