//! The deployment's keys: made by themselves, published before use, retired after their last token, and
//! replaced or dropped when the operator says so.

mod messages;
mod rows;
mod schema;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use latchkey_protocol::administration::{
    KeyOrigin, KeyUse, KeyView, SEALING_KEY_ID, published as as_published,
};
use latchkey_protocol::entropy::Entropy;
use latchkey_protocol::key_schedule::PUBLISH_AHEAD;
use latchkey_protocol::keyring_secret::KeyringSecret;
use latchkey_protocol::sealed::SealingKey;
use latchkey_protocol::secret::Secret;
use latchkey_protocol::time::{Lifetime, UnixTime};
use serde_json::Value;

use super::sql::{Database, text, time};
use super::{Answered, Health, Known, Message, Object, Received, Storage, class, reply, unknown};
use crate::configuration::{self, keyring_secret};
use crate::failure::Failure;
use crate::platform::{self, RuntimeEntropy};
use crate::web_crypto;

use messages::Answer;
pub use messages::{Get, Keys, Operate, PublishedKey, StoredKey};
use rows::{NewKey, Rows, Terms};
use schema::MIGRATIONS;

/// The one keyring's name.
pub const NAME: &str = "keyring";

/// How soon a sealing key takes over at the soonest. By then every isolate has asked which keys there are, so none
/// meets a value that it can't open.
const SEALS_AFTER: Lifetime = Lifetime::minutes(2);

/// The object.
pub struct Keyring {
    state: worker::State,
    known: Known,
    env: worker::Env,
}

class!(Keyring);

impl Object for Keyring {
    fn new(state: worker::State, env: worker::Env) -> Self {
        Self { state, known: Known::default(), env }
    }

    async fn receive(&self, received: &Received) -> Answered {
        let storage = Storage::of(&self.state, &self.known, received);
        match received.name.as_str() {
            Get::NAME => reply::<Get>(match received.message() {
                Ok(message) => self.get(&storage, message).await,
                Err(failure) => Err(failure),
            }),
            Operate::NAME => reply::<Operate>(match received.message() {
                Ok(message) => self.operate(&storage, message).await,
                Err(failure) => Err(failure),
            }),
            Health::NAME => reply::<Health>(storage.health(MIGRATIONS)),
            name => unknown(name),
        }
    }

    async fn alarm(&self) -> Result<(), Failure> {
        let storage = Storage::of_alarm(&self.state, &self.known);
        self.carried_out(&storage).await.map(|_| ())
    }
}

/// The keys once the schedule has nothing left to do, and which of them work.
struct CarriedOut {
    rows: Rows,
    signing: String,
    sealing: String,
}

impl Keyring {
    fn terms(&self) -> Result<Terms, Failure> {
        let lifetimes = configuration::load(&self.env)
            .map_err(|error| Failure::unavailable("reading the configuration", error))?
            .lifetimes;
        Ok(Terms {
            works_for: lifetimes.signing_key,
            kept_for: lifetimes.access_token.max(lifetimes.authorization_request),
        })
    }

    /// Carries the schedule out until it has nothing left to do, and reads the keys.
    async fn carried_out(&self, storage: &Storage<'_>) -> Result<CarriedOut, Failure> {
        let terms = self.terms()?;
        let secret = keyring_secret(&self.env)?;
        let database = storage.created(MIGRATIONS)?;
        loop {
            let now = platform::now();
            let rows = Rows::read(&database)?;
            let (signing, sealing) =
                (rows.plan(KeyUse::Signing, terms, now), rows.plan(KeyUse::Sealing, terms, now));
            let gone = signing.retire.iter().chain(&sealing.retire).cloned();
            let gone: Vec<String> = gone.chain(rows.forgettable(terms, now)).collect();
            for key_id in &gone {
                database.run("DELETE FROM keys WHERE key_id = ?", vec![text(key_id.as_str())])?;
            }
            if let Some(used_from) = sealing.create {
                sealing_key(secret.as_ref())?.insert(&database, used_from, now)?;
                continue;
            }
            if let Some(used_from) = signing.create {
                let key = signing_key(secret.as_ref()).await?;
                // Making the key awaited, so another request may have made one meanwhile: only the
                // first one made for the same time is kept.
                if Rows::read(&database)?.plan(KeyUse::Signing, terms, now).create.is_some() {
                    key.insert(&database, used_from, now)?;
                }
                continue;
            }
            if !gone.is_empty() || seal_those_in_the_clear(&database, &rows, secret.as_ref())? {
                continue;
            }
            let (Some(signing_id), Some(sealing_id)) = (signing.signing, sealing.signing) else {
                return Err(Failure::unavailable("reading the keyring", "no key and no plan"));
            };
            let at = signing.next_look.min(sealing.next_look);
            wake_at(storage, at).await?;
            return Ok(CarriedOut { rows, signing: signing_id, sealing: sealing_id });
        }
    }

    async fn get(&self, storage: &Storage<'_>, message: Get) -> Result<Answer, Failure> {
        let CarriedOut { rows, signing, sealing } = self.carried_out(storage).await?;
        let version = rows.version(&signing, &sealing);
        if message.known.as_ref() == Some(&version) {
            return Ok(Answer { version, keys: None });
        }
        Ok(Answer { version, keys: Some(rows.into_keys(&signing, &sealing)?) })
    }

    async fn operate(
        &self,
        storage: &Storage<'_>,
        message: Operate,
    ) -> Result<Vec<KeyView>, Failure> {
        let (terms, secret) = (self.terms()?, keyring_secret(&self.env)?);
        let rows = self.carried_out(storage).await?.rows;
        let kind = match &message {
            Operate::Look => return Ok(rows.views(terms, platform::now())),
            Operate::Rotate { usage, .. } => *usage,
            Operate::Import { .. } => KeyUse::Signing,
            Operate::Drop { key_id } => match rows.find(key_id) {
                Some(row) => row.kind,
                None => return Ok(Vec::new()),
            },
        };
        let spare = new_key(kind, secret.as_ref()).await?;
        // From here to the writes nothing waits: a key goes and another takes over in one step.
        let (database, now) = (storage.created(MIGRATIONS)?, platform::now());
        let changed = database.together(|| match message {
            Operate::Look => Ok(None),
            Operate::Rotate { at_once, .. } => {
                let from = if at_once { soonest(kind, now) } else { now.plus(PUBLISH_AHEAD) };
                take_over(&database, spare, from, now).map(Some)
            }
            Operate::Import { key, public_jwk, at_once } => {
                let from = if at_once { now } else { now.plus(PUBLISH_AHEAD) };
                import(&database, key, &public_jwk, from, now)
            }
            Operate::Drop { key_id } => {
                let works = Rows::read(&database)?.plan(kind, terms, now).signing;
                if works.as_deref() == Some(key_id.as_str()) {
                    take_over(&database, spare, now, now)?;
                }
                database.run(
                    "UPDATE keys SET dropped_at = ?, secret = '', public_jwk = NULL WHERE key_id = ?",
                    vec![time(now), text(key_id.as_str())],
                )?;
                Ok(Some(key_id))
            }
        })?;
        let Some(changed) = changed else { return Ok(Vec::new()) };
        let rows = self.carried_out(storage).await?.rows;
        // What changed may be due earlier than what was planned.
        let next_look = |kind| rows.plan(kind, terms, now).next_look;
        set_alarm(storage, next_look(KeyUse::Signing).min(next_look(KeyUse::Sealing))).await?;
        let mut views = rows.views(terms, now);
        views.retain(|view| view.kid == changed);
        Ok(views)
    }
}

/// Stores a key that is brought; says which, or nothing when its id is taken.
fn import(
    database: &Database,
    key: StoredKey,
    public_jwk: &Value,
    from: UnixTime,
    now: UnixTime,
) -> Result<Option<String>, Failure> {
    let rows = Rows::read(database)?;
    // One that was dropped isn't brought back by mistake either.
    if rows.all().iter().any(|row| row.key_id == key.key_id) {
        return Ok(None);
    }
    let key_id = key.key_id.clone();
    let new = NewKey {
        key,
        kind: KeyUse::Signing,
        origin: KeyOrigin::Imported,
        public_jwk: Some(public_jwk.to_string()),
    };
    make_room(database, &rows, KeyUse::Signing, from)?;
    new.insert(database, from, now)?;
    Ok(Some(key_id))
}

/// How soon a key of this kind takes over when it has to be soon.
const fn soonest(kind: KeyUse, now: UnixTime) -> UnixTime {
    match kind {
        KeyUse::Signing => now,
        KeyUse::Sealing => now.plus(SEALS_AFTER),
    }
}

/// Lets the key that is next take over at `from` at the latest, and `spare` if none is; says which.
fn take_over(
    database: &Database,
    spare: NewKey,
    from: UnixTime,
    now: UnixTime,
) -> Result<String, Failure> {
    let rows = Rows::read(database)?;
    let kind = spare.kind;
    let Some(key_id) = rows.successor(kind, now) else {
        let key_id = spare.key.key_id.clone();
        make_room(database, &rows, kind, from)?;
        spare.insert(database, from, now)?;
        return Ok(key_id);
    };
    if rows.find(&key_id).is_some_and(|next| next.used_from > from) {
        make_room(database, &rows, kind, from)?;
        database.run(
            "UPDATE keys SET used_from = ? WHERE key_id = ?",
            vec![time(from), text(key_id.as_str())],
        )?;
    }
    Ok(key_id)
}

/// Keys that began in the second in which another takes over, or whose clock was ahead, began before it: the order of
/// the times says which one works.
fn make_room(
    database: &Database,
    rows: &Rows,
    kind: KeyUse,
    from: UnixTime,
) -> Result<(), Failure> {
    let now = platform::now();
    let before = from.minus(Lifetime::seconds(1));
    let later = rows.successor(kind, now);
    let later = later.and_then(|key_id| rows.find(&key_id)).map(|row| row.used_from);
    let in_the_way = rows
        .living(kind)
        .filter(|row| row.used_from >= from && later.is_none_or(|later| row.used_from < later));
    for row in in_the_way {
        database.run(
            "UPDATE keys SET used_from = ? WHERE key_id = ?",
            vec![time(before), text(row.key_id.as_str())],
        )?;
    }
    Ok(())
}

async fn new_key(kind: KeyUse, secret: Option<&KeyringSecret>) -> Result<NewKey, Failure> {
    match kind {
        KeyUse::Signing => signing_key(secret).await,
        KeyUse::Sealing => sealing_key(secret),
    }
}

async fn signing_key(secret: Option<&KeyringSecret>) -> Result<NewKey, Failure> {
    let pair = web_crypto::generate_es256().await?;
    let key_id = URL_SAFE_NO_PAD.encode(RuntimeEntropy.bytes::<9>());
    let public_jwk = as_published(pair.public_jwk, &key_id).to_string();
    let key = stored(key_id, pair.private_jwk, secret)?;
    Ok(NewKey { key, kind: KeyUse::Signing, origin: KeyOrigin::Made, public_jwk: Some(public_jwk) })
}

fn sealing_key(secret: Option<&KeyringSecret>) -> Result<NewKey, Failure> {
    let random = URL_SAFE_NO_PAD.encode(RuntimeEntropy.bytes::<9>());
    let key = SealingKey::generate(&mut RuntimeEntropy).to_secret();
    let key = stored(format!("{SEALING_KEY_ID}{random}"), key, secret)?;
    Ok(NewKey { key, kind: KeyUse::Sealing, origin: KeyOrigin::Made, public_jwk: None })
}

/// A key as it is stored: sealed, if the deployment has the secret for it.
pub fn stored(
    key_id: String,
    clear: Secret,
    secret: Option<&KeyringSecret>,
) -> Result<StoredKey, Failure> {
    let secret = match secret {
        None => clear,
        Some(secret) => secret
            .seal(&key_id, &clear, &mut RuntimeEntropy)
            .map_err(|_| Failure::unavailable("sealing a key", "it can't be written"))?,
    };
    Ok(StoredKey { key_id, secret })
}

/// Seals what was stored before there was a secret, or under the one before. Says whether there was any.
fn seal_those_in_the_clear(
    database: &Database,
    rows: &Rows,
    secret: Option<&KeyringSecret>,
) -> Result<bool, Failure> {
    let Some(secret) = secret else { return Ok(false) };
    let mut changed = false;
    for row in rows.all().iter().filter(|row| row.dropped_at.is_none()) {
        if secret.has_sealed(&row.secret) {
            continue;
        }
        // One that doesn't open stays as it is: whoever needs it says what to do.
        let opened =
            latchkey_protocol::keyring_secret::open(Some(secret), &row.key_id, &row.secret);
        let Ok(clear) = opened else { continue };
        let key = stored(row.key_id.clone(), clear, Some(secret))?;
        database.run(
            "UPDATE keys SET secret = ? WHERE key_id = ?",
            vec![text(key.secret.expose()), text(key.key_id)],
        )?;
        changed = true;
    }
    Ok(changed)
}

async fn wake_at(storage: &Storage<'_>, at: UnixTime) -> Result<(), Failure> {
    let failed = |cause| Failure::unavailable("setting the keyring's alarm", cause);
    // Whoever asks for the keys carries the schedule out too, so one that is set already may stay; setting
    // it with each question would be a row written each time.
    if storage.has_alarm().await.map_err(failed)? {
        return Ok(());
    }
    set_alarm(storage, at).await
}

async fn set_alarm(storage: &Storage<'_>, at: UnixTime) -> Result<(), Failure> {
    let after = at.since(platform::now()).max(Lifetime::seconds(1));
    let failed = |cause| Failure::unavailable("setting the keyring's alarm", cause);
    storage.set_alarm(after).await.map_err(failed)
}
