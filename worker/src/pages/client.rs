//! The client and where it will send the person, as the pages speak of them.

use super::text;

/// The client that asked.
#[derive(Debug, Clone, Copy)]
pub struct Client<'a> {
    /// Its name in its own words; [`None`] if it gave none.
    pub name: Option<&'a str>,
    /// Who vouches for that name.
    pub identity: ClientIdentity<'a>,
    /// Its privacy policy; shown only if https.
    pub policy_uri: Option<&'a str>,
    /// Its terms of service; shown only if https.
    pub tos_uri: Option<&'a str>,
}

/// What the person signs in or up for.
#[derive(Debug, Clone, Copy)]
pub enum Purpose<'a> {
    /// An app that sent them here.
    App(Client<'a>),
    /// A device whose code they entered.
    Device,
}

/// Who vouches for what a client says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientIdentity<'a> {
    /// It registered itself ([RFC 7591](https://www.rfc-editor.org/rfc/rfc7591)): nobody vouches,
    /// the website's host (from `client_uri`) included.
    SelfRegistered {
        /// The host of the website it claims.
        website: Option<&'a str>,
    },
    /// Its description was fetched from this host (a Client ID Metadata Document): the host is
    /// certain, the name is not.
    Published {
        /// The host of the `client_id`.
        host: &'a str,
    },
    /// The operator entered it.
    Verified {
        /// The host of its website.
        website: Option<&'a str>,
    },
}

impl<'a> Client<'a> {
    /// The name, fit to show; fixed words if there is none.
    pub(super) fn shown_name(&self) -> String {
        let name = text::clean(self.name.unwrap_or_default());
        if name.is_empty() { "An app without a name".to_owned() } else { name }
    }

    /// Whether it gave a name that can be seen.
    pub(super) fn is_named(&self) -> bool {
        !text::clean(self.name.unwrap_or_default()).is_empty()
    }

    /// The letter of its mark.
    pub(super) fn initial(&self) -> String {
        text::initial(self.name.unwrap_or_default())
    }

    /// The host that belongs to it, or that it claims.
    pub(super) fn host(&self) -> Option<&'a str> {
        match self.identity {
            ClientIdentity::Published { host } => Some(host),
            ClientIdentity::SelfRegistered { website } | ClientIdentity::Verified { website } => {
                website
            }
        }
    }

    /// Its policy and terms, with the host that each leads to.
    pub(super) fn documents(&self) -> Vec<(&'static str, &'a str, &'a str)> {
        [("Privacy policy", self.policy_uri), ("Terms", self.tos_uri)]
            .into_iter()
            .filter_map(|(label, uri)| {
                let uri = text::web_link(uri?)?;
                Some((label, uri, text::host(uri)?))
            })
            .collect()
    }
}

/// Where the redirect URI leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination<'a> {
    /// A website ([RFC 8252 section 7.2](https://www.rfc-editor.org/rfc/rfc8252#section-7.2)).
    Web {
        /// The host, with the port if it is not 443.
        host: &'a str,
    },
    /// A program on this device
    /// ([RFC 8252 section 7.3](https://www.rfc-editor.org/rfc/rfc8252#section-7.3)).
    Loopback {
        /// The host and port, such as `localhost:1234`.
        authority: &'a str,
    },
    /// The app that opens links of a scheme
    /// ([RFC 8252 section 7.1](https://www.rfc-editor.org/rfc/rfc8252#section-7.1)).
    PrivateUse {
        /// The scheme without its colon, such as `cursor`.
        scheme: &'a str,
    },
}

impl<'a> Destination<'a> {
    /// The destination of a redirect URI that was registered once; [`None`] if it is none.
    #[must_use]
    pub fn of(redirect_uri: &'a str) -> Option<Self> {
        if let Some(host) = text::host(redirect_uri) {
            return Some(Self::Web { host });
        }
        let (scheme, rest) = redirect_uri.split_once(':')?;
        if scheme != "http" {
            return Some(Self::PrivateUse { scheme });
        }
        let authority = rest.strip_prefix("//")?.split(['/', '?']).next()?;
        Some(Self::Loopback { authority })
    }
}

impl Destination<'_> {
    /// Whether the way leads to the person's own device rather than to a website.
    pub(super) const fn is_on_device(self) -> bool {
        !matches!(self, Self::Web { .. })
    }

    /// Whether it is `host` or below it. True for what is no website.
    pub(super) fn belongs_to(self, host: &str) -> bool {
        let Self::Web { host: destination } = self else {
            return true;
        };
        let plain = |host: &str| host.to_ascii_lowercase();
        let (destination, host) = (plain(destination), plain(host));
        let host = host.strip_prefix("www.").unwrap_or(&host);
        destination.strip_suffix(host).is_some_and(|below| below.is_empty() || below.ends_with('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_belongs_to_its_own_host_only() {
        let cases = [
            ("claude.ai", "claude.ai", true),
            ("Claude.ai", "claude.AI", true),
            ("api.claude.ai", "claude.ai", true),
            ("claude.ai", "www.claude.ai", true),
            ("notclaude.ai", "claude.ai", false),
            ("claude.ai.evil.example", "claude.ai", false),
            ("claude.ai", "api.claude.ai", false),
        ];
        for (destination, host, expected) in cases {
            let found = Destination::Web { host: destination }.belongs_to(host);
            assert_eq!(found, expected, "{destination} {host}");
        }
        assert!(Destination::PrivateUse { scheme: "cursor" }.belongs_to("a.example"));
    }

    #[test]
    fn a_destination_is_read_from_a_stored_redirect_uri() {
        let cases = [
            ("https://claude.ai/cb?x=1", Some(Destination::Web { host: "claude.ai" })),
            (
                "http://127.0.0.1:33418/cb",
                Some(Destination::Loopback { authority: "127.0.0.1:33418" }),
            ),
            ("cursor://anysphere/cb", Some(Destination::PrivateUse { scheme: "cursor" })),
            ("com.example.app:/cb", Some(Destination::PrivateUse { scheme: "com.example.app" })),
            ("", None),
        ];
        for (uri, expected) in cases {
            assert_eq!(Destination::of(uri), expected, "{uri}");
        }
    }

    #[test]
    fn a_client_without_a_visible_name_has_words_instead() {
        for name in [None, Some(""), Some("\u{200B}\u{202E}")] {
            let client = Client {
                name,
                identity: ClientIdentity::SelfRegistered { website: None },
                policy_uri: Some("javascript:alert(1)"),
                tos_uri: Some("https://a.example/terms"),
            };
            assert_eq!(client.shown_name(), "An app without a name");
            assert_eq!(client.documents(), [("Terms", "https://a.example/terms", "a.example")]);
        }
    }
}
