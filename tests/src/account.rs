//! What a person does on the pages of their account.

use serde_json::Value;

use crate::browser::{Browser, Landing};
use crate::page::{Form, Page};

impl Browser<'_> {
    /// The account page.
    #[track_caller]
    #[must_use]
    pub fn account(&mut self) -> Page {
        let path = self.path("/account", &[]);
        self.page(&path).expect(200)
    }

    /// Makes a personal access token on the page for it, and returns the token as it is shown.
    ///
    /// # Panics
    ///
    /// When none is shown.
    #[track_caller]
    #[must_use]
    pub fn new_token(&mut self, label: &str, scopes: &[&str], resources: &[&str]) -> String {
        let landed = self.ask_for_token(label, scopes, resources).expect(200);
        let shown = landed.texts("#token");
        assert_eq!(shown.len(), 1, "one token: {}", landed.reply.describe());
        self.remember(&shown[0]);
        shown.concat()
    }

    /// Fills in the page for a new token and submits it.
    #[track_caller]
    #[must_use]
    pub fn ask_for_token(&mut self, label: &str, scopes: &[&str], resources: &[&str]) -> Page {
        let path = self.path("/account/tokens", &[]);
        let page = self.page(&path).expect(200);
        let mut pairs = vec![("label", label)];
        pairs.extend(scopes.iter().map(|scope| ("scope", *scope)));
        pairs.extend(resources.iter().map(|resource| ("resource", *resource)));
        self.submit(&page, &page.form("/account/tokens"), &pairs).page()
    }

    /// Presses the button of the account page that does `action` to `id`.
    #[track_caller]
    pub fn take_back(&mut self, action: &str, id: Option<&str>) -> Page {
        let page = self.account();
        let form = page.account_form(action, id);
        match self.submit(&page, &form, &[]) {
            Landing::Page(page) => page.expect(200),
            Landing::Away(callback) => panic!("away to {}", callback.location),
        }
    }

    /// The activity log as its JSON export has it, newest first, with this query.
    #[track_caller]
    #[must_use]
    pub fn activity(&mut self, query: &[(&str, &str)]) -> Vec<Value> {
        let path = self.path("/account/activity.json", query);
        let page = self.page(&path).expect(200);
        page.reply.json().as_array().expect("an array").clone()
    }
}

impl Page {
    /// The one form of the account page that does `action`, to `id` if that is said.
    ///
    /// # Panics
    ///
    /// When there isn't exactly one.
    #[track_caller]
    #[must_use]
    pub fn account_form(&self, action: &str, id: Option<&str>) -> Form {
        let mut forms = self.forms();
        forms.retain(|form| {
            form.field("action") == Some(action) && id.is_none_or(|id| form.field("id") == Some(id))
        });
        assert_eq!(forms.len(), 1, "one {action} {id:?}: {}", self.reply.describe());
        forms.remove(0)
    }
}
