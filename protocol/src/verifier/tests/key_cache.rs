use super::*;

fn naming(key_id: &str) -> String {
    signed(7, &with(header(), "kid", json!(key_id)), &claims())
}

/// A cache that fetched at [`NOW`].
fn filled() -> KeyCache {
    let mut cache = KeyCache::new(CachePolicy::default());
    assert!(cache.must_fetch(NOW));
    cache.store(&jwks(&[jwk("current", 7)]), NOW).expect("keys");
    cache
}

#[test]
fn an_empty_cache_asks_for_one_fetch_and_has_no_keys_until_then() {
    let mut cache = KeyCache::default();
    assert_eq!(cache.keys(NOW).err(), Some(VerifyError::NoKeys));
    assert!(cache.must_fetch_for(&token(), NOW));
    // Another thread meanwhile, and the same one after the fetch failed.
    for seconds in [0, 1, 29] {
        assert!(!cache.must_fetch(after(seconds)) && !cache.must_fetch_for("x", after(seconds)));
    }
    assert!(cache.must_fetch(after(30)));
    cache.store(&jwks(&[jwk("current", 7)]), after(30)).expect("keys");
    assert!(cache.keys(after(30)).is_ok_and(|keys| keys.contains("current")));
}

#[test]
fn a_known_key_is_believed_for_an_hour_without_a_fetch() {
    let mut cache = filled();
    for seconds in [0, 30, 1800, 3599] {
        assert!(!cache.must_fetch_for(&token(), after(seconds)), "{seconds}");
    }
    assert!(cache.must_fetch_for(&token(), after(3600)));
}

#[test]
fn a_new_key_is_fetched_at_once_and_the_old_one_goes_with_it() {
    let mut cache = filled();
    let renewed = naming("next");
    assert!(cache.must_fetch_for(&renewed, after(100)));
    cache.store(&jwks(&[jwk("next", 7)]), after(100)).expect("keys");
    let keys = cache.keys(after(100)).expect("keys");
    assert!(verifier().verify(&renewed, keys, after(100)).is_ok());
    assert!(verifier().verify(&token(), keys, after(100)).is_err());
}

#[test]
fn a_flood_of_made_up_keys_makes_one_fetch_in_thirty_seconds() {
    let mut cache = filled();
    let mut fetches = 0;
    for seconds in 0..=300 {
        for flood in 0..20 {
            if cache.must_fetch_for(&naming(&format!("{seconds}-{flood}")), after(seconds)) {
                fetches += 1;
                cache.store(&jwks(&[jwk("current", 7)]), after(seconds)).expect("keys");
            }
        }
    }
    assert_eq!(fetches, 10);
}

#[test]
fn what_is_no_access_token_or_names_no_key_makes_no_fetch() {
    let mut cache = filled();
    for text in [
        "x".to_owned(),
        "a.b.c".to_owned(),
        signed(7, &with(header(), "kid", Value::Null), &claims()),
        signed(7, &json!({ "alg": "none", "typ": "at+jwt", "kid": "made-up" }), &claims()),
        signed(7, &json!({ "alg": "ES256", "typ": "JWT", "kid": "made-up" }), &claims()),
    ] {
        assert!(!cache.must_fetch_for(&text, after(100)), "{text}");
    }
}

#[test]
fn the_last_good_keys_stay_when_a_fetch_fails_but_not_for_ever() {
    let mut cache = filled();
    assert!(cache.must_fetch(after(3600)));
    for bad in ["", "<html>502</html>", r#"{"keys":[]}"#] {
        assert!(cache.store(bad, after(3600)).is_err(), "{bad}");
    }
    assert!(cache.keys(after(3600)).is_ok());
    assert!(!cache.must_fetch(after(3629)) && cache.must_fetch(after(3630)));
    assert!(cache.keys(after(24 * 3600 - 1)).is_ok());
    assert_eq!(cache.keys(after(24 * 3600)).err(), Some(VerifyError::NoKeys));
}

#[test]
fn a_clock_that_is_set_back_stops_no_fetch() {
    let mut cache = filled();
    let earlier = UnixTime::from_seconds(NOW.seconds() - 100_000);
    assert!(cache.must_fetch(earlier));
    // One that fails is followed by another, by the new clock.
    assert!(!cache.must_fetch(earlier));
    assert!(cache.must_fetch(UnixTime::from_seconds(earlier.seconds() + 30)));
}
