//! Cookies, kept the way a browser on the issuer's own address would keep them.
//!
//! The server is reached over plain http on loopback even when its issuer is https, so a library's
//! jar would throw `Secure` and `__Host-` cookies away. This one keeps them and leaves the
//! attributes for the tests to judge.

/// A `Set-Cookie` header, taken apart
/// ([RFC 6265 section 5.2](https://www.rfc-editor.org/rfc/rfc6265#section-5.2)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cookie {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    attributes: Vec<(String, String)>,
}

impl Cookie {
    /// Reads a header; `None` when it has no name.
    #[must_use]
    pub fn parse(header: &str) -> Option<Self> {
        let mut parts = header.split(';').map(str::trim);
        let (name, value) = parts.next()?.split_once('=')?;
        let attributes = parts
            .map(|part| {
                let (name, value) = part.split_once('=').unwrap_or((part, ""));
                (name.to_ascii_lowercase(), value.to_owned())
            })
            .collect();
        Some(Self { name: name.to_owned(), value: value.to_owned(), attributes })
    }

    /// The value of an attribute, empty for a flag; `None` when it isn't there.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// Whether it only removes the cookie.
    #[must_use]
    pub fn is_removal(&self) -> bool {
        let gone = |seconds: &str| seconds.parse::<i64>().is_ok_and(|seconds| seconds <= 0);
        self.attribute("max-age").is_some_and(gone) || self.value.is_empty()
    }
}

/// The cookies of one browser.
#[derive(Debug, Clone, Default)]
pub struct Jar(Vec<(String, String)>);

impl Jar {
    /// Takes over what an answer sets.
    pub fn take(&mut self, cookies: &[Cookie]) {
        for cookie in cookies {
            self.0.retain(|(name, _)| *name != cookie.name);
            if !cookie.is_removal() {
                self.0.push((cookie.name.clone(), cookie.value.clone()));
            }
        }
    }

    /// The `Cookie` header; `None` when there is nothing to send.
    #[must_use]
    pub fn header(&self) -> Option<String> {
        let pairs: Vec<String> =
            self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// The value of a cookie.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// Sets a cookie, as an attacker or a restored backup would.
    pub fn set(&mut self, name: &str, value: &str) {
        self.0.retain(|(own, _)| own != name);
        self.0.push((name.to_owned(), value.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc6265_5_2_a_cookie_and_its_attributes_are_read() {
        let cookie =
            Cookie::parse("__Host-s=a.b=c; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=60")
                .expect("cookie");
        assert_eq!((cookie.name.as_str(), cookie.value.as_str()), ("__Host-s", "a.b=c"));
        assert_eq!(cookie.attribute("path"), Some("/"));
        assert_eq!(cookie.attribute("secure"), Some(""));
        assert_eq!(cookie.attribute("domain"), None);
        assert!(!cookie.is_removal());
    }

    #[test]
    fn rfc6265_5_3_a_cookie_with_no_time_left_is_removed() {
        let mut jar = Jar::default();
        jar.take(&[Cookie::parse("a=1").expect("cookie"), Cookie::parse("b=2").expect("cookie")]);
        jar.take(&[Cookie::parse("a=; Max-Age=0").expect("cookie")]);
        assert_eq!(jar.header().as_deref(), Some("b=2"));
    }
}
