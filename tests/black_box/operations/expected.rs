//! What counts as what a request does.

use latchkey_tests::Counted;

/// How often an answer has to come before as many others: what a request always does, it does each time, and what
/// it does now and then can't pass by luck.
const WINS: usize = 3;

/// Asks until what is expected has come three times, and gives the last one; or three others, and gives those.
pub fn prevails<T>(
    mut ask: impl FnMut() -> T,
    is_expected: impl Fn(&T) -> bool,
) -> Result<T, Vec<T>> {
    let (mut wins, mut others) = (0, Vec::new());
    loop {
        let one = ask();
        if !is_expected(&one) {
            others.push(one);
            if others.len() == WINS {
                return Err(others);
            }
            continue;
        }
        wins += 1;
        if wins == WINS {
            return Ok(one);
        }
    }
}

/// Checks what a request does before its answer, and after. It is sent again and again, since a copy may
/// just have been a minute old, or an object ten seconds out of use and have left memory.
#[track_caller]
pub fn expect(waited: &str, afterwards: &str, send: impl FnMut() -> Counted) -> Counted {
    let did = |one: &Counted| (one.waited.all(), one.afterwards.all());
    let expected = (waited.to_owned(), afterwards.to_owned());
    match prevails(send, |one| did(one) == expected) {
        Ok(counted) => counted,
        Err(others) => {
            let others: Vec<_> = others.iter().map(did).collect();
            panic!("{expected:?} was expected to come first {WINS} times, not {others:?}")
        }
    }
}
