//! A person's browser, without JavaScript.

use crate::client::Callback;
use crate::cookies::Jar;
use crate::http::{Call, encode};
use crate::page::{Form, Page};
use crate::server::Server;

/// More redirects in a row than this are a loop.
const MAX_REDIRECTS: usize = 5;

/// A browser with its own cookies, at one server.
#[derive(Debug, Clone)]
pub struct Browser<'a> {
    server: &'a Server,
    /// Its cookies.
    pub jar: Jar,
    /// Its `User-Agent`, if it sends one.
    pub agent: Option<&'static str>,
    /// Its network address, if it isn't on this machine; the platform puts it into the header.
    pub address: Option<String>,
}

/// Where a navigation ended.
#[derive(Debug, Clone)]
pub enum Landing {
    /// On a page of the server.
    Page(Page),
    /// At a client: the server sent the browser away.
    Away(Callback),
}

impl Landing {
    /// The page.
    ///
    /// # Panics
    ///
    /// When the browser was sent away.
    #[track_caller]
    #[must_use]
    pub fn page(self) -> Page {
        match self {
            Self::Page(page) => page,
            Self::Away(callback) => panic!("a page was expected, not {}", callback.location),
        }
    }

    /// The client's callback.
    ///
    /// # Panics
    ///
    /// When the browser stayed on a page.
    #[track_caller]
    #[must_use]
    pub fn away(self) -> Callback {
        match self {
            Self::Away(callback) => callback,
            Self::Page(page) => panic!("a redirect was expected, not {}", page.reply.describe()),
        }
    }
}

impl<'a> Browser<'a> {
    /// A browser that has never been here.
    #[must_use]
    pub fn new(server: &'a Server) -> Self {
        Self { server, jar: Jar::default(), agent: None, address: None }
    }

    /// Takes a note of a secret that a page shows.
    pub(crate) fn remember(&self, secret: &str) {
        self.server.secrets().remember(secret);
    }

    /// Follows a link to a path of the server.
    #[must_use]
    pub fn open(&mut self, path: &str) -> Landing {
        self.navigate("GET", path, None, "none")
    }

    /// Opens a path that answers with a page.
    ///
    /// # Panics
    ///
    /// When it redirects to a client.
    #[track_caller]
    #[must_use]
    pub fn page(&mut self, path: &str) -> Page {
        self.open(path).page()
    }

    /// Fills in a form of a page and submits it.
    #[track_caller]
    #[must_use]
    pub fn submit(&mut self, page: &Page, form: &Form, pairs: &[(&str, &str)]) -> Landing {
        let target = self
            .server
            .local_path(&page.path, &form.action)
            .unwrap_or_else(|| panic!("the form leads away: {}", form.action));
        self.navigate("POST", &target, Some(&form.filled(pairs)), "same-origin")
    }

    /// Posts fields from this site without any page, as a test may want to.
    #[must_use]
    pub fn post(&mut self, path: &str, fields: &[(String, String)]) -> Landing {
        self.navigate("POST", path, Some(fields), "same-origin")
    }

    /// Posts fields from another site's page: `SameSite=Lax` keeps the cookies at home.
    #[must_use]
    pub fn post_from_another_site(&mut self, path: &str, fields: &[(String, String)]) -> Landing {
        self.navigate("POST", path, Some(fields), "cross-site")
    }

    fn navigate(
        &mut self,
        method: &str,
        path: &str,
        fields: Option<&[(String, String)]>,
        site: &str,
    ) -> Landing {
        let (mut path, mut call) = (path.to_owned(), self.server.call(method, path));
        if let Some(fields) = fields {
            // Under `Referrer-Policy: no-referrer` browsers send no origin but "null".
            let origin = if site == "cross-site" { "https://evil.example" } else { "null" };
            call = call.form(fields).header("origin", origin);
        }
        let mut cookies_allowed = site != "cross-site";
        for _ in 0..=MAX_REDIRECTS {
            let reply = self.dressed(call, site, cookies_allowed).send();
            self.jar.take(&reply.cookies());
            let redirected = (300..400).contains(&reply.status);
            let Some(location) = reply.header("location").filter(|_| redirected) else {
                return Landing::Page(Page { path, reply });
            };
            let Some(next) = self.server.local_path(&path, location) else {
                return Landing::Away(Callback::new(location, reply.clone()));
            };
            path = next;
            call = self.server.call("GET", &path);
            cookies_allowed = true;
        }
        panic!("more than {MAX_REDIRECTS} redirects, the last to {path}");
    }

    /// What a browser adds to a navigation.
    fn dressed<'b>(&self, call: Call<'b>, site: &str, cookies_allowed: bool) -> Call<'b> {
        let call = call
            .header("accept", "text/html,application/xhtml+xml,*/*;q=0.8")
            .header("sec-fetch-dest", "document")
            .header("sec-fetch-mode", "navigate")
            .header("sec-fetch-site", site);
        let call =
            self.agent.into_iter().fold(call, |call, agent| call.header("user-agent", agent));
        let call = self
            .address
            .iter()
            .fold(call, |call, address| call.header("cf-connecting-ip", address));
        match self.jar.header().filter(|_| cookies_allowed) {
            Some(cookies) => call.header("cookie", &cookies),
            None => call,
        }
    }

    /// The path of an endpoint with a query.
    #[must_use]
    pub fn path(&self, endpoint: &str, query: &[(&str, &str)]) -> String {
        format!("{}?{}", self.server.at(endpoint), encode(query))
    }
}
