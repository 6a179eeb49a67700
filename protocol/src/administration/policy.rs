//! The object `policy`: what the operator decides about a client.

use serde_json::{Map, Value, json};

use super::AdminError;
use crate::client::{ClientPolicy, OwnAccess};
use crate::configuration::Configuration;
use crate::scope::Scope;

/// The most resources that a client may have tokens for.
const MAXIMUM_RESOURCES: usize = 50;

/// The policy as JSON.
pub(super) fn view(policy: &ClientPolicy) -> Value {
    let mut view = json!({
        "approved": policy.approved,
        "disabled": policy.disabled,
        "refresh_token_rotation": policy.refresh_token_rotation,
    });
    if let (Some(members), Some(own)) = (view.as_object_mut(), &policy.client_credentials) {
        members.insert("client_credentials".to_owned(), view_own(own));
    }
    view
}

/// What a client may have for itself, as JSON.
pub(super) fn view_own(own: &OwnAccess) -> Value {
    json!({ "scope": own.scope, "resources": own.resources })
}

/// Reads a policy; what isn't said is as in `default`.
pub(super) fn read(
    value: Option<Value>,
    default: ClientPolicy,
    configuration: &Configuration,
) -> Result<ClientPolicy, AdminError> {
    let mut members = object(value, "policy")?;
    let policy = ClientPolicy {
        approved: flag(&mut members, "approved", default.approved)?,
        disabled: flag(&mut members, "disabled", default.disabled)?,
        refresh_token_rotation: flag(
            &mut members,
            "refresh_token_rotation",
            default.refresh_token_rotation,
        )?,
        client_credentials: read_own(members.remove("client_credentials"), configuration)?,
    };
    if members.is_empty() { Ok(policy) } else { Err(AdminError::UnknownMember) }
}

/// Reads the policy of clients to come: only what may be decided before they are known.
pub(super) fn read_of_newcomers(
    value: Option<Value>,
    configuration: &Configuration,
) -> Result<ClientPolicy, AdminError> {
    let mut members = object(value, "policy")?;
    let policy = ClientPolicy {
        approved: flag(&mut members, "approved", false)?,
        client_credentials: read_own(members.remove("client_credentials"), configuration)?,
        ..ClientPolicy::default()
    };
    if members.is_empty() { Ok(policy) } else { Err(AdminError::UnknownMember) }
}

fn read_own(
    value: Option<Value>,
    configuration: &Configuration,
) -> Result<Option<OwnAccess>, AdminError> {
    let value = match value {
        None | Some(Value::Null) => return Ok(None),
        value => value,
    };
    let mut members = object(value, "client_credentials")?;
    let scope = match members.remove("scope") {
        None | Some(Value::Null) => Scope::default(),
        Some(Value::String(text)) => Scope::parse(&text).map_err(|_| AdminError::UnknownScope)?,
        Some(_) => {
            let expected = "scopes in one string, separated by spaces";
            return Err(AdminError::Member { member: "scope", expected });
        }
    };
    if !scope.is_subset_of(&configuration.known_scope()) {
        return Err(AdminError::UnknownScope);
    }
    let resources = match members.remove("resources") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(texts)) if texts.len() <= MAXIMUM_RESOURCES => texts,
        Some(_) => {
            let expected = "a list of at most 50 resources";
            return Err(AdminError::Member { member: "resources", expected });
        }
    };
    if !members.is_empty() {
        return Err(AdminError::UnknownMember);
    }
    let mut known = Vec::with_capacity(resources.len());
    for resource in &resources {
        let text = resource.as_str().ok_or(AdminError::UnknownResource)?;
        // A path means the resource that is configured at that path.
        let found = configuration.protected_resources.iter().find(|resource| {
            resource.identifier.as_str() == text
                || (text.starts_with('/') && resource.place.path == text)
        });
        let identifier = &found.ok_or(AdminError::UnknownResource)?.identifier;
        if !known.contains(identifier) {
            known.push(identifier.clone());
        }
    }
    if known.is_empty() {
        known.push(configuration.resources.default_resource().clone());
    }
    Ok(Some(OwnAccess { scope, resources: known }))
}

fn object(value: Option<Value>, member: &'static str) -> Result<Map<String, Value>, AdminError> {
    match value {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(members)) => Ok(members),
        Some(_) => Err(AdminError::Member { member, expected: "an object" }),
    }
}

fn flag(
    members: &mut Map<String, Value>,
    member: &'static str,
    default: bool,
) -> Result<bool, AdminError> {
    match members.remove(member) {
        None | Some(Value::Null) => Ok(default),
        Some(Value::Bool(flag)) => Ok(flag),
        Some(_) => Err(AdminError::Member { member, expected: "true or false" }),
    }
}
