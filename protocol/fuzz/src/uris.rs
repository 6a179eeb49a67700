//! Other URIs of strangers: resource indicators, URLs of metadata documents, issuers, client ids.

use latchkey_protocol::client::ClientId;
use latchkey_protocol::client_id_metadata::{DocumentUrl, Reach};
use latchkey_protocol::configuration::Issuer;
use latchkey_protocol::network::AddressRange;
use latchkey_protocol::resource::ResourceIndicator;
use std::net::IpAddr;
use url::{Host, Url};

use crate::deployment::CONFIGURATION;
use crate::texts;

/// One text as each of them.
pub fn check(data: &[u8]) {
    let Some([text]) = texts(data) else { return };
    resource(text);
    document_url(text);
    issuer(text);
    client_id(text);
    address_range(text);
}

/// RFC 8707 section 2: an absolute URI without a fragment; its canonical form is its own.
fn resource(text: &str) {
    let Ok(indicator) = ResourceIndicator::parse(text) else { return };
    let canonical = indicator.as_str();
    assert_eq!(ResourceIndicator::parse(canonical).as_ref(), Ok(&indicator), "{text:?}");
    assert!(!canonical.contains('#') && !canonical.contains('\\'));
    let [written, read] = [text, canonical].map(|text| Url::parse(text).expect("a URL"));
    assert_eq!(written.origin(), read.origin(), "{text:?} is {canonical:?}");
    assert!(written.username().is_empty() && written.password().is_none());
    if let Ok(resolved) = CONFIGURATION.resources.resolve(std::iter::once(text)) {
        assert_eq!(resolved.len(), 1);
        assert!(CONFIGURATION.resources.iter().any(|known| *known == resolved[0]));
    }
}

/// Client ID Metadata Document sections 3 and 6.5: nothing inside a network is ever fetched.
fn document_url(text: &str) {
    for reach in [Reach::Public, Reach::PublicAndLoopback] {
        let Ok(url) = DocumentUrl::parse(text, reach) else { continue };
        assert_eq!(url.as_str(), text, "it is fetched as it was compared");
        let parsed = Url::parse(text).expect("a URL");
        assert_eq!(parsed.as_str(), text, "and as it is read");
        assert!(parsed.fragment().is_none() && !text.contains('@') && parsed.path() != "/");
        assert!(reach == Reach::PublicAndLoopback || parsed.scheme() == "https");
        let host = parsed.host().expect("a host");
        assert_eq!(url.host(), host.to_string());
        if reach == Reach::Public {
            assert!(!is_inside(&host), "{host} is inside");
        }
    }
}

/// The plainest of the addresses that no stranger may have fetched; the code has a longer list.
fn is_inside(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            let ends = |end: &&str| name == *end || name.ends_with(&format!(".{end}"));
            ["localhost", "local", "internal"].iter().any(ends)
        }
        Host::Ipv4(address) => {
            address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_unspecified()
                || address.is_multicast()
                || address.is_broadcast()
        }
        Host::Ipv6(address) => {
            address.is_loopback()
                || address.is_unspecified()
                || address.is_multicast()
                || address.is_unique_local()
                || address.is_unicast_link_local()
                || address.to_ipv4_mapped().is_some_and(|address| is_inside(&Host::Ipv4(address)))
        }
    }
}

fn issuer(text: &str) {
    let Ok(issuer) = Issuer::parse(text) else { return };
    let url = Url::parse(issuer.as_str()).expect("a URL");
    assert!(url.fragment().is_none() && url.query().is_none());
    assert!(url.username().is_empty() && url.password().is_none());
    assert_eq!(Issuer::parse(issuer.as_str()).as_ref().map(Issuer::as_str), Ok(issuer.as_str()));
    let loopback = |host: &str| matches!(host, "127.0.0.1" | "[::1]" | "localhost");
    assert!(url.scheme() == "https" || url.host_str().is_some_and(loopback), "{text:?}");
}

fn client_id(text: &str) {
    let Some(id) = ClientId::parse(text) else { return };
    assert_eq!(id.as_str(), text);
    // RFC 6749 appendix A.1: only visible characters and spaces.
    assert!(text.bytes().all(|byte| (0x20..0x7f).contains(&byte)));
    assert!(id.shard(&CONFIGURATION.prefixes.client_id).is_none() || !id.is_document());
}

fn address_range(text: &str) {
    let Some(range) = AddressRange::parse(text) else { return };
    if let Some(Ok(address)) = text.split('/').next().map(str::parse::<IpAddr>) {
        assert!(
            range.contains(address),
            "a range has the address that it is written with: {text:?}"
        );
    }
}
