//! The little of a page that a browser without scripts would send back.

use anyhow::{Context as _, Result};

use crate::connection::Reply;

/// The value of the hidden field of this name.
pub fn hidden(page: &Reply, name: &str) -> Result<String> {
    between(&page.text(), &format!("name=\"{name}\" value=\""), "\"")
        .with_context(|| format!("no field {name}: {}", page.describe()))
}

/// The first value that can be chosen in the list of this name.
pub fn first_choice(page: &Reply, name: &str) -> Result<String> {
    let text = page.text();
    let list = text.split_once(&format!("name=\"{name}\"")).map(|(_, rest)| rest);
    list.and_then(|list| between(list, "<option value=\"", "\""))
        .with_context(|| format!("no list {name}: {}", page.describe()))
}

/// The text of the element with this id.
pub fn text_of(page: &Reply, id: &str) -> Result<String> {
    let text = page.text();
    let element = text.split_once(&format!("id=\"{id}\"")).map(|(_, rest)| rest);
    element
        .and_then(|element| between(element, ">", "<"))
        .with_context(|| format!("no element {id}: {}", page.describe()))
}

/// What stands between the first `before` and the next `after`.
fn between(text: &str, before: &str, after: &str) -> Option<String> {
    let (_, rest) = text.split_once(before)?;
    Some(rest.split_once(after)?.0.to_owned())
}

#[cfg(test)]
mod tests {
    use super::between;

    #[test]
    fn a_value_ends_at_the_first_end_after_its_beginning() {
        let page = "<a> <input name=\"csrf\" value=\"one\"> <input name=\"request\" value=\"two\">";
        assert_eq!(between(page, "name=\"csrf\" value=\"", "\"").as_deref(), Some("one"));
        assert_eq!(between(page, "name=\"request\" value=\"", "\"").as_deref(), Some("two"));
        assert_eq!(between(page, "name=\"csrf\" value=\"", "'"), None);
        assert_eq!(between(page, "name=\"other\" value=\"", "\""), None);
    }
}
