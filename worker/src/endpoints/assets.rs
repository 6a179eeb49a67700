//! The stylesheet and the icon: their names hold a hash of what is in them, so caches may keep them.

use crate::context::Context;
use crate::endpoints::look;
use crate::failure::Failure;
use crate::http::Answer;

const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// The stylesheet with the deployment's colours.
pub fn stylesheet(context: &Context) -> Answer {
    Answer::empty(200)
        .with_header("content-type", "text/css; charset=utf-8")
        .with_header("cache-control", FOR_EVER)
        .with_body(look(&context.configuration).stylesheet())
}

/// The icon with the product's initial.
pub fn icon(context: &Context) -> Result<Answer, Failure> {
    let icon = look(&context.configuration)
        .icon()
        .map_err(|cause| Failure::Rendering(cause.to_string()))?;
    Ok(Answer::empty(200)
        .with_header("content-type", "image/svg+xml")
        .with_header("cache-control", FOR_EVER)
        .with_body(icon))
}
