//! An OAuth client that sends what a test wants it to.

use serde_json::{Value, json};
use url::Url;

use crate::http::{Call, Reply, encode};
use crate::server::Server;
use crate::signer::Signer;
use crate::{pkce, random};

/// A registered client.
#[derive(Debug, Clone)]
pub struct Client {
    /// Its `client_id`.
    pub id: String,
    /// Its secret, if it got one.
    pub secret: Option<String>,
    /// The way it authenticates.
    pub method: String,
    /// The first of its redirect URIs; empty for a client that is never redirected to.
    pub redirect_uri: String,
    /// Its key, if it signs instead of keeping a secret.
    pub signer: Option<Signer>,
    /// The whole answer to its registration.
    pub document: Value,
}

impl Client {
    /// A client that the server knows without a registration, and that has no secret.
    #[must_use]
    pub fn known(id: &str, method: &str, redirect_uri: &str) -> Self {
        Self {
            id: id.to_owned(),
            secret: None,
            method: method.to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            signer: None,
            document: Value::Null,
        }
    }

    /// The same client with the key that it signs with.
    #[must_use]
    pub fn signing(self, signer: Signer) -> Self {
        Self { signer: Some(signer), ..self }
    }

    /// Registers a client with this metadata.
    ///
    /// # Panics
    ///
    /// When the server doesn't answer 201.
    #[track_caller]
    #[must_use]
    pub fn register(server: &Server, metadata: &Value) -> Self {
        let reply = server.post_json("/register", &metadata.to_string()).expect(201);
        Self::from_reply(&reply)
    }

    /// Reads the answer to a registration.
    #[must_use]
    pub fn from_reply(reply: &Reply) -> Self {
        Self::from_document(reply.json())
    }

    /// Reads what a client was told when it registered.
    ///
    /// # Panics
    ///
    /// When it has no `client_id` or no authentication method.
    #[must_use]
    pub fn from_document(document: Value) -> Self {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Self {
            id: text(&document["client_id"]).expect("client_id"),
            secret: text(&document["client_secret"]),
            method: text(&document["token_endpoint_auth_method"]).expect("method"),
            redirect_uri: text(&document["redirect_uris"][0]).unwrap_or_default(),
            signer: None,
            document,
        }
    }

    /// Registers a client on the web that authenticates with `method`.
    #[track_caller]
    #[must_use]
    pub fn with_method(server: &Server, method: &str) -> Self {
        let metadata = json!({
            "client_name": format!("Test client {}", random::text(6)),
            "redirect_uris": ["https://client.example/callback"],
            "token_endpoint_auth_method": method,
        });
        Self::register(server, &metadata)
    }

    /// Registers a public client on the web.
    #[track_caller]
    #[must_use]
    pub fn public(server: &Server) -> Self {
        Self::with_method(server, "none")
    }

    /// A request to an endpoint such as `/token`, authenticated the registered way.
    pub fn call<'s>(
        &self,
        server: &'s Server,
        endpoint: &str,
        fields: &[(&str, &str)],
    ) -> Call<'s> {
        self.call_at(server, &server.at(endpoint), fields)
    }

    /// A request to an endpoint at this path, authenticated the registered way.
    pub fn call_at<'s>(&self, server: &'s Server, path: &str, fields: &[(&str, &str)]) -> Call<'s> {
        let mut fields = fields.to_vec();
        let mut call = server.call("POST", path);
        let secret = self.secret.as_deref().unwrap_or_default();
        if let Some(signer) = &self.signer {
            let fields = signer.fields(&self.id, &server.issuer(), &fields);
            return call.form(&fields);
        }
        match self.method.as_str() {
            "client_secret_basic" => call = call.basic(&self.id, secret),
            "client_secret_post" => {
                fields.extend([("client_id", self.id.as_str()), ("client_secret", secret)]);
            }
            _ => fields.push(("client_id", self.id.as_str())),
        }
        call.form(&fields)
    }

    /// A token request, authenticated the registered way.
    #[must_use]
    pub fn token(&self, server: &Server, fields: &[(&str, &str)]) -> Reply {
        self.call(server, "/token", fields).send()
    }

    /// A token request with a code.
    #[must_use]
    pub fn redeem(&self, server: &Server, code: &Code) -> Reply {
        self.token(server, &code.fields())
    }

    /// A token request with a refresh token.
    #[must_use]
    pub fn refresh(&self, server: &Server, refresh_token: &str) -> Reply {
        self.token(server, &[("grant_type", "refresh_token"), ("refresh_token", refresh_token)])
    }

    /// A revocation request.
    #[must_use]
    pub fn revoke(&self, server: &Server, token: &str) -> Reply {
        self.call(server, "/revoke", &[("token", token)]).send()
    }
}

/// An authorization request in the making.
#[derive(Debug, Clone)]
#[must_use]
pub struct Authorization {
    parameters: Vec<(String, String)>,
    /// The PKCE verifier of its challenge.
    pub verifier: String,
}

impl Authorization {
    /// A complete request of this client with the S256 challenge of a fresh verifier.
    pub fn of(client: &Client) -> Self {
        let verifier = pkce::verifier();
        let request = Self { parameters: Vec::new(), verifier: verifier.clone() };
        request
            .and("response_type", "code")
            .and("client_id", &client.id)
            .and("redirect_uri", &client.redirect_uri)
            .and("state", &random::text(16))
            .and("code_challenge", &pkce::challenge(&verifier))
            .and("code_challenge_method", "S256")
    }

    /// Adds a parameter, also a second time.
    pub fn and(mut self, name: &str, value: &str) -> Self {
        self.parameters.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Leaves a parameter out.
    pub fn without(mut self, name: &str) -> Self {
        self.parameters.retain(|(own, _)| own != name);
        self
    }

    /// Sets a parameter to one value.
    pub fn with(self, name: &str, value: &str) -> Self {
        self.without(name).and(name, value)
    }

    /// The first value of a parameter.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// All parameters.
    #[must_use]
    pub fn fields(&self) -> &[(String, String)] {
        &self.parameters
    }

    /// The path and query to open in a browser.
    #[must_use]
    pub fn path(&self, server: &Server) -> String {
        if self.get("code_challenge_method") == Some("S256") {
            let challenge = self.get("code_challenge").unwrap_or_default();
            server.secrets().publish(challenge);
        }
        format!("{}?{}", server.at("/authorize"), encode(&self.parameters))
    }

    /// The answer that a client gets without a browser: it sends the request once, with no cookie, and
    /// reads where it is sent.
    ///
    /// # Panics
    ///
    /// When the answer is no redirect, or sets a cookie.
    #[track_caller]
    #[must_use]
    pub fn answered_at_once(&self, server: &Server) -> Callback {
        self.answered_at_once_by(server, &server.at("/authorize"))
    }

    /// The same of an authorization endpoint at this path.
    #[track_caller]
    #[must_use]
    pub fn answered_at_once_by(&self, server: &Server, endpoint: &str) -> Callback {
        let query = encode(&self.parameters);
        let reply = server.get(&format!("{endpoint}?{query}")).expect(302);
        assert!(reply.cookies().is_empty(), "{}", reply.describe());
        let location = reply.header("location").unwrap_or_default().to_owned();
        Callback::new(&location, reply)
    }

    /// What the client does with the code that it got for this request.
    ///
    /// # Panics
    ///
    /// When the callback has no code.
    #[track_caller]
    #[must_use]
    pub fn code(&self, callback: &Callback) -> Code {
        Code {
            code: callback.code(),
            verifier: self.verifier.clone(),
            redirect_uri: self.get("redirect_uri").unwrap_or_default().to_owned(),
        }
    }
}

/// An authorization code and what belongs to it.
#[derive(Debug, Clone)]
pub struct Code {
    /// The code.
    pub code: String,
    /// The verifier.
    pub verifier: String,
    /// The redirect URI of the authorization request.
    pub redirect_uri: String,
}

impl Code {
    /// The fields of the token request.
    #[must_use]
    pub fn fields(&self) -> [(&str, &str); 4] {
        [
            ("grant_type", "authorization_code"),
            ("code", &self.code),
            ("code_verifier", &self.verifier),
            ("redirect_uri", &self.redirect_uri),
        ]
    }
}

/// An authorization response, as it arrives at the client.
#[derive(Debug, Clone)]
pub struct Callback {
    /// The `Location`, as sent.
    pub location: String,
    /// The answer that had it.
    pub reply: Reply,
}

impl Callback {
    /// A response that was sent to `location`.
    #[must_use]
    pub fn new(location: &str, reply: Reply) -> Self {
        Self { location: location.to_owned(), reply }
    }

    /// All values of a parameter in the query.
    #[must_use]
    pub fn all(&self, name: &str) -> Vec<String> {
        let url = Url::parse(&self.location).expect("an absolute Location");
        assert_eq!(url.fragment(), None, "{}", self.location);
        let pairs = url.query_pairs().filter(|(own, _)| own == name);
        pairs.map(|(_, value)| value.into_owned()).collect()
    }

    /// The value of a parameter that comes at most once.
    ///
    /// # Panics
    ///
    /// When it comes twice.
    #[track_caller]
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        let mut values = self.all(name);
        assert!(values.len() < 2, "{name} twice: {}", self.location);
        values.pop()
    }

    /// The code.
    ///
    /// # Panics
    ///
    /// When there is none.
    #[track_caller]
    #[must_use]
    pub fn code(&self) -> String {
        self.get("code").unwrap_or_else(|| panic!("no code: {}", self.location))
    }

    /// The `Location` up to its query.
    #[must_use]
    pub fn target(&self) -> &str {
        self.location.split_once('?').map_or(self.location.as_str(), |(target, _)| target)
    }
}

/// A successful token response.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// The access token.
    pub access: String,
    /// The refresh token.
    pub refresh: String,
    /// The granted scope.
    pub scope: String,
    /// The whole answer.
    pub document: Value,
}

impl Tokens {
    /// Reads a token response
    /// ([RFC 6749 section 5.1](https://www.rfc-editor.org/rfc/rfc6749#section-5.1)).
    ///
    /// # Panics
    ///
    /// When it isn't 200, may be cached, or lacks a member.
    #[track_caller]
    #[must_use]
    pub fn from_reply(reply: &Reply) -> Self {
        assert_eq!(reply.status, 200, "{}", reply.describe());
        let document = reply.json();
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{}", reply.describe());
        assert_eq!(document["token_type"], "Bearer", "{document}");
        let text = |name: &str| {
            document[name].as_str().unwrap_or_else(|| panic!("no {name}: {document}")).to_owned()
        };
        Self {
            access: text("access_token"),
            refresh: text("refresh_token"),
            scope: text("scope"),
            document: document.clone(),
        }
    }
}
