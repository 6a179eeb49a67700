//! The deployment's keys: made by themselves, published before use, retired after their last token.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use latchkey_protocol::entropy::Entropy;
use latchkey_protocol::json;
use latchkey_protocol::key_schedule::{self, KeyPlan, ScheduledKey};
use latchkey_protocol::sealed::SealingKey;
use latchkey_protocol::secret::Secret;
use latchkey_protocol::time::{Lifetime, UnixTime};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::sql::{Database, integer, text, time};
use super::{Health, Known, Message, Received, Storage, reply, unknown, with_counts};
use crate::failure::Failure;
use crate::platform::{self, RuntimeEntropy};
use crate::{configuration, web_crypto};

/// The one keyring's name.
pub const NAME: &str = "keyring";

/// Scripts per schema version; see `docs/storage-schema.md`.
const MIGRATIONS: &[&str] = &["CREATE TABLE keys (
    key_id TEXT PRIMARY KEY,
    signs_from INTEGER NOT NULL,
    public_jwk TEXT NOT NULL,
    private_jwk TEXT NOT NULL,
    sealing_key TEXT NOT NULL
) WITHOUT ROWID"];

/// Asks for all keys.
#[derive(Debug, Serialize, Deserialize)]
pub struct Get {}

impl Message for Get {
    const NAME: &'static str = "get";
    type Reply = Keys;
}

/// The keys, as an isolate keeps them in memory.
#[derive(Debug, Clone, Serialize, Deserialize)] // Cloned out of the isolate's cache.
pub struct Keys {
    /// The key that signs now.
    pub signing: SigningKey,
    /// Everything that is published, the signing key included.
    pub published: Vec<PublishedKey>,
    /// What seals (first) and opens, newest first.
    pub sealing: Vec<Secret>,
}

/// The key that signs.
#[derive(Debug, Clone, Serialize, Deserialize)] // Cloned with the keys it belongs to.
pub struct SigningKey {
    /// `kid`.
    pub key_id: String,
    /// The private JWK, as JSON text.
    pub private_jwk: Secret,
}

/// A public key of the JWKS.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PublishedKey {
    /// `kid`.
    pub key_id: String,
    /// The public JWK.
    pub public_jwk: Value,
}

/// Asks which keys there are and when the schedule next has something to do. No secret is in the answer.
#[derive(Debug, Serialize, Deserialize)]
pub struct Look {}

impl Message for Look {
    const NAME: &'static str = "look";
    type Reply = Schedule;
}

/// The keys as the schedule has them.
#[derive(Debug, Serialize, Deserialize)]
pub struct Schedule {
    /// The `kid` of the key that signs.
    pub signing: String,
    /// Every key that is published, the newest first.
    pub keys: Vec<ScheduledKey>,
}

#[derive(Deserialize)]
struct KeyRow {
    key_id: String,
    signs_from: UnixTime,
    public_jwk: String,
    private_jwk: Secret,
    sealing_key: Secret,
}

/// The object.
#[worker::durable_object(alarm)]
pub struct Keyring {
    state: worker::State,
    known: Known,
    env: worker::Env,
}

impl worker::DurableObject for Keyring {
    fn new(state: worker::State, env: worker::Env) -> Self {
        Self { state, known: Known::default(), env }
    }

    async fn fetch(&self, request: worker::Request) -> worker::Result<worker::Response> {
        let received = Received::read(request).await?;
        let storage = Storage::of(&self.state, &self.known, &received);
        let answer = match received.name.as_str() {
            Get::NAME => reply::<Get>(self.get(&storage).await),
            Look::NAME => reply::<Look>(self.look(&storage).await),
            Health::NAME => reply::<Health>(storage.health(MIGRATIONS)),
            name => return unknown(name),
        };
        with_counts(answer?, &received.tally)
    }

    async fn alarm(&self) -> worker::Result<worker::Response> {
        match self.get(&Storage::of_alarm(&self.state, &self.known)).await {
            Ok(_) => worker::Response::empty(),
            // An error, and no answer, makes the runtime try again.
            Err(failure) => Err(worker::Error::RustError(failure.to_string())),
        }
    }
}

impl Keyring {
    /// Carries the schedule out until it has nothing left to do, and reads the keys.
    async fn get(&self, storage: &Storage<'_>) -> Result<Keys, Failure> {
        let lifetimes = configuration::load(&self.env)
            .map_err(|error| Failure::unavailable("reading the configuration", error))?
            .lifetimes;
        let database = storage.created(MIGRATIONS)?;
        loop {
            let rows = self.rows(&database)?;
            let scheduled: Vec<ScheduledKey> = rows
                .iter()
                .map(|row| ScheduledKey { key_id: row.key_id.clone(), signs_from: row.signs_from })
                .collect();
            let plan: KeyPlan = key_schedule::plan(
                &scheduled,
                lifetimes.signing_key,
                lifetimes.access_token.max(lifetimes.authorization_request),
                platform::now(),
            );
            for key_id in &plan.retire {
                database.run("DELETE FROM keys WHERE key_id = ?", vec![text(key_id.as_str())])?;
            }
            match (plan.create, plan.signing) {
                (Some(signs_from), _) => {
                    let newest = rows.first().map(|row| row.signs_from);
                    self.create(&database, newest, signs_from).await?;
                }
                (None, Some(signing)) if plan.retire.is_empty() => {
                    wake_at(storage, plan.next_look).await?;
                    return assemble(rows, &signing);
                }
                (None, Some(_)) => {}
                (None, None) => {
                    return Err(Failure::unavailable("reading the keyring", "no key and no plan"));
                }
            }
        }
    }

    async fn look(&self, storage: &Storage<'_>) -> Result<Schedule, Failure> {
        let signing = self.get(storage).await?.signing.key_id;
        let rows = self.rows(&storage.created(MIGRATIONS)?)?;
        let keys = rows.into_iter();
        let keys = keys.map(|row| ScheduledKey { key_id: row.key_id, signs_from: row.signs_from });
        Ok(Schedule { signing, keys: keys.collect() })
    }

    fn rows(&self, database: &Database) -> Result<Vec<KeyRow>, Failure> {
        database.rows("SELECT * FROM keys ORDER BY signs_from DESC, key_id DESC", vec![])
    }

    async fn create(
        &self,
        database: &Database,
        newest: Option<UnixTime>,
        signs_from: UnixTime,
    ) -> Result<(), Failure> {
        let pair = web_crypto::generate_es256().await?;
        let key_id = URL_SAFE_NO_PAD.encode(RuntimeEntropy.bytes::<9>());
        let mut public_jwk = pair.public_jwk;
        if let Some(members) = public_jwk.as_object_mut() {
            members.insert("kid".to_owned(), Value::from(key_id.clone()));
            members.insert("alg".to_owned(), Value::from("ES256"));
            members.insert("use".to_owned(), Value::from("sig"));
        }
        // Making the key awaited, so another request may have made one meanwhile: only the first
        // one made on the same state is kept.
        database.run(
            "INSERT INTO keys (key_id, signs_from, public_jwk, private_jwk, sealing_key)
             SELECT ?1, ?2, ?3, ?4, ?5
             WHERE coalesce((SELECT max(signs_from) FROM keys), 0) = ?6",
            vec![
                text(key_id),
                time(signs_from),
                text(public_jwk.to_string()),
                text(pair.private_jwk.expose()),
                text(SealingKey::generate(&mut RuntimeEntropy).to_secret().expose()),
                integer(newest.map_or(0, UnixTime::seconds)),
            ],
        )
    }
}

async fn wake_at(storage: &Storage<'_>, at: UnixTime) -> Result<(), Failure> {
    let failed = |cause| Failure::unavailable("setting the keyring's alarm", cause);
    // Whoever asks for the keys carries the schedule out too, so one that is set already may stay; setting
    // it with each question would be a row written each time.
    if storage.has_alarm().await.map_err(failed)? {
        return Ok(());
    }
    let after = at.since(platform::now()).max(Lifetime::seconds(1));
    storage.set_alarm(after).await.map_err(failed)
}

fn assemble(rows: Vec<KeyRow>, signing: &str) -> Result<Keys, Failure> {
    let broken = |cause: &str| Failure::unavailable("reading the keyring", cause);
    let mut published = Vec::new();
    let mut sealing = Vec::new();
    let mut signing_key = None;
    for row in rows {
        let public_jwk =
            json::parse(&row.public_jwk).map_err(|_| broken("a public key is not JSON"))?;
        published.push(PublishedKey { key_id: row.key_id.clone(), public_jwk });
        if row.key_id == signing {
            // What seals now comes first, so that every isolate can open it.
            sealing.insert(0, row.sealing_key);
            signing_key = Some(SigningKey { key_id: row.key_id, private_jwk: row.private_jwk });
        } else {
            sealing.push(row.sealing_key);
        }
    }
    let signing = signing_key.ok_or_else(|| broken("the signing key is missing"))?;
    Ok(Keys { signing, published, sealing })
}
