//! Looking for many texts at once, in any of the forms that they may have been written in.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::collections::{BTreeSet, HashMap};

/// By how many bytes each form is first looked for.
const HEAD: usize = 8;
/// How many bits the coarse sieve has.
const SIEVE_BITS: u32 = 22;

/// Texts to look for.
#[derive(Debug)]
pub struct Needles {
    /// Each form, and which text it is of.
    forms: Vec<(Vec<u8>, usize)>,
    by_head: HashMap<[u8; HEAD], Vec<usize>>,
    /// Which beginnings there are, roughly: most places are passed over by one look at it.
    sieve: Vec<bool>,
    texts: Vec<String>,
}

impl Needles {
    /// Looks for `texts`: as they are, percent-encoded, and in Base64 with whatever is around them.
    #[must_use]
    pub fn new(texts: impl IntoIterator<Item = String>) -> Self {
        let mut needles = Self {
            forms: Vec::new(),
            by_head: HashMap::new(),
            sieve: vec![false; 1 << SIEVE_BITS],
            texts: Vec::new(),
        };
        for text in texts {
            let forms = forms(&text);
            needles.texts.push(text);
            for form in forms {
                let Some(head) = head(&form, 0) else { continue };
                needles.sieve[sieved(head)] = true;
                needles.by_head.entry(head).or_default().push(needles.forms.len());
                needles.forms.push((form, needles.texts.len() - 1));
            }
        }
        needles
    }

    /// Those that are in `bytes`.
    #[must_use]
    pub fn found_in(&self, bytes: &[u8]) -> BTreeSet<&str> {
        let mut found = BTreeSet::new();
        for at in 0..bytes.len() {
            let Some(head) = head(bytes, at) else { break };
            if !self.sieve[sieved(head)] {
                continue;
            }
            for form in self.by_head.get(&head).into_iter().flatten() {
                let (form, text) = &self.forms[*form];
                if bytes[at..].starts_with(form) {
                    found.insert(self.texts[*text].as_str());
                }
            }
        }
        found
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }
}

fn head(bytes: &[u8], at: usize) -> Option<[u8; HEAD]> {
    bytes.get(at..at + HEAD)?.try_into().ok()
}

fn sieved(head: [u8; HEAD]) -> usize {
    let mixed = u64::from_le_bytes(head).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    usize::try_from(mixed >> (64 - SIEVE_BITS)).expect("a few bits")
}

/// A text in each of its forms.
fn forms(text: &str) -> BTreeSet<Vec<u8>> {
    let mut forms = BTreeSet::from([text.as_bytes().to_vec()]);
    forms.insert(form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().into_bytes());
    let json = serde_json::to_string(text).expect("a string");
    forms.insert(json.trim_matches('"').as_bytes().to_vec());
    // Three bytes are four characters; what stands before the text decides where its own begin.
    for before in 0..3 {
        let padded = [vec![0; before], text.as_bytes().to_vec()].concat();
        let whole = padded.len() / 3 * 4;
        let from = if before == 0 { 0 } else { 4 };
        for encoded in [STANDARD_NO_PAD.encode(&padded), URL_SAFE_NO_PAD.encode(&padded)] {
            forms.insert(encoded.as_bytes()[from..whole.max(from)].to_vec());
        }
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "latchkey_rt_a+b/c=d.e~f\"0123";

    #[test]
    fn issue_7_a_planted_secret_is_found_as_it_is_and_in_every_encoding() {
        let needles = Needles::new([SECRET.to_owned(), "another that is nowhere".to_owned()]);
        let percent: String = form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
        let mut places = vec![
            SECRET.to_owned(),
            format!("before {SECRET}"),
            format!("?code={percent}&state=x"),
            serde_json::json!({ "token": SECRET }).to_string(),
        ];
        for before in ["", "a", "ab", "abc", "client:"] {
            for after in ["", "z", "zz"] {
                let text = format!("{before}{SECRET}{after}");
                places.push(format!("Basic {}", STANDARD_NO_PAD.encode(&text)));
                places.push(format!("ey{}.x", URL_SAFE_NO_PAD.encode(&text)));
            }
        }
        for place in places {
            assert_eq!(needles.found_in(place.as_bytes()), BTreeSet::from([SECRET]), "{place}");
        }
    }

    #[test]
    fn what_is_like_a_secret_and_is_none_is_not_found() {
        let needles = Needles::new([SECRET.to_owned()]);
        let (first, last) = (SECRET.trim_start_matches('l'), SECRET.trim_end_matches('3'));
        for place in ["", "latchke", first, last, "latchkey_rt_a.b.c"] {
            assert!(needles.found_in(place.as_bytes()).is_empty(), "{place}");
        }
    }
}
