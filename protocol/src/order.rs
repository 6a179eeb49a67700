//! Lists in the order of time.
//!
//! A sort is 3 KB of WebAssembly for each type that is sorted. Here it sorts numbers, and so is there once.

use crate::time::UnixTime;

/// The items by `time`, the oldest first; those of one second stay as they were.
#[must_use]
pub fn oldest_first<T>(items: Vec<T>, time: impl Fn(&T) -> UnixTime) -> Vec<T> {
    let times = items.iter().map(|item| time(item).seconds()).collect();
    ordered(items, times)
}

/// The items by `time`, the newest first; those of one second stay as they were.
#[must_use]
pub fn newest_first<T>(items: Vec<T>, time: impl Fn(&T) -> UnixTime) -> Vec<T> {
    let times = items.iter().map(|item| u64::MAX - time(item).seconds()).collect();
    ordered(items, times)
}

fn ordered<T>(items: Vec<T>, numbers: Vec<u64>) -> Vec<T> {
    let mut items: Vec<Option<T>> = items.into_iter().map(Some).collect();
    let take = |place: usize| items.get_mut(place).and_then(Option::take);
    places(numbers).into_iter().filter_map(take).collect()
}

/// The place of the smallest number, of the next, and so on.
fn places(numbers: Vec<u64>) -> Vec<usize> {
    let mut placed: Vec<(u64, usize)> = numbers.into_iter().zip(0..).collect();
    // The place tells numbers apart that are the same.
    placed.sort_unstable();
    placed.into_iter().map(|(_, place)| place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::cmp::Reverse;

    proptest! {
        #[test]
        fn the_order_is_that_of_the_standard_librarys_stable_sort(
            items in prop::collection::vec((0_u64..5, any::<char>()), 0..40),
        ) {
            let time = |item: &(u64, char)| UnixTime::from_seconds(item.0);
            let (mut up, mut down) = (items.clone(), items.clone());
            up.sort_by_key(time);
            down.sort_by_key(|item| Reverse(time(item)));
            prop_assert_eq!(oldest_first(items.clone(), time), up);
            prop_assert_eq!(newest_first(items, time), down);
        }
    }
}
