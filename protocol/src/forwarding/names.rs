//! How names of headers and cookies are compared, by the most careless reader there is.

/// A header's name as CGI and its heirs read it: in one case, and every character but letters and
/// digits the same one. `Latchkey_Subject` becomes `latchkey-subject`.
pub(super) fn folded(name: &str) -> String {
    let fold = |character: char| {
        if character.is_ascii_alphanumeric() { character.to_ascii_lowercase() } else { '-' }
    };
    name.chars().map(fold).collect()
}

/// Whether a header belongs to one connection and so is never passed on
/// ([RFC 9110 section 7.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1)). `name` is folded.
pub(super) fn is_of_the_connection(name: &str) -> bool {
    matches!(
        name,
        "connection"
            | "keep-alive"
            | "te"
            | "trailer"
            | "trailers"
            | "transfer-encoding"
            | "upgrade"
            | "proxy"
    ) || name.starts_with("proxy-")
}

/// Whether a header is one of ours. `name` is folded.
pub(super) fn is_latchkeys(name: &str) -> bool {
    name == "latchkey" || name.starts_with("latchkey-")
}

/// Whether a header is one by which another proxy, in another deployment, tells a server who calls,
/// from where or for which path. A server that was behind such a proxy may still believe it. `name` is
/// folded.
pub(super) fn is_another_proxys(name: &str) -> bool {
    // A version of a browser's library, not of a person.
    let is_agent = name == "x-user-agent";
    let begins = |prefix: &&str| name.starts_with(*prefix);
    !is_agent && (PROXY_HEADERS.contains(&name) || PROXY_PREFIXES.iter().any(begins))
}

/// Whole names of [`is_another_proxys`].
const PROXY_HEADERS: [&str; 18] = [
    // Addresses.
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-azure-clientip",
    "x-azure-socketip",
    "true-client-ip",
    "fastly-client-ip",
    // The path, to servers with a gateway interface.
    "script-name",
    "path-info",
    "x-script-name",
    "x-path-info",
    // Who calls.
    "x-auth-email",
    "x-auth-groups",
    "x-auth-roles",
    "x-apigateway-api-userinfo",
    "x-endpoint-api-userinfo",
    "x-credential-identifier",
    "x-anonymous-consumer",
];

/// Beginnings of names of [`is_another_proxys`]. Signed tokens of proxies aren't among them: they prove
/// themselves.
const PROXY_PREFIXES: [&str; 24] = [
    // The gateway interface's own `REMOTE_USER` and `REMOTE_ADDR`; Apache, Authelia, Caddy.
    "remote-",
    "x-remote-",
    // Kubernetes, generic.
    "x-user",
    "x-auth-user",
    "x-authenticated-",
    // oauth2-proxy, Grafana, authentik, Vouch, Pomerium, Kong, mod_auth_openidc.
    "x-auth-request-",
    "x-webauth-",
    "x-authentik-",
    "x-vouch-",
    "x-pomerium-claim-",
    "x-consumer-",
    "x-oidc-",
    "oidc-",
    // Cloudflare Access, Google, Microsoft, Amazon, Tailscale, Envoy.
    "cf-access-authenticated-",
    "x-goog-authenticated-",
    "x-appengine-",
    "x-ms-client-principal",
    "x-amzn-oidc-",
    "tailscale-",
    "x-envoy-",
    // Certificates of the client's connection (RFC 9440 and what came before).
    "client-cert",
    "x-client-cert",
    "ssl-client-",
    "x-ssl-client-",
];

/// Whether a cookie is one of ours: `latchkey_…`, with the prefix of https issuers or without it.
pub(super) fn is_our_cookie(name: &str) -> bool {
    let name = name.trim().to_ascii_lowercase();
    name.strip_prefix("__host-").unwrap_or(&name).starts_with("latchkey_")
}
