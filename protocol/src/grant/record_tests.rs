use super::*;
use crate::configuration::Configuration;
use crate::grant::refresh_token::{RefreshRequest, refresh};
use crate::test_support::{
    NOW, after, client_id, configuration, entropy_after, issued, live, stored,
};
use serde_json::{Value, json};

/// What every record of schema version 1 has, whatever its state.
fn version_1(code: &Value, family: &Value) -> String {
    let record = r#"{
        "id": "fVgzT5ugXqGYVNCWsmr_3Q",
        "client_id": "latchkey_client_a7fVgzT5ugXqGYVNCWsmr_3Q",
        "client_name": "App",
        "redirect_uri": "http://127.0.0.1:5123/callback",
        "redirect_uri_was_sent": true,
        "scope": "mcp read",
        "resources": ["https://id.example/mcp", "https://api.example/v1"],
        "authenticated_at": 1799999990,
        "created_at": 1800000000,
        "last_used_at": 1800003600,
        "ends_at": 1831536000,
        "code": CODE,
        "family": FAMILY
    }"#;
    record.replace("CODE", &code.to_string()).replace("FAMILY", &family.to_string())
}

/// Each state as it is stored today. These texts are never edited: a later version opens them too.
fn stored_states() -> Vec<(&'static str, &'static str, &'static str)> {
    const ISSUED: &str = r#"{"state":"issued","code_hash":"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU","code_challenge":{"code_challenge":"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM","code_challenge_method":"S256"},"expires_at":1800000060,"failed_attempts":2}"#;
    const ISSUED_PLAIN: &str = r#"{"state":"issued","code_hash":"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU","code_challenge":{"code_challenge":"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk","code_challenge_method":"plain"},"expires_at":1800000060,"failed_attempts":0}"#;
    const ISSUED_WITHOUT: &str = r#"{"state":"issued","code_hash":"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU","code_challenge":null,"expires_at":1800000060,"failed_attempts":0}"#;
    const REDEEMED: &str = r#"{"state":"redeemed","code_hash":"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU","code_challenge":{"code_challenge":"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM","code_challenge_method":"S256"}}"#;
    const EXHAUSTED: &str = r#"{"state":"exhausted"}"#;
    const NOT_STARTED: &str = r#"{"state":"not_started"}"#;
    const LIVE: &str = r#"{"state":"live","salt":"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU","current":"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU","generation":3,"rotated_at":1800003600,"idle_until":1802595600}"#;
    const CODE_REPLAYED: &str = r#"{"state":"ended","reason":"code_replayed","at":1800003601}"#;
    const REFRESH_TOKEN_REPLAYED: &str =
        r#"{"state":"ended","reason":"refresh_token_replayed","at":1800003601}"#;
    const REVOKED: &str = r#"{"state":"ended","reason":"revoked","at":1800003601}"#;
    vec![
        ("issued", ISSUED, NOT_STARTED),
        ("issued, plain", ISSUED_PLAIN, NOT_STARTED),
        ("issued, no challenge", ISSUED_WITHOUT, NOT_STARTED),
        ("exhausted", EXHAUSTED, NOT_STARTED),
        ("live", REDEEMED, LIVE),
        ("code replayed", REDEEMED, CODE_REPLAYED),
        ("refresh token replayed", REDEEMED, REFRESH_TOKEN_REPLAYED),
        ("revoked", REDEEMED, REVOKED),
        ("ended unredeemed", EXHAUSTED, REVOKED),
    ]
}

fn value(text: &str) -> Value {
    serde_json::from_str(text).expect("json")
}

#[test]
fn schema_version_1_of_every_state_opens_and_is_stored_the_same_again() {
    for (name, code, family) in stored_states() {
        let text = version_1(&value(code), &value(family));
        let record: GrantRecord = crate::json::read(&text).expect(name);
        let mut same = value(&text);
        if name == "issued, plain" {
            // A plain challenge is the verifier, so now its hash is stored, which is checked the same.
            same["code"]["code_challenge"] = serde_json::json!({
                "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
                "code_challenge_method": "S256",
            });
        }
        assert_eq!(stored(&record), same, "{name}");
    }
}

#[test]
fn schema_version_2_names_of_the_installation_and_of_the_persons_revocation_are_stored() {
    let (live, _) = live();
    let record = GrantRecord { installation: Some(live.id.clone()), ..live };
    let stored = stored(&record.ended(EndReason::RevokedByPerson, NOW));
    assert_eq!(stored["installation"], stored["id"]);
    assert_eq!(stored["family"]["reason"], "revoked_by_person");
}

#[test]
fn a_grant_without_an_installation_is_its_own() {
    let record = issued();
    assert_eq!(record.installation(), &record.id);
}

#[test]
fn every_state_that_the_decisions_make_reads_back() {
    let (live, _) = live();
    let records = [
        issued(),
        GrantRecord { code: CodeState::Exhausted, ..issued() },
        live.clone(),
        live.clone().ended(EndReason::CodeReplayed, NOW),
        live.clone().ended(EndReason::RefreshTokenReplayed, NOW),
        live.clone().ended(EndReason::Revoked, NOW),
        live.clone().ended(EndReason::RevokedByPerson, NOW),
        GrantRecord { installation: Some(live.id.clone()), ..live },
        issued().ended(EndReason::Revoked, NOW),
    ];
    for record in records {
        let text = serde_json::to_string(&record).expect("json");
        let back: GrantRecord = crate::json::read(&text).expect("reads back");
        assert_eq!(stored(&back), stored(&record), "{text}");
    }
}

#[test]
fn rfc9700_4_14_successors_stay_the_same_across_a_stored_record() {
    let (record, first) = live();
    let reopened: GrantRecord = crate::json::from_value(stored(&record)).expect("reads back");
    let request = RefreshRequest {
        client_snapshot: None,
        keep_token: false,
        secret: first,
        client_id: client_id("client"),
        scope: None,
        resource: Vec::new(),
    };
    let successor = |record: GrantRecord| {
        let decision = refresh(Some(record), &request, &configuration(), NOW);
        decision.reply.expect("granted").refresh_secret.expose().to_owned()
    };
    assert_eq!(successor(record), successor(reopened));
}

#[test]
fn the_successor_is_the_hmac_of_its_predecessor_under_the_familys_salt() {
    // Computed apart with OpenSSL: a later version has to step from stored tokens the same way.
    let family = json!({
        "salt": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
        "current": Secret::new("first").hash().to_text(),
        "generation": 0,
        "rotated_at": 1_800_000_000,
        "idle_until": 1_802_592_000,
    });
    let family: Family = crate::json::from_value(family).expect("family");
    let successor = family.again(&Secret::new("first"));
    assert_eq!(successor.expose(), "M2w3YKweMBjrS-GImZIzc_Hc4Xl5myXLmWoQIN_WOdI");
}

#[test]
fn a_damaged_record_does_not_open_and_never_gets_a_salt_that_somebody_knows() {
    let record = stored(&live().0);
    type Damage = fn(&mut Value);
    let cases: &[(&str, Damage)] = &[
        ("empty salt", |record| record["family"]["salt"] = json!("")),
        ("short salt", |record| record["family"]["salt"] = json!("AAAA")),
        ("salt of other characters", |record| record["family"]["salt"] = json!("!".repeat(43))),
        ("salt with padding", |record| {
            record["family"]["salt"] = json!(format!("{}=", "A".repeat(43)));
        }),
        ("damaged hash", |record| record["family"]["current"] = json!("AAAA")),
        ("unknown state of the family", |record| record["family"]["state"] = json!("reborn")),
        ("unknown state of the code", |record| record["code"]["state"] = json!("reissued")),
        ("unknown reason", |record| {
            record["family"] = json!({"state": "ended", "reason": "boredom", "at": 1});
        }),
        ("damaged challenge", |record| {
            record["code"]["code_challenge"]["code_challenge"] = json!("short");
        }),
        ("no client", |record| record["client_id"] = json!("")),
        ("id that isn't one", |record| record["id"] = json!("x")),
    ];
    for (name, damage) in cases {
        let mut damaged = record.clone();
        damage(&mut damaged);
        assert!(crate::json::from_value::<GrantRecord>(damaged).is_err(), "{name}");
    }
}

#[test]
fn a_family_that_was_rotated_never_repeats_a_secret() {
    let (mut family, first) = Family::begin(&configuration().lifetimes, NOW, &mut entropy_after(0));
    let mut seen = std::collections::HashSet::from([first.expose().to_owned()]);
    let mut current = first;
    for _ in 0..200 {
        (family, current) = family.rotate(&current, &configuration().lifetimes, NOW);
        assert!(seen.insert(current.expose().to_owned()));
    }
}

#[test]
fn a_record_is_forgotten_when_it_ended_and_never_while_its_request_could_come_back() {
    let lifetimes = configuration().lifetimes;
    let hour = 3_600;
    let (live, _) = live();
    let short_lived = |idle_until, ends_at| {
        let mut record = live.clone();
        record.ends_at = ends_at;
        if let FamilyState::Live(family) = &mut record.family {
            family.idle_until = idle_until;
        }
        record
    };
    let idle_end = NOW.plus(lifetimes.refresh_token_idle);
    let end = NOW.plus(lifetimes.refresh_token_absolute);
    let cases = [
        ("unredeemed", issued(), after(hour)),
        ("exhausted", GrantRecord { code: CodeState::Exhausted, ..issued() }, after(hour)),
        ("live: its idle end", live.clone(), idle_end),
        ("live: its absolute end", short_lived(idle_end, after(5_000)), after(5_000)),
        ("live, but short", short_lived(after(60), end), after(hour)),
        ("ended: kept for late replays", live.clone().ended(EndReason::Revoked, NOW), end),
    ];
    for (name, record, expected) in cases {
        assert_eq!(record.forget_at(), expected, "{name}");
    }

    // The hour is the most that the configuration accepts, so no request outlives it.
    for (seconds, accepted) in [(hour, true), (hour + 1, false)] {
        let settings = json!({"lifetimes": {"authorization_request": seconds}});
        let configuration = Configuration::parse("https://id.example", &settings);
        assert_eq!(configuration.is_ok(), accepted, "{seconds}");
    }
}
