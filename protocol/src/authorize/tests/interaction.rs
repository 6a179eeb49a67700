//! Which page comes next.

use crate::authorize::{AuthorizationRequest, Interaction, RedirectReason, SignedIn, interaction};
use crate::identifier::SessionId;
use crate::test_support::Change::Set;
use crate::test_support::{NOW, authorization_request, entropy_after};
use crate::time::{Lifetime, UnixTime};

fn session(number: usize) -> SessionId {
    SessionId::generate(&mut entropy_after(number))
}

/// What happens with a request in a browser that signed in so many seconds before it.
fn next(request: &AuthorizationRequest, seconds_ago: Option<u64>) -> Interaction {
    let own = session(1);
    let signed_in = seconds_ago.map(|seconds| SignedIn {
        session: &own,
        authenticated_at: NOW.minus(Lifetime::seconds(seconds)),
    });
    interaction(request, signed_in)
}

#[test]
fn openid_core_3_1_2_3_each_prompt_and_max_age_leads_to_its_page() {
    use Interaction::{Consent, Refuse, SignIn, SignUp, Silent};
    let day = Some(86_400);
    let login_required = Refuse(RedirectReason::LoginRequired);
    let cases: &[(&str, &str, &str, Option<u64>, Interaction)] = &[
        ("nobody", "", "", None, SignIn),
        ("signed in", "", "", day, Consent),
        ("consent", "consent", "", day, Consent),
        ("select_account", "select_account", "", day, Consent),
        ("login, signed in", "login", "", Some(0), SignIn),
        ("login consent, signed in", "login consent", "", Some(0), SignIn),
        ("create, nobody", "create", "", None, SignUp),
        ("create, signed in", "create", "", day, Consent),
        ("create and login, signed in", "create login", "", day, SignIn),
        ("none, nobody", "none", "", None, login_required),
        ("none, signed in", "none", "", day, Silent),
        ("none, too long ago", "none", "300", Some(301), login_required),
        ("none, just recent enough", "none", "300", Some(300), Silent),
        ("max_age met", "", "300", Some(300), Consent),
        ("max_age not met", "", "300", Some(301), SignIn),
        ("max_age of 0 is prompt=login", "", "0", Some(0), SignIn),
        ("max_age of 0 without a page", "none", "0", Some(0), login_required),
        ("login weighs more than max_age", "login", "300", Some(1), SignIn),
    ];
    for (name, prompt, max_age, seconds_ago, expected) in cases {
        let request = authorization_request(&[Set("prompt", prompt), Set("max_age", max_age)]);
        assert_eq!(next(&request, *seconds_ago), *expected, "{name}");
    }
}

#[test]
fn openid_core_3_1_2_1_a_fresh_sign_in_is_asked_for_once_and_counts_for_its_request_only() {
    for (prompt, max_age) in [("login", ""), ("", "0"), ("login", "0"), ("login create", "10")] {
        let mut request = authorization_request(&[Set("prompt", prompt), Set("max_age", max_age)]);
        assert_eq!(next(&request, Some(20)), Interaction::SignIn, "{prompt:?} {max_age:?}");
        request.signed_in_for = Some(session(1));
        assert_eq!(next(&request, Some(20)), Interaction::Consent, "{prompt:?} {max_age:?}");
        // Another session, say of another person in another tab, doesn't meet it.
        request.signed_in_for = Some(session(2));
        assert_eq!(next(&request, Some(20)), Interaction::SignIn, "{prompt:?} {max_age:?}");
        // Nor does nobody.
        assert_ne!(next(&request, None), Interaction::Consent, "{prompt:?} {max_age:?}");
    }
}

#[test]
fn openid_core_3_1_2_1_who_signed_in_after_the_request_came_is_recent_enough() {
    let request = authorization_request(&[Set("max_age", "1")]);
    let own = session(1);
    let authenticated_at: UnixTime = NOW.plus(Lifetime::minutes(5));
    let signed_in = SignedIn { session: &own, authenticated_at };
    assert_eq!(interaction(&request, Some(signed_in)), Interaction::Consent);
}
