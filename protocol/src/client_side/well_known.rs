//! Where metadata is looked for.

use super::Address;

/// The addresses of the metadata of an issuer, in the order in which MCP clients try them
/// ([RFC 8414 section 3.1](https://www.rfc-editor.org/rfc/rfc8414#section-3.1),
/// [OpenID Connect Discovery section 4](https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig)).
#[must_use]
pub fn server_metadata_urls(issuer: &Address) -> Vec<String> {
    let (origin, path) = (issuer.origin.as_str(), issuer.trimmed_path());
    let mut urls = vec![
        [origin, "/.well-known/oauth-authorization-server", path].concat(),
        [origin, "/.well-known/openid-configuration", path].concat(),
    ];
    if !path.is_empty() {
        urls.push([origin, path, "/.well-known/openid-configuration"].concat());
    }
    urls
}

/// The addresses of the metadata of a resource that names none itself
/// ([RFC 9728 section 3.1](https://www.rfc-editor.org/rfc/rfc9728#section-3.1)): beside its path, then
/// at the root.
#[must_use]
pub fn resource_metadata_urls(resource: &Address) -> Vec<String> {
    let at = |path: &str, search: &str| {
        [resource.origin.as_str(), "/.well-known/oauth-protected-resource", path, search].concat()
    };
    let path = resource.trimmed_path();
    let mut urls = vec![at(path, &resource.search)];
    if !path.is_empty() {
        urls.push(at("", ""));
    }
    urls
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client_side::members::tests::address;

    #[test]
    fn mcl_01_an_issuer_is_looked_up_in_the_order_of_mcp() {
        let at = |issuer| server_metadata_urls(&address(issuer).expect("read"));
        assert_eq!(
            at("https://id.example/tenant1"),
            [
                "https://id.example/.well-known/oauth-authorization-server/tenant1",
                "https://id.example/.well-known/openid-configuration/tenant1",
                "https://id.example/tenant1/.well-known/openid-configuration",
            ]
        );
        assert_eq!(
            at("https://id.example:8443/"),
            [
                "https://id.example:8443/.well-known/oauth-authorization-server",
                "https://id.example:8443/.well-known/openid-configuration",
            ]
        );
    }

    #[test]
    fn rfc9728_3_1_a_resource_is_looked_up_beside_its_path_and_at_the_root() {
        let at = |resource| resource_metadata_urls(&address(resource).expect("read"));
        assert_eq!(
            at("https://api.example/a/mcp/?x=1"),
            [
                "https://api.example/.well-known/oauth-protected-resource/a/mcp?x=1",
                "https://api.example/.well-known/oauth-protected-resource",
            ]
        );
        assert_eq!(
            at("https://api.example"),
            ["https://api.example/.well-known/oauth-protected-resource"]
        );
    }
}
