//! Whoever tries passwords or addresses, many of them, is told to wait, and whoever comes back isn't.
//!
//! The platform says where a request comes from, in `cf-connecting-ip`; here the tests do. Each case has
//! networks of its own.

use latchkey_tests::{Browser, Page, Person, Server};
use std::time::{Duration, Instant};

use crate::Case;
use crate::limits::until_refused;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "issue 7: a network that tries passwords with many addresses is told to wait, whether or not they have accounts, and no other; it recovers",
            |all| many_addresses(all.limited()),
        ),
        Case::new(
            "issue 7: who comes back to a browser of theirs signs in at once, while strangers guess their password and others from their network",
            |all| comes_back(all.limited()),
        ),
        Case::new(
            "issue 7: a network that signs up too often is told to wait, and nothing is made; it recovers",
            |all| many_accounts(all.limited()),
        ),
    ]
}

/// A browser somewhere, which has a form of this endpoint open.
pub fn elsewhere<'a>(server: &'a Server, address: &str, endpoint: &str) -> (Browser<'a>, Page) {
    let mut browser = Browser::new(server);
    browser.address = Some(address.to_owned());
    let page = browser.page(&server.at(endpoint)).expect(200);
    (browser, page)
}

fn told_to_wait(page: &Page, endpoint: &str, person: &Person) -> bool {
    if page.reply.status != 429 {
        return false;
    }
    assert_eq!(page.reply.header("retry-after"), Some("60"), "{}", page.reply.describe());
    assert!(page.alert().contains("from your network"), "{}", page.alert());
    assert_eq!(page.form(endpoint).field("email"), Some(person.email.as_str()));
    true
}

fn many_addresses(server: &Server) {
    let person = Person::new();
    Browser::new(server).join(&person);
    let known = Person { password: "not the password".to_owned(), ..person.clone() };
    let sign_in = |address: &str, person: &Person| {
        let (mut browser, page) = elsewhere(server, address, "/sign-in");
        let page = browser.sign_in(&page, person).page();
        match told_to_wait(&page, "/sign-in", person) {
            true => Some(page.reply),
            false => {
                assert!(matches!(page.reply.status, 200 | 422), "{}", page.reply.describe());
                None
            }
        }
    };
    let guess = |address: &str, count: usize| match count {
        // Among many that nobody has.
        2 => sign_in(address, &known),
        _ => sign_in(address, &Person::new()),
    };
    assert!(until_refused(10, |count| guess("198.51.103.1", count)) >= 4);
    assert!(sign_in("198.51.103.2", &person).is_none(), "nobody elsewhere notices");
    let shared = until_refused(20, |count| guess(&format!("160.79.106.{count}"), count));
    assert!(shared >= 8, "{shared}");
    // It passes, and the person gets in from there too.
    let deadline = Instant::now() + Duration::from_secs(30);
    while sign_in("198.51.103.1", &person).is_some() {
        assert!(Instant::now() < deadline, "it never recovers");
    }
}

fn comes_back(server: &Server) {
    const ADDRESS: &str = "198.51.103.21";
    let person = Person::new();
    let mut browser = Browser::new(server);
    browser.address = Some(ADDRESS.to_owned());
    browser.join(&person);
    let home = browser.page(&server.at("/")).expect(200);
    let _ = browser.submit(&home, &home.form("/sign-out"), &[]).page().expect(200);

    // This machine's tries are those of no network.
    let mut stranger = Browser::new(server);
    let form = stranger.page(&server.at("/sign-in")).expect(200);
    let wrong = Person { password: "not the password".to_owned(), ..person.clone() };
    let others = || {
        let (mut other, page) = elsewhere(server, ADDRESS, "/sign-in");
        other.sign_in(&page, &Person::new()).page().reply.status == 429
    };
    assert!((0..10).any(|_| others()), "the network isn't told to wait");
    let tries = (0..12).map(|_| stranger.sign_in(&form, &wrong).page().reply.status);
    assert!(tries.into_iter().any(|status| status == 429), "the strangers aren't told to wait");
    let page = browser.page(&server.at("/sign-in")).expect(200);
    let landed = browser.sign_in(&page, &person).page().expect(200);
    assert!(landed.text().contains(&person.email), "{}", landed.reply.describe());

    // Known for this address only, and a wrong password counts there too.
    let other = Person::new();
    Browser::new(server).join(&other);
    let wrong_other = Person { password: "not the password".to_owned(), ..other };
    let mut says = |person: &Person, words: &str| {
        let page = browser.page(&server.at("/sign-in")).expect(200);
        let page = browser.sign_in(&page, person).page();
        page.reply.status == 429 && page.alert().contains(words)
    };
    assert!((0..10).any(|_| says(&wrong_other, "from your network")), "known for everybody");
    assert!((0..12).any(|_| says(&wrong, "with this e-mail address")), "never told to wait");
}

fn many_accounts(server: &Server) {
    let taken = Person::new();
    Browser::new(server).join(&taken);
    let sign_up = |address: &str, person: &Person| {
        let (mut browser, page) = elsewhere(server, address, "/sign-up");
        browser.sign_up(&page, person).page()
    };
    let count = until_refused(10, |_| {
        let page = sign_up("198.51.103.11", &taken);
        let has_to_wait = told_to_wait(&page, "/sign-up", &taken);
        assert!(has_to_wait || page.reply.status == 422, "{}", page.reply.describe());
        has_to_wait.then_some(page.reply)
    });
    assert!(count >= 4, "{count}");
    let _ = sign_up("198.51.103.12", &Person::new()).expect(200);
    // It passes, and while it lasted nothing was made: else the address would be taken.
    let person = Person::new();
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut page = sign_up("198.51.103.11", &person);
    while told_to_wait(&page, "/sign-up", &person) {
        assert!(Instant::now() < deadline, "it never recovers");
        page = sign_up("198.51.103.11", &person);
    }
    assert!(page.expect(200).text().contains(&person.email));
}
