//! What is on the server before the hostile requests come: people, clients, and credentials that are over.

use latchkey_protocol::client::ClientId;
use latchkey_protocol::configuration::{Endpoint, Endpoints, Issuer};
use latchkey_tests::{Browser, Client, Page, Person, Server, Walk};
use serde_json::{Value, json};

/// A registration that its owner manages.
#[derive(Debug, Clone, Default)]
pub struct Managed {
    /// Its id.
    pub id: String,
    /// The token for it.
    pub token: String,
}

/// What hostile requests may name. Nothing in it makes one of them succeed in changing something: codes and
/// tokens are over, forms' tokens are of other browsers, and `requests` puts into each description of a client
/// what has to be refused.
#[derive(Debug)]
pub struct Scene {
    /// Where everything is.
    pub endpoints: Endpoints,
    /// A public client, a client with a secret, and the secret.
    pub public: String,
    /// The client with a secret.
    pub confidential: Client,
    /// A client whose registration token is known.
    pub managed: Managed,
    /// `Cookie` headers: nobody's, of a browser without a session, and of somebody who is signed in.
    pub cookies: Vec<String>,
    /// Forms' tokens of other browsers.
    pub form_tokens: Vec<String>,
    /// Sealed authorization requests, as pages carry them.
    pub sealed: Vec<String>,
    /// A code and a refresh token whose grant has ended, and an access token that nobody signed: a call with one
    /// that was taken back would be noted in its person's activity log.
    pub over: Vec<String>,
    /// The address of somebody with an account.
    pub email: String,
    /// Of how many clients the last refusals are kept: of those above, and of nobody in each shard.
    pub refused: usize,
}

impl Scene {
    /// Sets it on a server that nobody else uses.
    pub fn set(server: &Server) -> Self {
        let mut owner = Walk::begin(server);
        let code = owner.code();
        let tokens = latchkey_tests::Tokens::from_reply(&owner.client.redeem(server, &code));
        let _ = owner.client.revoke(server, &tokens.refresh).expect(200);
        let confidential = Client::with_method(server, "client_secret_basic");
        let managed = Client::public(server);
        let token = managed.document["registration_access_token"].as_str().expect("a token");
        let managed = Managed { id: managed.id.clone(), token: token.to_owned() };

        let mut person = Walk::with(server, owner.client.clone());
        let request = person.request();
        let consent = person.consent_page(&request);
        let mut visitor = Browser::new(server);
        let sign_in = visitor.page(&request.path(server)).expect(200);
        let mut other = Browser::new(server);
        let forms = ["/sign-in", "/sign-up", "/device"].map(|path| other.page(path).form(path));
        let field = |form: &latchkey_tests::Form, name: &str| form.field(name).map(str::to_owned);
        let cookies = [&visitor, &person.browser].map(|browser| browser.jar.header());

        let mut scene = Self {
            public: owner.client.id.clone(),
            managed,
            cookies: cookies.into_iter().flatten().collect(),
            form_tokens: forms.iter().filter_map(|form| field(form, "csrf")).collect(),
            sealed: [consent.form("/consent"), sign_in.form("/sign-in")]
                .iter()
                .filter_map(|form| field(form, "request"))
                .collect(),
            over: vec![code.code, tokens.refresh, forged(&tokens.access)],
            email: person.person.email.clone(),
            confidential,
            ..Self::imagined()
        };
        assert_eq!((scene.cookies.len(), scene.form_tokens.len(), scene.sealed.len()), (2, 3, 2));
        scene.refuse_each(server, &owner.client);
        scene.expect_alive(server);
        scene
    }

    /// The same of a server that isn't there.
    pub fn imagined() -> Self {
        let issuer = Issuer::parse("https://id.example").expect("issuer");
        let (id, secret) = ("A".repeat(22), "A".repeat(43));
        let text = |text: &str| vec![text.to_owned()];
        Self {
            endpoints: Endpoints::new(&issuer, None).expect("endpoints"),
            public: "public".to_owned(),
            confidential: Client::known("confidential", "client_secret_basic", ""),
            managed: Managed::default(),
            cookies: text("__Host-latchkey_browser=x"),
            form_tokens: text("x"),
            sealed: text("x"),
            over: ["ac", "rt"].map(|kind| format!("latchkey_{kind}_{id}.{id}.{secret}")).to_vec(),
            email: Person::new().email,
            refused: 0,
        }
    }

    /// The first refusals of clients, of documents that nobody fetches, and of nobody make the places where the last
    /// ones are kept, and the alarms of those.
    fn refuse_each(&mut self, server: &Server, public: &Client) {
        let _ = public.refresh(server, "nobody").expect(400);
        let _ = self.confidential.refresh(server, "nobody").expect(400);
        let _ = Client::known(&self.managed.id, "none", "").refresh(server, "nobody").expect(400);
        let shard_of =
            |id: &str| ClientId::parse(id).expect("an id").home_shard("latchkey_client_");
        for shard in 0..ClientId::HASHED_SHARDS {
            let documents =
                (0..).map(|number| format!("https://client{number}.example/client.json"));
            let id = documents.take(1_000).find(|id| shard_of(id) == shard).expect("an id");
            server.post_form("/token", &[("client_id", &id)]).expect_error(401, "invalid_client");
        }
        server.post_form("/token", &[("client_id", "nobody")]).expect_error(401, "invalid_client");
        // The row of nobody in `clients-00` is that of the documents there.
        self.refused = 3 + usize::from(ClientId::HASHED_SHARDS);
    }

    /// Whoever was here before can do what they could: the person is signed in, and both clients are known.
    pub fn expect_alive(&self, server: &Server) {
        let account = server.call("GET", "/account").header("cookie", &self.cookies[1]).send();
        let account = Page { path: "/account".to_owned(), reply: account.expect(200) };
        assert!(account.text().contains(&self.email), "{}", account.reply.describe());
        let registration = format!("/register/{}", self.managed.id);
        let _ = server.call("GET", &registration).bearer(&self.managed.token).send().expect(200);
        let asked = self.confidential.call(server, "/introspect", &[("token", "nobody")]).send();
        assert_eq!(asked.expect(200).json(), json!({ "active": false }));
    }

    /// The path of an endpoint; `id` is used where it has one.
    pub fn path(&self, endpoint: Endpoint, id: &str) -> String {
        self.endpoints.path(endpoint).replace('*', id)
    }

    /// Whether a body is JSON that describes a client, but one that must be refused, or is no JSON object.
    pub fn is_refused(body: &[u8]) -> bool {
        match serde_json::from_slice::<Value>(body) {
            Ok(Value::Object(members)) => members.get("redirect_uris") == Some(&poison()),
            _ => true,
        }
    }
}

/// The same token with another signature.
fn forged(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').expect("a signature");
    format!("{signed}.{}", signature.chars().rev().collect::<String>())
}

/// The member that no description of a client may have: CVE-2025-6514's scheme.
pub fn poison() -> Value {
    json!(["javascript:alert(1)"])
}
