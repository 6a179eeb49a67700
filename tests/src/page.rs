//! A page, read as a browser without JavaScript reads it.

use scraper::{ElementRef, Html, Selector};

use crate::http::Reply;

/// A page and the path it came from.
#[derive(Debug, Clone)]
pub struct Page {
    /// Path and query it was loaded from, after redirects.
    pub path: String,
    /// The answer it came in.
    pub reply: Reply,
}

/// A form on a page.
#[derive(Debug, Clone)]
pub struct Form {
    /// `get` or `post`.
    pub method: String,
    /// Where it goes, as written.
    pub action: String,
    /// The names and values of its fields, hidden ones included, buttons and boxes without a tick
    /// left out.
    pub fields: Vec<(String, String)>,
    /// The names and values that can be chosen: of its boxes, and in its lists.
    pub choices: Vec<(String, String)>,
    /// The names and values of its submit buttons that have a name.
    pub buttons: Vec<(String, String)>,
}

impl Form {
    /// The value of a field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The form filled in: each pair replaces the field of its name, is a choice made instead of
    /// those that the page has made, or is the button pressed.
    ///
    /// # Panics
    ///
    /// When the form has neither such a field nor such a choice nor such a button.
    #[must_use]
    pub fn filled(&self, pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let is_choice = |name: &str| self.choices.iter().any(|(own, _)| own == name);
        let mut fields = self.fields.clone();
        fields.retain(|(own, _)| !is_choice(own) || pairs.iter().all(|(name, _)| own != name));
        for (name, value) in pairs {
            let pair = ((*name).to_owned(), (*value).to_owned());
            if is_choice(name) {
                assert!(self.choices.contains(&pair), "no choice {name}={value} in {self:?}");
                fields.push(pair);
            } else if let Some(field) = fields.iter_mut().find(|(own, _)| own == name) {
                *field = pair;
            } else {
                assert!(self.buttons.contains(&pair), "no {name}={value} in {self:?}");
                fields.push(pair);
            }
        }
        fields
    }
}

impl Page {
    /// Checks the status.
    ///
    /// # Panics
    ///
    /// When it is another.
    #[track_caller]
    #[must_use]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.reply.status, status, "{}", self.reply.describe());
        self
    }

    fn document(&self) -> Html {
        Html::parse_document(&self.reply.text())
    }

    /// The text of each element that a selector finds, with white space as it is shown.
    #[must_use]
    pub fn texts(&self, selector: &str) -> Vec<String> {
        self.document().select(&parse(selector)).map(shown_text).collect()
    }

    /// An attribute of each element that a selector finds.
    #[must_use]
    pub fn attributes(&self, selector: &str, attribute: &str) -> Vec<String> {
        self.document()
            .select(&parse(selector))
            .filter_map(|element| element.value().attr(attribute).map(str::to_owned))
            .collect()
    }

    /// The title.
    #[must_use]
    pub fn title(&self) -> String {
        self.texts("title").join(" ")
    }

    /// The main heading.
    #[must_use]
    pub fn heading(&self) -> String {
        self.texts("h1").join(" ")
    }

    /// All text of the page.
    #[must_use]
    pub fn text(&self) -> String {
        self.texts("body").join(" ")
    }

    /// What went wrong, as the page says it.
    #[must_use]
    pub fn alert(&self) -> String {
        self.texts("[role=alert]").join(" ")
    }

    /// The reference id of an error page.
    ///
    /// # Panics
    ///
    /// When there isn't exactly one.
    #[track_caller]
    #[must_use]
    pub fn reference(&self) -> String {
        let found = self.texts(".reference code");
        assert_eq!(found.len(), 1, "one reference: {}", self.reply.describe());
        found.concat()
    }

    /// The forms, in their order.
    #[must_use]
    pub fn forms(&self) -> Vec<Form> {
        self.document().select(&parse("form")).map(read_form).collect()
    }

    /// The one form that posts to an endpoint such as `/consent`.
    ///
    /// # Panics
    ///
    /// When there isn't exactly one.
    #[track_caller]
    #[must_use]
    pub fn form(&self, endpoint: &str) -> Form {
        let mut forms = self.forms();
        forms.retain(|form| form.action.ends_with(endpoint));
        assert_eq!(forms.len(), 1, "one form for {endpoint}: {}", self.reply.describe());
        assert_eq!(forms[0].method, "post", "{}", self.reply.describe());
        forms.remove(0)
    }
}

fn parse(selector: &str) -> Selector {
    Selector::parse(selector).unwrap_or_else(|error| panic!("selector {selector:?}: {error}"))
}

fn shown_text(element: ElementRef<'_>) -> String {
    let text: String = element.text().collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn read_form(form: ElementRef<'_>) -> Form {
    let attribute = |element: ElementRef<'_>, name: &str| {
        element.value().attr(name).unwrap_or_default().to_owned()
    };
    let pair = |element: ElementRef<'_>| (attribute(element, "name"), attribute(element, "value"));
    let named = |pair: &(String, String)| !pair.0.is_empty();
    let option = |list: ElementRef<'_>, option: ElementRef<'_>| {
        let value = option.value().attr("value").map_or_else(|| shown_text(option), str::to_owned);
        (attribute(list, "name"), value)
    };
    let mut fields: Vec<(String, String)> = form
        .select(&parse("input[name]:not([type=checkbox]):not([type=radio]), input[name][checked]"))
        .map(pair)
        .filter(named)
        .collect();
    let mut choices: Vec<(String, String)> =
        form.select(&parse("input[type=checkbox], input[type=radio]")).map(pair).collect();
    for list in form.select(&parse("select[name]")) {
        choices.extend(list.select(&parse("option")).map(|entry| option(list, entry)));
        // HTML: without a chosen option the first one is.
        let chosen = list.select(&parse("option[selected]")).next();
        let chosen = chosen.or_else(|| list.select(&parse("option")).next());
        fields.extend(chosen.map(|entry| option(list, entry)));
    }
    Form {
        method: attribute(form, "method").to_ascii_lowercase(),
        action: attribute(form, "action"),
        fields,
        choices,
        buttons: form.select(&parse("button[name]")).map(pair).filter(named).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(body: &str) -> Page {
        let reply = Reply {
            request: "GET /".to_owned(),
            status: 200,
            headers: Vec::new(),
            body: body.as_bytes().to_vec(),
        };
        Page { path: "/".to_owned(), reply }
    }

    #[test]
    fn a_form_is_submitted_with_its_hidden_fields_and_the_button_pressed() {
        let page = page(
            r#"<form method="POST" action="/consent"><input type="hidden" name="csrf" value="&lt;1">
               <input name="email" value=""><button name="decision" value="allow">Allow</button>
               </form>"#,
        );
        let filled =
            page.form("/consent").filled(&[("email", "a@b.example"), ("decision", "allow")]);
        let expected = [("csrf", "<1"), ("email", "a@b.example"), ("decision", "allow")];
        assert_eq!(filled, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn what_is_chosen_replaces_what_the_page_has_chosen() {
        let page = page(
            r#"<form method="post" action="/x"><input type="checkbox" name="s" value="a" checked>
               <input type="checkbox" name="s" value="b"><input type="checkbox" name="s" value="c">
               <select name="l"><option value="1">one<option value="2" selected>two</select></form>"#,
        );
        let form = page.form("/x");
        let pairs = |pairs: &[(&str, &str)]| {
            let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            pairs.iter().map(owned).collect::<Vec<_>>()
        };
        assert_eq!(form.filled(&[]), pairs(&[("s", "a"), ("l", "2")]));
        let filled = form.filled(&[("s", "b"), ("s", "c"), ("l", "1")]);
        assert_eq!(filled, pairs(&[("s", "b"), ("s", "c"), ("l", "1")]));
    }

    #[test]
    fn text_is_read_as_it_is_shown() {
        let page = page("<title>A &amp; B</title><h1>\n One  <bdi>two</bdi></h1>");
        assert_eq!((page.title().as_str(), page.heading().as_str()), ("A & B", "One two"));
    }
}
