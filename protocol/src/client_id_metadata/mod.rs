//! Client ID Metadata Documents: clients whose `client_id` is the URL of their own description
//! ([draft-ietf-oauth-client-id-metadata-document](https://datatracker.ietf.org/doc/draft-ietf-oauth-client-id-metadata-document/)).
//!
//! Nobody registers anything: the server fetches the document when the client is first used. So a
//! stranger chooses what the server fetches, and every file here is about not being fooled by that:
//! [`DocumentUrl`] says which URLs may be asked at all, [`read`] what a document may say,
//! [`Freshness`] how long it is believed, and [`ClientSnapshot`] notices when it changes under a
//! person's consent.

mod document;
mod freshness;
mod pinned;
mod snapshot;
mod special_use;
mod url;

pub use self::url::{DocumentUrl, DocumentUrlError};
pub use document::{DocumentError, read, record};
pub use freshness::{Freshness, KeptDocument};
pub use pinned::pinned;
pub use snapshot::ClientSnapshot;
pub use special_use::{Reach, refuse_special_use};

use crate::time::Lifetime;

/// The longest document, in bytes
/// ([section 6.6](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-client-id-metadata-document#section-6.6)).
pub const MAXIMUM_DOCUMENT: usize = 5 * 1024;
/// The longest set of keys at a `jwks_uri`, in bytes: certificates make them long.
pub const MAXIMUM_KEY_SET: usize = 64 * 1024;
/// How long a fetch may take, from the first byte sent to the last received.
pub const FETCH_TIME: Lifetime = Lifetime::seconds(10);
