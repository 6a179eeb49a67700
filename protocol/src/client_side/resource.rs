//! Which protected resource a client may believe.

use super::{Address, Members, MetadataFault};

/// What a client needs of protected resource metadata
/// ([RFC 9728 section 2](https://www.rfc-editor.org/rfc/rfc9728#section-2)), checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// `resource`: what to send as `resource` (RFC 8707).
    pub identifier: String,
    /// The first of `authorization_servers`.
    pub issuer: Option<String>,
    /// `scopes_supported`, separated by spaces; `None` when it says nothing.
    pub scope: Option<String>,
}

impl Resource {
    /// Reads metadata that was looked up for `asked`.
    ///
    /// # Errors
    ///
    /// [`MetadataFault`]: it is another resource's.
    pub fn read(
        members: &impl Members,
        asked: &Address,
        parse: impl Fn(&str) -> Option<Address>,
    ) -> Result<Self, MetadataFault> {
        let identifier = members.text("resource").ok_or(MetadataFault::Missing("resource"))?;
        // RFC 9728 section 3.3: the resource is the one whose metadata was asked for; MCP servers may
        // name a path above the one that is called.
        if !parse(&identifier).is_some_and(|named| covers(&named, asked)) {
            return Err(MetadataFault::WrongResource);
        }
        Ok(Self {
            identifier,
            issuer: members.texts("authorization_servers").and_then(|all| all.into_iter().next()),
            scope: members
                .texts("scopes_supported")
                .map(|scopes| scopes.join(" "))
                .filter(|scope| !scope.is_empty()),
        })
    }
}

/// Whether `asked` is `named` or below it, by whole segments of the path.
fn covers(named: &Address, asked: &Address) -> bool {
    let below = asked.trimmed_path().strip_prefix(named.trimmed_path());
    named.is_safe()
        && named.origin == asked.origin
        && (named.search.is_empty() || named.search == asked.search)
        && below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client_side::members::tests::{address, members};
    use serde_json::{Value, json};

    fn read(resource: Value, asked: &str) -> Result<Resource, MetadataFault> {
        let document = json!({
            "resource": resource,
            "authorization_servers": ["https://id.example", "https://other.example"],
            "scopes_supported": ["read", "write"],
        });
        Resource::read(&members(document), &address(asked).expect("read"), address)
    }

    #[test]
    fn rfc9728_3_3_metadata_of_the_resource_or_a_path_above_it_is_believed() {
        for named in [
            "https://api.example/mcp",
            "https://api.example/mcp/",
            "https://api.example",
            "https://api.example/",
        ] {
            let read = read(json!(named), "https://api.example/mcp").expect(named);
            assert_eq!(read.identifier, named);
            assert_eq!(read.issuer.as_deref(), Some("https://id.example"));
            assert_eq!(read.scope.as_deref(), Some("read write"));
        }
    }

    #[test]
    fn rfc9728_3_3_metadata_of_another_resource_is_refused() {
        for named in [
            json!("https://evil.example/mcp"),
            json!("https://api.example/mcp/other"),
            json!("https://api.example/mc"),
            json!("https://api.example:444/mcp"),
            json!("http://api.example/mcp"),
            json!("https://api.example/mcp?tenant=1"),
            json!("mcp"),
        ] {
            assert_eq!(
                read(named.clone(), "https://api.example/mcp"),
                Err(MetadataFault::WrongResource),
                "{named}"
            );
        }
        assert_eq!(
            read(json!(null), "https://api.example/mcp"),
            Err(MetadataFault::Missing("resource"))
        );
    }
}
