//! What hostile requests begin as: something that its endpoint understands, and that changes nothing.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use latchkey_protocol::configuration::Endpoint;
use latchkey_tests::ADMIN_TOKEN;
use latchkey_tests::chaos::seed::Random;
use serde_json::{Value, json};

use super::mutations;
use super::scene::{Scene, poison};

/// Names and values, which needn't be text.
pub type Fields = Vec<(Vec<u8>, Vec<u8>)>;

/// A request that isn't damaged yet.
pub struct Draft {
    /// Its method.
    pub method: &'static str,
    /// Its path.
    pub path: String,
    /// The fields of its query.
    pub query: Fields,
    /// Its body.
    pub body: Body,
    /// What it says of who sends it.
    pub authorization: Option<String>,
}

/// What it has for a body.
pub enum Body {
    None,
    Form(Fields),
    Json(Value),
}

impl Draft {
    pub const fn of(method: &'static str, path: String) -> Self {
        Self { method, path, query: Vec::new(), body: Body::None, authorization: None }
    }

    fn form(self, fields: &[(&str, &str)]) -> Self {
        Self { body: Body::Form(owned(fields)), ..self }
    }

    fn query(self, fields: &[(&str, &str)]) -> Self {
        Self { query: owned(fields), ..self }
    }
}

pub fn owned(fields: &[(&str, &str)]) -> Fields {
    let bytes = |text: &str| text.as_bytes().to_vec();
    fields.iter().map(|(name, value)| (bytes(name), bytes(value))).collect()
}

/// A request that this endpoint understands, with credentials that are over or a description that it refuses.
pub fn of_endpoint(scene: &Scene, endpoint: Endpoint, random: &mut Random) -> Draft {
    let path = |id: &str| scene.path(endpoint, id);
    let (over, sealed) = (random.pick(&scene.over), random.pick(&scene.sealed));
    let form_token = random.pick(&scene.form_tokens);
    let client = client_id(scene, random);
    let page_form = [("csrf", form_token.as_str()), ("request", sealed)];
    match endpoint {
        Endpoint::Authorization => {
            let method = if random.one_in(4) { "POST" } else { "GET" };
            let fields = [
                ("response_type", "code"),
                ("client_id", &client),
                ("redirect_uri", "https://client.example/callback"),
                ("state", "x"),
                ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
                ("code_challenge_method", "S256"),
                ("scope", "mcp"),
                ("prompt", *random.pick(&["none", "login", "consent", "create", "select_account"])),
            ];
            let draft = Draft::of(method, path(""));
            if method == "POST" { draft.form(&fields) } else { draft.query(&fields) }
        }
        Endpoint::Token => token_request(scene, &client, over, random, path("")),
        Endpoint::Revocation | Endpoint::Introspection => {
            Draft { authorization: Some(basic(scene, random)), ..Draft::of("POST", path("")) }
                .form(&[("token", over), ("token_type_hint", "refresh_token")])
        }
        Endpoint::DeviceAuthorization => {
            Draft::of("POST", path("")).form(&[("client_id", &client), ("scope", "mcp")])
        }
        Endpoint::SignIn | Endpoint::SignUp if random.one_in(2) => {
            let fields = [
                &page_form[..],
                &[("email", scene.email.as_str()), ("password", "a good password")],
            ];
            Draft::of("POST", path("")).form(&fields.concat())
        }
        Endpoint::Consent if random.one_in(2) => {
            let fields = [&page_form[..], &[("decision", "allow")]];
            Draft::of("POST", path("")).form(&fields.concat())
        }
        Endpoint::Device if random.one_in(2) => {
            let fields = [&page_form[..], &[("user_code", "BCDF-1234"), ("decision", "allow")]];
            Draft::of("POST", path("")).form(&fields.concat())
        }
        Endpoint::SignOut => Draft::of("POST", path("")).form(&page_form),
        Endpoint::Account | Endpoint::AccountTokens if random.one_in(2) => {
            let fields = [
                &page_form[..],
                &[("label", "x"), ("lifetime", "30"), ("revoke", client.as_str())],
            ];
            Draft::of("POST", path("")).form(&fields.concat())
        }
        Endpoint::Registration => {
            Draft { body: Body::Json(description()), ..Draft::of("POST", path("")) }
        }
        Endpoint::RegistrationManagement => {
            let method = random.pick(&["GET", "PUT", "DELETE"]);
            let authorization = Some(format!("Bearer {}", scene.managed.token));
            Draft {
                authorization,
                body: Body::Json(description()),
                ..Draft::of(method, path(&scene.managed.id))
            }
        }
        _ if endpoint.is_admin() => of_admin_api(endpoint, &client, random, &path),
        _ => {
            let page = ["request", "user_code", "cursor", "kind", "client_id"];
            Draft::of("GET", path("")).query(&[(*random.pick(&page), sealed)])
        }
    }
}

fn client_id(scene: &Scene, random: &mut Random) -> String {
    match random.below(8) {
        0 => "nobody".to_owned(),
        1 => "https://client.example/client.json".to_owned(),
        2 | 3 => scene.confidential.id.clone(),
        _ => scene.public.clone(),
    }
}

/// The client with a secret, rightly or not quite.
pub fn basic(scene: &Scene, random: &mut Random) -> String {
    let secret = scene.confidential.secret.as_deref().unwrap_or("a secret");
    let mut pair = format!("{}:{secret}", scene.confidential.id).into_bytes();
    if random.one_in(3) {
        mutations::bytes(random, &mut pair);
    }
    format!("Basic {}", STANDARD.encode(pair))
}

fn token_request(
    scene: &Scene,
    client: &str,
    over: &str,
    random: &mut Random,
    path: String,
) -> Draft {
    const GRANTS: [&str; 7] = [
        "authorization_code",
        "refresh_token",
        "client_credentials",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "password",
        "implicit",
    ];
    let grant = *random.pick(&GRANTS);
    let fields = [
        ("grant_type", grant),
        ("client_id", client),
        ("code", over),
        ("refresh_token", over),
        ("device_code", over),
        ("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        ("redirect_uri", "https://client.example/callback"),
        ("client_assertion", "eyJhbGciOiJub25lIn0.e30."),
    ];
    let fields = if random.one_in(2) { &fields[..7] } else { &fields[..] };
    let authorization = random.one_in(3).then(|| basic(scene, random));
    Draft { authorization, ..Draft::of("POST", path) }.form(fields)
}

/// A request to the admin API, by its operator or by nobody. No method of it that needs no body to change
/// something is for something that is there.
fn of_admin_api(
    endpoint: Endpoint,
    client: &str,
    random: &mut Random,
    path: &dyn Fn(&str) -> String,
) -> Draft {
    let authorization = random.one_in(2).then(|| format!("Bearer {ADMIN_TOKEN}"));
    let changes_without_body =
        matches!(endpoint, Endpoint::AdminClientSecret | Endpoint::AdminInitialAccessToken);
    let id = if changes_without_body && authorization.is_some() { "nobody" } else { client };
    let method = match endpoint {
        Endpoint::AdminClients | Endpoint::AdminInitialAccessTokens => {
            *random.pick(&["GET", "POST"])
        }
        Endpoint::AdminClient => *random.pick(&["GET", "PATCH"]),
        Endpoint::AdminClientSecret => "POST",
        Endpoint::AdminInitialAccessToken => "DELETE",
        _ => "GET",
    };
    let body = if method == "GET" { Body::None } else { Body::Json(description()) };
    let query = owned(&[("limit", "5"), ("cursor", client)]);
    Draft { authorization, body, query, ..Draft::of(method, path(id)) }
}

/// A client that must be refused, with much for a parser to read.
fn description() -> Value {
    json!({
        "redirect_uris": poison(),
        "client_name": "A client",
        "client_name#de": "Ein Client",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "scope": "mcp",
        "contacts": ["somebody@client.example"],
        "logo_uri": "https://client.example/logo.png",
        "jwks": { "keys": [{ "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "a" }] },
        "software_statement": "eyJhbGciOiJub25lIn0.e30.",
        "policy": { "approved": true },
    })
}
