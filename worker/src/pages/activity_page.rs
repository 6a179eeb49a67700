//! The page that lists what happened in an account.

use askama::Template;
use latchkey_protocol::time::UnixTime;

use super::activity::{Happening, Piece, Tone};
use super::filters;
use super::look::Look;
use super::text;

/// What happened, newest first, with filters, pages and exports.
#[derive(Template)]
#[template(path = "activity.html")]
pub struct ActivityPage<'a> {
    /// The product's look.
    pub look: &'a Look,
    /// The kinds that the list can be narrowed to: the value of `group` and its words.
    pub groups: &'a [Narrowing<'a>],
    /// The apps that the list can be narrowed to: the value of `app` and its name.
    pub apps: &'a [Narrowing<'a>],
    /// One page of it.
    pub entries: &'a [EntryLine],
    /// The value of `before` for the next page; [`None`] on the last one.
    pub older: Option<u64>,
    /// Whether newer entries exist that this page doesn't show.
    pub is_older: bool,
}

/// One choice of a filter.
#[derive(Debug, Clone, Copy)]
pub struct Narrowing<'a> {
    /// The query's value.
    pub value: &'a str,
    /// The words for it.
    pub words: &'a str,
    /// Whether the list is narrowed to it now.
    pub is_chosen: bool,
}

/// One entry.
#[derive(Debug, Clone)]
pub struct EntryLine {
    /// When.
    pub at: UnixTime,
    /// What, in words.
    pub happening: Happening,
}

/// The entries of one day.
struct Day<'a> {
    at: UnixTime,
    entries: Vec<&'a EntryLine>,
}

impl ActivityPage<'_> {
    /// The HTML document.
    ///
    /// # Errors
    ///
    /// None in practice; askama's signature.
    pub fn render(&self) -> Result<String, askama::Error> {
        Template::render(self)
    }

    fn days(&self) -> Vec<Day<'_>> {
        let mut days: Vec<Day<'_>> = Vec::new();
        for entry in self.entries {
            let number = |at: UnixTime| at.seconds() / 86_400;
            match days.last_mut().filter(|day| number(day.at) == number(entry.at)) {
                Some(day) => day.entries.push(entry),
                None => days.push(Day { at: entry.at, entries: vec![entry] }),
            }
        }
        days
    }

    fn is_narrowed(&self) -> bool {
        self.groups.iter().chain(self.apps).any(|narrowing| narrowing.is_chosen)
    }

    /// The query that keeps the filters, without `?`; empty when there are none.
    fn query(&self) -> String {
        let chosen = |name: &str, narrowings: &[Narrowing<'_>]| {
            let found = narrowings.iter().find(|narrowing| narrowing.is_chosen)?;
            Some(format!("{name}={}", text::query_value(found.value)))
        };
        [chosen("group", self.groups), chosen("app", self.apps)]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join("&")
    }

    /// What follows a path that keeps the filters.
    fn suffix(&self) -> String {
        let query = self.query();
        if query.is_empty() { query } else { format!("?{query}") }
    }

    /// What follows the path of the next page.
    fn older_suffix(&self, before: &u64) -> String {
        let query = self.query();
        let and = if query.is_empty() { "" } else { "&" };
        format!("?{query}{and}before={before}")
    }
}
