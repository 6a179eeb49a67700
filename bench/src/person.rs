//! A person and their browser.

use anyhow::Result;
use hyper::header::{HeaderName, ORIGIN};

use crate::connection::{Call, Connection};
use crate::page;

/// A person, signed in.
#[derive(Debug, Clone)]
pub struct Person {
    cookies: Cookies,
    /// Whether the server asks them before it gives a code for the first time, and only then.
    pub asks_first: bool,
}

impl Person {
    /// A person at the peer, where the application believes the cookie.
    pub fn believed(number: usize) -> Self {
        let mut cookies = Cookies::default();
        cookies.take([("user", &*format!("person{number}"))]);
        Self { cookies, asks_first: false }
    }

    /// A person with a new account at Latchkey.
    pub async fn sign_up(connection: &mut Connection, number: usize) -> Result<Self> {
        let mut person = Self { cookies: Cookies::default(), asks_first: true };
        let page = connection.send(&Call::get("/sign-up")).await?.expect(200)?;
        person.cookies.take(page.cookies());
        let fields = [
            ("csrf", &*page::hidden(&page, "csrf")?),
            ("email", &format!("person{number}@people.example")),
            ("password", "a quiet river in the north"),
        ];
        let call = person.browses(Call::form("/sign-up", &fields))?;
        let reply = connection.send(&call).await?.expect(303)?;
        person.cookies.take(reply.cookies());
        Ok(person)
    }

    /// A call that this person's browser makes from a page of the server.
    pub fn browses(&self, call: Call) -> Result<Call> {
        call.cookies(&self.cookies.header())?
            // Under `Referrer-Policy: no-referrer` browsers send no origin but "null".
            .header(ORIGIN, "null")?
            .header(HeaderName::from_static("sec-fetch-site"), "same-origin")
    }
}

/// A browser's cookies at one server.
#[derive(Debug, Clone, Default)]
struct Cookies(Vec<(String, String)>);

impl Cookies {
    /// Keeps what an answer sets.
    fn take<'a>(&mut self, set: impl IntoIterator<Item = (&'a str, &'a str)>) {
        for (name, value) in set {
            self.0.retain(|(own, _)| own != name);
            self.0.push((name.to_owned(), value.to_owned()));
        }
    }

    /// The value of `Cookie`.
    fn header(&self) -> String {
        let pairs: Vec<_> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_that_is_set_again_replaces_the_one_before() {
        let mut cookies = Cookies::default();
        cookies.take([("csrf", "one"), ("other", "two")]);
        cookies.take([("csrf", "three")]);
        assert_eq!(cookies.header(), "other=two; csrf=three");
    }
}
