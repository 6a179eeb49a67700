//! Making, showing and changing a client.

use serde_json::{Map, Value};

use super::{AdminError, policy};
use crate::client::{
    ClientId, ClientOrigin, ClientPolicy, ClientRecord, GrantType, PreviousSecret,
};
use crate::client_metadata::{ClientMetadata, is_member};
use crate::configuration::Configuration;
use crate::entropy::Entropy;
use crate::registration::{
    MetadataRules, Registered, RegistrationResponse, description, fit_own_access, make_secret,
    new_record, replace_metadata,
};
use crate::secret::Secret;
use crate::time::{Lifetime, UnixTime};

/// The longest time for which a replaced secret goes on being good.
pub const LONGEST_GRACE: Lifetime = Lifetime::hours(24);

/// What is shown of a client beside its metadata and can't be changed.
const READ_ONLY: [&str; 8] = [
    "client_id",
    "client_id_issued_at",
    "origin",
    "software_statement",
    "expires_at",
    "first_used_at",
    "last_used_at",
    "previous_secret_expires_at",
];

/// Makes a client that `body` describes. It never expires.
///
/// # Errors
///
/// [`AdminError`], all of them 400.
pub fn create(
    body: &[u8],
    configuration: &Configuration,
    shard: u8,
    now: UnixTime,
    entropy: &mut impl Entropy,
) -> Result<Registered, AdminError> {
    let mut members = ClientMetadata::object(body)?;
    // Whoever makes a client by hand knows it.
    let default = ClientPolicy { approved: true, ..ClientPolicy::default() };
    let policy = policy::read(members.remove("policy"), default, configuration)?;
    if policy.client_credentials.is_some() && !members.contains_key("redirect_uris") {
        // Nobody is ever sent back to it, so this is all that it can want.
        let grant = GrantType::ClientCredentials.as_str();
        members.entry("grant_types").or_insert_with(|| vec![grant].into());
    }
    let metadata = read_metadata(members, configuration)?;
    let prefixes = &configuration.prefixes;
    let rules = MetadataRules::of(configuration);
    let mut record = new_record(metadata, rules, &prefixes.client_id, shard, now, entropy)?;
    record.origin = ClientOrigin::Administered;
    record.policy = policy;
    check(&mut record)?;
    let client_secret = make_secret(&mut record, &prefixes.client_secret, entropy);
    Ok(changed(record, client_secret))
}

/// A client as the admin API shows it. Its secret is in no way in it.
#[must_use]
pub fn view(record: &ClientRecord) -> Map<String, Value> {
    with_policy(description(record, None), record)
}

/// A client of whom only the operator's decision is known, the rest being in its document.
#[must_use]
pub fn document_view(client_id: &ClientId, decided: &ClientPolicy) -> Map<String, Value> {
    Map::from_iter([
        ("client_id".to_owned(), client_id.as_str().into()),
        ("origin".to_owned(), origin_name(ClientOrigin::Document).into()),
        ("policy".to_owned(), policy::view(decided)),
    ])
}

/// The name of an origin in the API.
pub(super) const fn origin_name(origin: ClientOrigin) -> &'static str {
    match origin {
        ClientOrigin::SelfRegistered => "self_registered",
        ClientOrigin::Document => "document",
        ClientOrigin::Configured => "configured",
        ClientOrigin::Administered => "administered",
    }
}

fn with_policy(mut members: Map<String, Value>, record: &ClientRecord) -> Map<String, Value> {
    members.insert("origin".to_owned(), origin_name(record.origin).into());
    members.insert("policy".to_owned(), policy::view(&record.policy));
    let times = [
        ("expires_at", record.expires_at),
        ("first_used_at", record.first_used_at),
        ("last_used_at", record.last_used_at),
        ("previous_secret_expires_at", record.previous_secret.map(|previous| previous.until)),
    ];
    for (name, time) in times {
        if let Some(time) = time {
            members.insert(name.to_owned(), time.seconds().into());
        }
    }
    if record.origin == ClientOrigin::Configured {
        // It was never issued.
        members.remove("client_id_issued_at");
    }
    members
}

fn changed(record: ClientRecord, client_secret: Option<Secret>) -> Registered {
    let members = with_policy(description(&record, client_secret.as_ref()), &record);
    let response = RegistrationResponse { members, client_secret, registration_access_token: None };
    Registered { record, response }
}

/// Passes when the admin API may change the client.
fn changeable(record: &ClientRecord) -> Result<(), AdminError> {
    match record.origin {
        ClientOrigin::SelfRegistered | ClientOrigin::Administered => Ok(()),
        origin @ (ClientOrigin::Document | ClientOrigin::Configured) => {
            Err(AdminError::ReadOnlyClient(origin))
        }
    }
}

/// Changes a client by a merge patch of what [`view`] shows
/// ([RFC 7396](https://www.rfc-editor.org/rfc/rfc7396)): what the patch doesn't name stays, and
/// `null` takes a member away.
///
/// # Errors
///
/// [`AdminError`]: 409 for a client that is not the admin API's, else 400.
pub fn patch(
    record: &ClientRecord,
    body: &[u8],
    configuration: &Configuration,
    entropy: &mut impl Entropy,
) -> Result<Registered, AdminError> {
    changeable(record)?;
    let current = view(record);
    let mut merged = current.clone();
    merge(&mut merged, ClientMetadata::object(body)?);
    for member in READ_ONLY {
        if merged.remove(member) != current.get(member).cloned() {
            return Err(AdminError::ReadOnlyMember { member });
        }
    }
    let mut patched = record.clone();
    let decided = merged.remove("policy");
    patched.policy = policy::read(decided, ClientPolicy::default(), configuration)?;
    // Metadata that the patch leaves alone stays as it is, also where it would no longer be accepted.
    let mut old = current;
    old.retain(|name, _| name != "policy" && !READ_ONLY.contains(&name.as_str()));
    let client_secret = if merged == old {
        None
    } else {
        if record.metadata.token_endpoint_auth_method.is_none()
            && merged.get(AUTH_METHOD) == old.get(AUTH_METHOD)
        {
            // The client named no method, so that it may use more than one; that stays so.
            merged.remove(AUTH_METHOD);
        }
        let metadata = read_metadata(merged, configuration)?;
        let prefix = &configuration.prefixes.client_secret;
        let own = patched.policy.client_credentials.clone();
        let rules = MetadataRules::of(configuration);
        let made = replace_metadata(&mut patched, metadata, rules, prefix, entropy)?;
        // What was asked for and can't be is refused, and not silently dropped.
        patched.policy.client_credentials = own;
        made
    };
    check(&mut patched)?;
    Ok(changed(patched, client_secret))
}

const AUTH_METHOD: &str = "token_endpoint_auth_method";

/// [RFC 7396 section 2](https://www.rfc-editor.org/rfc/rfc7396#section-2), of two objects.
fn merge(target: &mut Map<String, Value>, patch: Map<String, Value>) {
    for (name, value) in patch {
        match value {
            Value::Null => {
                target.remove(&name);
            }
            Value::Object(patch) => {
                let inner = target.entry(name).or_insert_with(|| Value::Object(Map::new()));
                if !inner.is_object() {
                    *inner = Value::Object(Map::new());
                }
                if let Value::Object(inner) = inner {
                    merge(inner, patch);
                }
            }
            other => {
                target.insert(name, other);
            }
        }
    }
}

fn read_metadata(
    members: Map<String, Value>,
    configuration: &Configuration,
) -> Result<ClientMetadata, AdminError> {
    if !members.keys().all(|name| is_member(name)) {
        return Err(AdminError::UnknownMember);
    }
    Ok(ClientMetadata::from_object(members, &configuration.redirect_uris)?)
}

/// What has to be true of a client as a whole: it is registered for `client_credentials` exactly if it
/// may have something for itself, and then it can prove who it is.
fn check(record: &mut ClientRecord) -> Result<(), AdminError> {
    if record.policy.client_credentials.is_some() {
        // RFC 6749 section 4.4: the grant "MUST only be used by confidential clients".
        if record.is_public() {
            return Err(AdminError::OwnAccessOfPublicClient);
        }
        if !record.may_use(GrantType::ClientCredentials) {
            record.metadata.grant_types.push(GrantType::ClientCredentials);
        }
    }
    Ok(fit_own_access(record)?)
}

/// Reads the body of a request for another secret: nothing, or `{"grace": seconds}`.
///
/// # Errors
///
/// [`AdminError`], all of them 400.
pub fn read_grace(body: &[u8]) -> Result<Lifetime, AdminError> {
    if body.is_empty() {
        return Ok(Lifetime::seconds(0));
    }
    let mut members = ClientMetadata::object(body)?;
    let grace = match members.remove("grace") {
        None | Some(Value::Null) => Lifetime::seconds(0),
        Some(value) => value.as_u64().map(Lifetime::seconds).ok_or(AdminError::GraceTooLong)?,
    };
    if !members.is_empty() {
        return Err(AdminError::UnknownMember);
    }
    if grace > LONGEST_GRACE { Err(AdminError::GraceTooLong) } else { Ok(grace) }
}

/// Gives a client another secret. The one it has stays good for `grace`, so that the client can be
/// told without an interruption.
///
/// # Errors
///
/// [`AdminError`] (409): the client is not the admin API's, or its method needs no secret.
pub fn rotate_secret(
    record: &ClientRecord,
    grace: Lifetime,
    configuration: &Configuration,
    now: UnixTime,
    entropy: &mut impl Entropy,
) -> Result<Registered, AdminError> {
    changeable(record)?;
    if !record.token_endpoint_auth_method.needs_secret() {
        return Err(AdminError::NoSecret);
    }
    let mut rotated = record.clone();
    let client_secret = make_secret(&mut rotated, &configuration.prefixes.client_secret, entropy);
    if grace > Lifetime::seconds(0) {
        rotated.previous_secret =
            record.client_secret_hash.map(|hash| PreviousSecret { hash, until: now.plus(grace) });
    }
    Ok(changed(rotated, client_secret))
}
