//! Which requests are good, where each error goes, what the browser is shown and what is sent back.

mod interaction;
mod request;
mod request_reasons;
mod response;
mod test_user;
